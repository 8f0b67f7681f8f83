package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.dbtrelay.run.command.Coalesce;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.JobOfConnection;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.JobStart;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.Share;
import org.jspecify.annotations.Nullable;

/**
 * The order of a partition's commands at each job, the commands whose runs are in flight, and those that wait for another
 * for whom. It follows from the entries alone, so a new owner sees the same. Safe for several threads; changed by one.
 */
public final class JobQueues {

    private static final Comparator<Place> IN_ORDER = Comparator.comparingLong(Place::offset)
            .thenComparing(Place::acceptedAt)
            .thenComparing(Place::commandId);

    /** Only the last start of a job counts; one that is taken back leaves the one before. */
    private static final int STARTS_KEPT = 8;

    private static final Comparator<Begun> BY_START =
            Comparator.comparing(Begun::at).thenComparing(Begun::commandId);

    private static final Comparator<Follower> BY_RUN =
            Comparator.comparingLong(Follower::runId).thenComparing(Follower::commandId);

    private final Map<String, RunEntry> entries;
    private final Map<Queue, RankedSet<Place>> queues = new HashMap<>();
    private final Map<Queue, NavigableSet<Follower>> inFlight = new HashMap<>();
    private final Map<String, Set<String>> waiters = new HashMap<>();

    /** Those that share a run, or will, by their window. */
    private final Map<String, NavigableSet<Place>> windows = new HashMap<>();

    /** The last starts of each job. */
    private final Map<Queue, NavigableSet<Begun>> starts = new HashMap<>();

    private final Set<Queue> touched = new LinkedHashSet<>();
    private final UsualDurations durations = new UsualDurations();
    private final Set<String> told = new HashSet<>();
    private Set<JobOfConnection> suspended = Set.of();
    private int steps;

    /**
     * Begins with the entries of a partition.
     *
     * @param entries looked up by id from now on, finished ones too
     */
    public JobQueues(Map<String, RunEntry> entries) {
        this.entries = entries;
        entries.values().forEach(entry -> replace(null, entry));
    }

    /** Commands that start one after another: those of a job, or of the same names as long as the job is not known. */
    private sealed interface Queue {
        record OfJob(Target target, long jobId) implements Queue {}

        record OfNames(Target target, JobNames names) implements Queue {}
    }

    /** The order of commands is that of their records. */
    private record Place(long offset, Instant acceptedAt, String commandId) {}

    /** A command that follows a run. */
    private record Follower(long runId, String commandId) {}

    /** A start of a job. */
    private record Begun(Instant at, String commandId) {}

    /**
     * An entry takes the place of another.
     *
     * @param before null: there was none
     * @param after null: there is none any more
     */
    public synchronized void replace(@Nullable RunEntry before, @Nullable RunEntry after) {
        if (before != null) {
            leave(before);
        }
        if (after != null) {
            enter(after);
        }
    }

    private void enter(RunEntry entry) {
        @Nullable Queue queue = queue(entry);
        if (queue != null) {
            Place place = place(entry);
            RankedSet<Place> places = queues.computeIfAbsent(queue, key -> new RankedSet<>(this::inOrder));
            places.add(place);
            touched.add(queue);
            // A job by names is known late: who was first until then has to wait for another turn. Nobody but the first
            // has it.
            @Nullable Place behind = places.higher(place);
            if (behind != null) {
                told.remove(behind.commandId());
            }
        }
        @Nullable Queue job = ofRun(entry);
        if (job != null) {
            inFlight.computeIfAbsent(job, key -> new TreeSet<>(BY_RUN)).add(follower(entry));
        }
        @Nullable String target = waitsFor(entry);
        if (target != null) {
            waiters.computeIfAbsent(target, key -> new LinkedHashSet<>()).add(entry.commandId());
        }
        @Nullable String window = window(entry);
        if (window != null) {
            windows.computeIfAbsent(window, key -> new TreeSet<>(this::inOrder)).add(place(entry));
        }
        @Nullable JobStart start = entry.lastStart();
        if (start != null) {
            NavigableSet<Begun> begun = starts.computeIfAbsent(
                    new Queue.OfJob(start.target(), start.jobId()), key -> new TreeSet<>(BY_START));
            begun.add(new Begun(start.latest(), entry.commandId()));
            if (begun.size() > STARTS_KEPT) {
                begun.pollFirst();
            }
        }
    }

