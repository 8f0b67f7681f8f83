package org.dbtrelay.run.partition;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobOfConnection;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * All commands of one partition, from a claim to its end. It finds out which decisions follow from an input and belong into
 * the same commit: the input's own, those about the commands that it tells something, and those about the commands that
 * waited. It changes the entries at once, so each decision sees what the one before it has decided; if the commit fails,
 * it is thrown away.
 *
 * <p>One thread changes it: {@link #catchUp}, {@link #take} and {@link #passTime} fill a batch, and {@link #committed} says
 * what is to be done when the batch is committed. Others may read.
 */
public final class Partition {

    private final Map<String, RunEntry> entries;
    private final Machine machine;
    private final Permits permits;

    /** The ids of those that are not finished: a few among a million. */
    private final NavigableSet<String> open = new ConcurrentSkipListSet<>();

    private final Counts counts = new Counts();
    private final JobQueues queues;
    private final Slots slots;
    private final Timers timers;
    private final Retention retention;
    private final MarkedRuns marked;

    /** Inputs for which the batch before had no room. */
    private final Deque<Input.CommandInput> left = new ArrayDeque<>();

    /** Commands that would start in this batch, if a run more may be in flight and the budget has a request. */
    private final Deque<Action.ReserveStart> asking = new ArrayDeque<>();

    /** Those of them that have their slot, and have to wait for the budget. */
    private final List<Action.External> unpermitted = new ArrayList<>();

    /** Commands that hold a reservation of the budget in this batch, and have not used it yet. */
    private final Set<String> reserved = new HashSet<>();

    /** Commands that hold a reservation which leads to nothing. */
    private final Set<String> unusable = new HashSet<>();

    private final Set<String> startsOnWire = new HashSet<>();
    private boolean draining;

    /** Decides one input; {@link org.dbtrelay.run.decide.RunMachine} with its policy. */
    @FunctionalInterface
    public interface Machine {
        /** As {@link org.dbtrelay.run.decide.RunMachine#decide}. */
        Decision decide(@Nullable RunEntry entry, Input input, Instant now, JobQueues queues);
    }

    /** Gives a command the budget's permit if that needs no wait. */
    @FunctionalInterface
    public interface Permits {
        /** The reservation, which is held from now on; null: the command has to wait for it. */
        Input.@Nullable StartReserved reserveAtOnce(Action.ReserveStart action);
    }

    /**
     * The work that follows a commit.
     *
     * @param unused commands whose reservation goes back to the budget before anything else is done
     */
    public record Work(Set<String> unused, List<Action.External> actions) {}

    /**
     * Begins with the entries as a claim has read them.
     *
     * @param entries by id; they are kept in it from now on
     */
    public Partition(Map<String, RunEntry> entries, Policy policy, Machine machine, Permits permits, Instant now) {
        this.entries = entries;
        this.machine = machine;
        this.permits = permits;
        this.queues = new JobQueues(entries);
        this.slots = new Slots(policy);
        this.timers = new Timers(this::isOpen);
        this.retention = new Retention(policy.retention(), entries.values());
        this.marked = new MarkedRuns(policy, entries, now);
        for (RunEntry entry : entries.values()) {
            counts.replace(null, entry);
            slots.replace(null, entry);
            if (entry.unfinished()) {
                open.add(entry.commandId());
            }
        }
        restoreAll();
    }

    /** All waits begin anew, as after a claim: the clock by which they were measured is worth nothing any more. */
    public void beginAnew() {
        timers.clear();
        queues.beginAnew();
        restoreAll();
    }

    private void restoreAll() {
        left.clear();
        open.forEach(id -> left.add(new Input.Restored(id)));
    }

    /**
     * The jobs that a person has suspended. Their commands have no turn until they are not suspended any more: what they had asked
     * for is given back, the slot at once and the permit when it comes.
     */
    public void suspend(Set<JobOfConnection> jobs) {
        for (String commandId : queues.suspend(jobs)) {
            asking.removeIf(action -> action.commandId().equals(commandId));
            slots.withdraw(commandId);
        }
    }

    /** As {@link JobQueues#isSuspended}. */
    public boolean isSuspended(RunEntry entry) {
        return queues.isSuspended(entry);
    }

    /** From now on no run is started, and nothing is done because of the time. */
    public void drain() {
        draining = true;
    }

    /** Whether no request that starts a run is unanswered. */
    public boolean isDrained() {
        return startsOnWire.isEmpty();
    }

    /**
     * Decides what earlier batches had no room for; it comes before anything new.
     *
     * @return whether nothing is left
     */
    public boolean catchUp(Batch batch) {
        while (!left.isEmpty() && !batch.isFull()) {
            decide(left.removeFirst(), batch);
        }
        return left.isEmpty();
    }

    /**
     * Decides an input and all that follows from it.
     *
     * @return the decision about the input itself
     */
    public Decision take(Input input, Batch batch) {
        switch (input) {
            case Input.StartReserved start
            when draining || !slots.isGranted(start.commandId()) -> {
                // It was asked for before its command changed: its place may be another's.
                unusable.add(start.commandId());
                return Decision.NOTHING;
            }
            case Input.StartReserved start -> {
                Action.@Nullable ReserveStart again = slots.revoke(start.commandId());
                if (again != null) {
                    unusable.add(start.commandId());
                    asking.add(again);
                    return Decision.NOTHING;
                }
                reserved.add(start.commandId());
            }
            // If it does not go on to its start, its place is another's.
            case Input.RunsInFlight listed when listed.check().again() -> reserved.add(listed.commandId());
            case Input.RunRead read when read.check() != null && read.check().again() -> reserved.add(read.commandId());
            case Input.Started started -> startsOnWire.remove(started.commandId());
            case Input.StartRefused refused -> startsOnWire.remove(refused.commandId());
            case Input.StartFailed failed -> startsOnWire.remove(failed.commandId());
            case Input.RunEnded ended -> {
                @Nullable RunEntry entry = find(ended.commandId());
                // A run that several share says how long it took once.
                if (entry == null || entry.share() == null || entry.share().into() == null) {
                    queues.ended(ended.end().run());
                }
            }
            case Input.SweepResult swept -> {
                marked.of(swept, batch.now()).forEach(found -> decide(found, batch));
                return Decision.NOTHING;
            }
            case Input other -> {}
        }
        return decide(input, batch);
    }

    /**
     * Decides an input that needs no reservation, and all that follows from it.
     *
     * @return the decision about the input itself
     */
    public Decision decide(Input input, Batch batch) {
        Decision decision = machine.decide(find(input.commandIdOrNull()), input, batch.now(), queues);
        batch.take(decision);
        for (Action action : decision.actions()) {
            if (action instanceof Action.ReserveStart reserve) {
                asking.add(reserve);
            }
        }
        @Nullable RunEntry entry = decision.entry();
        @Nullable RunEntry before = null;
        if (entry != null) {
            before = entries.put(entry.commandId(), entry);
            replace(before, entry);
        }
        if (decision.forgotten() != null) {
            replace(entries.remove(decision.forgotten()), null);
        }
        for (Input.CommandInput told : decision.onward()) {
            if (mayComeLater(told) && (batch.isFull() || !left.isEmpty())) {
                left.add(told);
            } else {
                decide(told, batch);
            }
        }
        if (entry != null) {
            // Before anybody who waits for it can end it: they have to have its run by then.
            for (String joined : queues.toHear(before, entry)) {
                tell(new Input.ShareMoved(joined), batch);
            }
            for (String waiter : queues.waitersOf(entry.commandId())) {
                tell(new Input.TargetChanged(waiter), batch);
            }
        }
        return decision;
    }

    /** Thousands may be superseded at once; whoever has superseded them does so again after a claim. */
    private static boolean mayComeLater(Input.CommandInput input) {
        return input instanceof Input.CancelRequested(String id, CancelReason reason)
                && reason == CancelReason.SUPERSEDED;
    }

    private void tell(Input.CommandInput input, Batch batch) {
        if (batch.isFull()) {
            left.add(input);
        } else {
            decide(input, batch);
        }
    }

    /** Decides what the clock brings. Entries are forgotten last: that has no hurry, and may be much after a long stop. */
    public void passTime(Batch batch) {
        if (draining) {
            return;
        }
        while (!batch.isFull()) {
            Action.@Nullable SetTimer due = timers.takeDue(batch.now());
            if (due == null) {
                break;
            }
            decide(new Input.TimerFired(due.commandId()), batch);
        }
        giveTurns(batch);
        startAtOnce(batch);
        while (!batch.isFull()) {
            @Nullable RunEntry over = retention.takeOver(batch.now());
            if (over == null) {
                break;
            }
            decide(new Input.TimerFired(over.commandId()), batch);
        }
    }

    /** Decides about the commands that have become first at their jobs. */
    public void giveTurns(Batch batch) {
        while (!batch.isFull()) {
            Input.@Nullable TurnReached turn = queues.takeTurn();
            if (turn == null) {
                return;
            }
            decide(turn, batch);
        }
    }

    /**
     * Starts the commands that have to wait for nothing: their intent is committed with their acceptance. The others ask again
     * after the commit.
     */
    private void startAtOnce(Batch batch) {
        while (!batch.isFull() && askForSlots(this::holdsNoPermit)) {
            for (Action.ReserveStart free : slots.takeFree()) {
                Input.@Nullable StartReserved start = batch.isFull() ? null : permits.reserveAtOnce(free);
                if (start == null) {
                    unpermitted.add(free);
                } else {
                    reserved.add(start.commandId());
                    decide(start, batch);
                }
            }
            giveTurns(batch);
        }
    }

    /** Whether no permit of the command goes back after the commit: that would be the new one, and its slot with it. */
    private boolean holdsNoPermit(Action.ReserveStart action) {
        return !reserved.contains(action.commandId())
                && !unusable.contains(action.commandId())
                && (action.check() == null || !action.check().again());
    }

    /**
     * Has commands wait for a slot.
     *
     * @param whose the others go on asking
     * @return whether there was any
     */
    private boolean askForSlots(Predicate<Action.ReserveStart> whose) {
        return asking.removeIf(action -> {
            boolean asks = whose.test(action);
            @Nullable RunEntry entry = asks ? find(action.commandId()) : null;
            if (entry != null && entry.state() instanceof RunState.Waiting) {
                slots.await(entry, action);
            }
            return asks;
        });
    }

    /** Whether earlier batches had no room for something. */
    public boolean isBehind() {
        return !left.isEmpty();
    }

    /** When the next timer is due; null if none is, or while it drains. */
    public @Nullable Instant nextTimer() {
        return draining ? null : timers.next();
    }

    /**
     * A batch is committed: sets its timers and gives free slots to the commands that wait for one.
     *
     * @param actions of the batch
     * @return what is to be done by others, in order
     */
    public Work committed(List<Action> actions) {
        Set<String> unused = new HashSet<>(unusable);
        unusable.clear();
        List<Action.External> work = new ArrayList<>(unpermitted);
        unpermitted.clear();
        for (Action action : actions) {
            switch (action) {
                case Action.SetTimer timer -> timers.add(timer);
                case Action.ReserveStart reserve -> {} // It waits for its slot already.
                case Action.Start start -> {
                    reserved.remove(start.commandId());
                    startsOnWire.add(start.commandId());
                    work.add(start);
                }
                case Action.External other -> {
                    if (isSecondCheck(other)) {
                        // Its permit goes back, for the check needs one too; its slot stays.
                        reserved.remove(other.commandId());
                        unused.add(other.commandId());
                    }
                    work.add(other);
                }
            }
        }
        for (Action.ReserveStart reserve : asking) {
            if (reserve.check() != null && reserve.check().again()) {
                // It keeps its slot; a permit that it may still hold could be the one that it would wait for.
                reserved.remove(reserve.commandId());
                unused.add(reserve.commandId());
            }
        }
        askForSlots(_ -> true);
        for (String commandId : reserved) {
            // Its reservation led to no start: its command is over, or it is not its turn any more.
            unused.add(commandId);
            slots.giveBack(commandId);
        }
        reserved.clear();
        work.addAll(slots.takeFree());
        return new Work(unused, work);
    }

    private static boolean isSecondCheck(Action action) {
        return (action instanceof Action.ListInFlight list && list.check().again())
                || (action instanceof Action.ReadNewestRun read && read.check().again());
    }

    private void replace(@Nullable RunEntry before, @Nullable RunEntry after) {
        queues.replace(before, after);
        counts.replace(before, after);
        slots.replace(before, after);
        marked.replace(before, after);
        if (after != null && !after.unfinished() && (before == null || before.unfinished())) {
            retention.add(after);
        }
        if (after != null && after.unfinished()) {
            open.add(after.commandId());
        } else if (before != null) {
            open.remove(before.commandId());
        }
    }

    /** The command of an id, open or finished; null: there is none in this partition. */
    public @Nullable RunEntry find(@Nullable String commandId) {
        return commandId == null ? null : entries.get(commandId);
    }

    /** The commands that are not finished, as they stand when the stream comes to them. */
    public Stream<RunEntry> unfinished() {
        return open.stream().map(entries::get).filter(entry -> entry != null && entry.unfinished());
    }

    /** The commands that are finished and not forgotten yet, as they stand when the stream comes to them: perhaps a million. */
    public Stream<RunEntry> finished() {
        return entries.values().stream().filter(entry -> !entry.unfinished());
    }

    private boolean isOpen(String commandId) {
        RunEntry entry = entries.get(commandId);
        return entry != null && entry.unfinished();
    }

    /** The command that leads those that want a run together with one; null: it leads them, or there are none. */
    public @Nullable RunEntry leaderOf(RunEntry entry) {
        @Nullable
        RunEntry leader = entry.share() == null || !entry.unfinished() ? null : queues.leaderOf(entry.share());
        return leader == null || leader.commandId().equals(entry.commandId()) ? null : leader;
    }

    /** When the window of a command closes, as far as is known now; null: it has none that is open. */
    public @Nullable Instant windowClosesAt(RunEntry entry) {
        return queues.windowClosesAt(entry);
    }

    /** How many others want the run of a command, too. */
    public int countSharing(RunEntry entry) {
        return queues.countSharing(entry);
    }

    /** As {@link JobQueues#countAheadOf}. */
    public int countAheadOf(RunEntry entry) {
        return queues.countAheadOf(entry);
    }

    /** Whether a command waits because as many runs are in flight as may be. */
    public boolean isWaitingForSlot(String commandId) {
        return slots.isWaiting(commandId);
    }

    /** How many commands there are; it changes with them. */
    public Counts counts() {
        return counts;
    }
}