    private void leave(RunEntry entry) {
        @Nullable Queue queue = queue(entry);
        if (queue != null) {
            queues.computeIfPresent(queue, (key, places) -> {
                places.remove(place(entry));
                return places.isEmpty() ? null : places;
            });
            touched.add(queue);
        }
        @Nullable Queue job = ofRun(entry);
        if (job != null) {
            inFlight.computeIfPresent(
                    job,
                    (key, followers) -> followers.remove(follower(entry)) && followers.isEmpty() ? null : followers);
        }
        @Nullable String target = waitsFor(entry);
        if (target != null) {
            waiters.computeIfPresent(target, (key, ids) -> ids.remove(entry.commandId()) && ids.isEmpty() ? null : ids);
        }
        @Nullable String window = window(entry);
        if (window != null) {
            windows.computeIfPresent(
                    window, (key, places) -> places.remove(place(entry)) && places.isEmpty() ? null : places);
        }
        @Nullable JobStart start = entry.lastStart();
        if (start != null) {
            starts.computeIfPresent(
                    new Queue.OfJob(start.target(), start.jobId()),
                    (key, begun) -> begun.remove(new Begun(start.latest(), entry.commandId())) && begun.isEmpty()
                            ? null
                            : begun);
        }
        told.remove(entry.commandId());
    }

    /** The next command whose turn it is and that has not been told so; null if there is none. */
    public synchronized Input.@Nullable TurnReached takeTurn() {
        while (!touched.isEmpty()) {
            Queue queue = touched.iterator().next();
            touched.remove(queue);
            @Nullable RankedSet<Place> places = queues.get(queue);
            @Nullable Place place = places == null ? null : places.first();
            if (place == null || isSuspended(queue)) {
                continue;
            }
            String first = place.commandId();
            @Nullable RunEntry entry = entries.get(first);
            if (entry != null && mayHaveTurn(entry) && told.add(first)) {
                return new Input.TurnReached(first);
            }
        }
        return null;
    }

    /**
     * Whether a command has been told that it is its turn, and nothing has come before it since. Without it, what it has
     * asked for counts no more: the answer may be one that an earlier claim has asked for.
     */
    synchronized boolean hasTurn(String commandId) {
        return told.contains(commandId);
    }

    /**
     * Takes the turns of the commands back whose job a person has suspended, and gives those of jobs again that are no longer.
     *
     * @param jobs all that are suspended
     * @return the commands that had a turn: what they have asked for counts no more
     */
    public synchronized List<String> suspend(Set<JobOfConnection> jobs) {
        List<String> stopped = new ArrayList<>();
        suspended = Set.copyOf(jobs);
        queues.forEach((queue, places) -> {
            @Nullable Place first = places.first();
            if (!isSuspended(queue)) {
                touched.add(queue);
            } else if (first != null && told.remove(first.commandId())) {
                stopped.add(first.commandId());
            }
        });
        return stopped;
    }

    /** Whether a person has suspended the job of a command that waits to start a run. */
    public synchronized boolean isSuspended(RunEntry entry) {
        @Nullable Queue queue = queue(entry);
        return queue != null && isSuspended(queue);
    }

    private boolean isSuspended(Queue queue) {
        return queue instanceof Queue.OfJob(Target target, long jobId)
                && suspended.contains(new JobOfConnection(target.connection(), jobId));
    }

    /** Every turn is given again. */
    public synchronized void beginAnew() {
        told.clear();
        touched.addAll(queues.keySet());
    }

    /** The commands that wait for what becomes of another one. */
    public synchronized List<String> waitersOf(String commandId) {
        return List.copyOf(waiters.getOrDefault(commandId, Set.of()));
    }

    /** The command of an id, open or finished; null: none in this partition. */
    @Nullable
    RunEntry find(String commandId) {
        return entries.get(commandId);
    }

    /** The commands that come before one at its job and have no run yet, in order. */
    synchronized List<RunEntry> aheadOf(RunEntry entry) {
        @Nullable RankedSet<Place> places = placesOf(entry);
        return places == null
                ? List.of()
                : known(places.before(place(entry)).stream().map(Place::commandId));
    }

    /** The command that comes just before one at its job and has no run yet; null: it is first. */
    synchronized @Nullable RunEntry justAheadOf(RunEntry entry) {
        @Nullable RankedSet<Place> places = placesOf(entry);
        @Nullable Place before = places == null ? null : places.lower(place(entry));
        return before == null ? null : entries.get(before.commandId());
    }

    /**
     * Whether another command of its job is about to have a run that nobody knows yet. Only one that has gone before it, and that is at the
     * front: who starts has had its turn.
     */
    synchronized boolean isAnotherStarting(RunEntry entry) {
        @Nullable RankedSet<Place> places = placesOf(entry);
        Place own = place(entry);
        for (@Nullable Place next = places == null ? null : places.first();
                places != null && next != null;
                next = places.higher(next)) {
            steps++;
            @Nullable RunEntry other = next.equals(own) ? null : entries.get(next.commandId());
            if (other != null && !(other.state() instanceof RunState.Waiting)) {
                return true;
            }
            if (other != null) {
                return false;
            }
        }
        return false;
    }

    /** Whether another command of its job that has no run comes after one. */
    synchronized boolean isAnotherBehind(RunEntry entry) {
        @Nullable RankedSet<Place> places = placesOf(entry);
        return places != null && places.higher(place(entry)) != null;
    }

    /** The command that leads those that want a run together; null: none of them wants one any more. */
    public synchronized @Nullable RunEntry leaderOf(Share share) {
        @Nullable NavigableSet<Place> places = windows.get(share.window());
        return places == null ? null : entries.get(places.first().commandId());
    }

    /** The command that would lead if the one that does were over; null: it is the only one. */
    synchronized @Nullable RunEntry nextAfter(RunEntry leader) {
        @Nullable NavigableSet<Place> places = windowOf(leader);
        @Nullable Place next = places == null ? null : places.higher(place(leader));
        return next == null ? null : entries.get(next.commandId());
    }

    /** When the last command of a window has come. */
    public synchronized Instant lastJoinedAt(RunEntry entry) {
        @Nullable NavigableSet<Place> places = windowOf(entry);
        return places == null ? entry.acceptedAt() : places.last().acceptedAt();
    }

    /** Whether commands have joined a window after it was closed. */
    synchronized boolean hasLateComers(RunEntry entry) {
        @Nullable NavigableSet<Place> places = windowOf(entry);
        @Nullable
        RunEntry last = places == null ? null : entries.get(places.last().commandId());
        return last != null && last.share() != null && last.share().latest() == null;
    }

    /** When the window of a command closes, as far as is known now; null: it has none that is open. */
    public @Nullable Instant windowClosesAt(RunEntry entry) {
        @Nullable Share share = entry.share();
        @Nullable Instant latest = share == null ? null : share.latest();
        @Nullable
        Coalesce coalesce = entry.unfinished() ? entry.openCommand().options().coalesce() : null;
        boolean waits = entry.state() instanceof RunState.Waiting waiting && waiting.notBefore() != null;
        return latest == null || coalesce == null || !waits ? null : coalesce.closesAt(latest, lastJoinedAt(entry));
    }

    /** How many others want the run of a command, too. */
    public synchronized int countSharing(RunEntry entry) {
        @Nullable NavigableSet<Place> places = windowOf(entry);
        return places == null ? 0 : places.size() - (places.contains(place(entry)) ? 1 : 0);
    }

    /** Whether another command has the run of one, or waits for it. */
    synchronized boolean isShared(RunEntry entry) {
        for (RunEntry other : sharing(entry)) {
            steps++;
            boolean another = entry.state() instanceof RunState.WithRun own
                    && other.state() instanceof RunState.WithRun with
                    && with.run().runId() != own.run().runId();
            if (!another) {
                return true;
            }
        }
        return false;
    }

    /** The others that wait for the run of a command, or for the next one. */
    synchronized List<RunEntry> joinedTo(RunEntry entry) {
        List<RunEntry> joined = new ArrayList<>();
        for (RunEntry other : sharing(entry)) {
            steps++;
            if (other.state() instanceof RunState.Joined || other.state() instanceof RunState.Retrying) {
                joined.add(other);
            }
        }
        return joined;
    }

    /**
     * The commands that have to hear that one has a run: it leads them, and has none before.
     *
     * @param before null: there was none
     */
    public synchronized List<String> toHear(@Nullable RunEntry before, RunEntry after) {
        if (after.share() == null
                || !(after.state() instanceof RunState.Following)
                || (before != null && before.state() instanceof RunState.WithRun)) {
            return List.of();
        }
        @Nullable RunEntry leader = leaderOf(after.share());
        if (leader == null || !leader.commandId().equals(after.commandId())) {
            return List.of();
        }
        return joinedTo(after).stream().map(RunEntry::commandId).toList();
    }

    private Iterable<RunEntry> sharing(RunEntry entry) {
        @Nullable NavigableSet<Place> places = windowOf(entry);
        return places == null
                ? List.of()
                : () -> places.stream()
                        .filter(place -> !place.commandId().equals(entry.commandId()))
                        .map(place -> entries.get(place.commandId()))
                        .filter(other -> other != null)
                        .iterator();
    }

    private @Nullable NavigableSet<Place> windowOf(RunEntry entry) {
        return entry.share() == null ? null : windows.get(entry.share().window());
    }

    /** When a run of a job was started last, or may have been, but not after a time; null: nobody knows. */
    synchronized @Nullable Instant lastStartOf(Target target, long jobId, Instant notAfter) {
        @Nullable NavigableSet<Begun> begun = starts.get(new Queue.OfJob(target, jobId));
        @Nullable Begun last = begun == null ? null : begun.lower(new Begun(notAfter.plusNanos(1), ""));
        return last == null ? null : last.at();
    }

    /** How many commands come before one at its job; 0 if it is first, or waits for nothing of the kind. */
    public synchronized int countAheadOf(RunEntry entry) {
        @Nullable RankedSet<Place> places = placesOf(entry);
        return places == null ? 0 : places.countBefore(place(entry));
    }

    /** A run has ended: what it took is known for the next ones of its job. */
    public synchronized void ended(RunSnapshot run) {
        durations.ended(run);
    }

    /** How long the run's job takes at least, as a rule; zero: too little is known. */
    synchronized Duration usuallyAtLeast(RunSnapshot run) {
        return durations.shortest(run.accountId(), run.jobId());
    }

    /** Whether a command of this partition follows a run of the job which has not ended as far as it knows. */
    synchronized boolean hasInFlight(Target target, long jobId) {
        return inFlight.containsKey(new Queue.OfJob(target, jobId));
    }

    /** The commands of this partition that follow a run of the job which has not ended as far as they know, by the runs' ids. */
    synchronized List<RunEntry> inFlight(Target target, long jobId) {
        return known(followers(target, jobId).stream().map(Follower::commandId));
    }

    /** One such command for each run, however many follow it. */
    synchronized List<RunEntry> oneOfEachInFlight(Target target, long jobId) {
        NavigableSet<Follower> followers = followers(target, jobId);
        List<RunEntry> found = new ArrayList<>();
        @Nullable Follower next = followers.isEmpty() ? null : followers.first();
        while (next != null) {
            steps++;
            @Nullable RunEntry entry = entries.get(next.commandId());
            if (entry != null) {
                found.add(entry);
            }
            next = followers.ceiling(new Follower(next.runId() + 1, ""));
        }
        return found;
    }

    /** A command of this partition that follows the run; null: none does. */
    synchronized @Nullable RunEntry followerOf(Target target, RunSnapshot run) {
        @Nullable Follower found = followers(target, run.jobId()).ceiling(new Follower(run.runId(), ""));
        return found == null || found.runId() != run.runId() ? null : entries.get(found.commandId());
    }

    /** The number of places visited so far: the cost of the work here, for a test that it does not grow. */
    int steps() {
        return steps;
    }

    private List<RunEntry> known(Stream<String> ids) {
        return ids.map(entries::get).filter(entry -> entry != null).toList();
    }

    private NavigableSet<Follower> followers(Target target, long jobId) {
        return inFlight.getOrDefault(new Queue.OfJob(target, jobId), Collections.emptyNavigableSet());
    }

    private @Nullable RankedSet<Place> placesOf(RunEntry entry) {
        @Nullable Queue queue = queue(entry);
        return queue == null ? null : queues.get(queue);
    }

    private int inOrder(Place one, Place other) {
        steps++;
        return IN_ORDER.compare(one, other);
    }

    private static Follower follower(RunEntry entry) {
        return new Follower(((RunState.WithRun) entry.state()).run().runId(), entry.commandId());
    }

    private static Place place(RunEntry entry) {
        return new Place(entry.offset(), entry.acceptedAt(), entry.commandId());
    }

    private static boolean mayHaveTurn(RunEntry entry) {
        return entry.state() instanceof RunState.Waiting waiting && waiting.notBefore() == null;
    }

    private static @Nullable Queue queue(RunEntry entry) {
        return switch (entry.state()) {
            case RunState.Waiting waiting -> queue(entry.openCommand());
            case RunState.Starting starting -> queue(entry.openCommand());
            case RunState.Searching searching -> queue(entry.openCommand());
            case RunState.Retrying retrying -> null;
            case RunState.Joined joined -> null;
            case RunState.WithRun withRun -> null;
            case RunState.Finished finished -> null;
        };
    }

    /** The window of a command that wants a run, or has one in flight, together with others; null: it does not. */
    private static @Nullable String window(RunEntry entry) {
        if (entry.share() == null) {
            return null;
        }
        return switch (entry.state()) {
            case RunState.Waiting waiting -> entry.share().window();
            case RunState.Starting starting -> entry.share().window();
            case RunState.Searching searching -> entry.share().window();
            case RunState.Joined joined -> entry.share().window();
            case RunState.Following following -> entry.share().window();
            case RunState.Cancelling cancelling -> entry.share().window();
            case RunState.Judging judging -> entry.share().window();
            case RunState.Retrying retrying -> entry.share().window();
            case RunState.Collecting collecting -> null;
            case RunState.Finished finished -> null;
        };
    }

    private static @Nullable Queue queue(ResolvedCommand resolved) {
        if (!resolved.task().starts()) {
            return null;
        }
        if (resolved.jobId() != null) {
            return new Queue.OfJob(resolved.target(), resolved.jobId());
        }
        return resolved.task().namedJob() instanceof JobSelector.ByNames(JobNames names)
                ? new Queue.OfNames(resolved.target(), names)
                : null;
    }

    private static @Nullable Queue ofRun(RunEntry entry) {
        return switch (entry.state()) {
            case RunState.Following following -> ofRun(entry, following.run());
            case RunState.Cancelling cancelling -> ofRun(entry, cancelling.run());
            case RunState.Judging judging -> null;
            case RunState.Retrying retrying -> null;
            case RunState.Joined joined -> null;
            case RunState.Collecting collecting -> null;
            case RunState.Waiting waiting -> null;
            case RunState.Starting starting -> null;
            case RunState.Searching searching -> null;
            case RunState.Finished finished -> null;
        };
    }

    private static @Nullable Queue ofRun(RunEntry entry, RunSnapshot run) {
        return entry.openCommand().task() instanceof Task.Cancel
                ? null
                : new Queue.OfJob(entry.openCommand().target(), run.jobId());
    }

    private static @Nullable String waitsFor(RunEntry entry) {
        return entry.state() instanceof RunState.Waiting
                ? entry.openCommand().task().waitsForCommand()
                : null;
    }
}
