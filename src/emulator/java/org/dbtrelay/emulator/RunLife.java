package org.dbtrelay.emulator;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All runs, and how they live. Nothing moves by itself: each look first lets every job's queue that is due catch up with the clock,
 * so that a clock turned by hand works as well as a real one.
 */
final class RunLife {
    private static final long FIRST_RUN_ID = 70403110257794L;
    private static final long ID_STEP = 3;

    private final Clock clock;
    private final double speed;
    private final Duration cancelDelay;
    private final ReentrantLock lock = new ReentrantLock();
    private final NavigableMap<Long, Run> runs = new TreeMap<>();
    private final Map<Long, JobQueue> queues = new HashMap<>();
    private final NavigableSet<JobQueue> byDue = new TreeSet<>(
            Comparator.<JobQueue, Instant>comparing(queue -> queue.due).thenComparingLong(queue -> queue.jobId));
    private final RunNews news = new RunNews();
    private long nextId = FIRST_RUN_ID;
    private long oldestId = FIRST_RUN_ID;

    RunLife(Clock clock, double speed, Duration cancelDelay) {
        this.clock = clock;
        this.speed = speed;
        this.cancelDelay = cancelDelay;
    }

    RunView create(EmulatedJob job, RunTrigger trigger, Hiding hiding) {
        return locked(now -> {
            JobQueue queue = queue(job.id());
            RunPlan next = queue.nextPlans.poll();
            RunPlan plan = (next != null ? next : job.planOf(queue.planned++)).faster(speed);
            return view(enter(queue, newRun(job, trigger, plan, now, null, null), hiding, now), now);
        });
    }

    /** A retry of a failed run from its failed step on; the caller has made sure that it can be retried. */
    RunView retry(long runId, String category, Hiding hiding) {
        return locked(now -> {
            Run old = known(runId);
            JobQueue queue = queue(old.job.id());
            RunPlan next = queue.nextPlans.poll();
            String failed = StepPlan.failedCommand(old, now).orElseThrow();
            List<String> rest = StepPlan.commandsFrom(old, failed);
            List<String> resumed =
                    Stream.concat(Stream.of("dbt retry"), rest.stream()).toList();
            RunTrigger trigger = new RunTrigger(old.trigger.cause(), category, old.trigger.overrides());
            RunPlan plan = next != null ? next.faster(speed) : old.plan.ofRetry();
            return view(enter(queue, newRun(old.job, trigger, plan, now, old.id, resumed), hiding, now), now);
        });
    }

    Optional<RunView> get(long accountId, long id) {
        return locked(now -> Optional.ofNullable(runs.get(id))
                .filter(run -> run.job.accountId() == accountId && !run.hiddenFromGetUntil.isAfter(now))
                .map(run -> view(run, now)));
    }

    /** The newest run of a job that matches; for the job's {@code most_recent_run} and its artifacts. */
    Optional<RunView> newest(long jobId, Predicate<RunStatus> which) {
        return locked(now -> queue(jobId).runs.descendingMap().values().stream()
                .filter(run -> which.test(run.status(now)))
                .findFirst()
                .map(run -> view(run, now)));
    }

    /** Runs that can be seen in lists; {@code jobId} and {@code ids} only narrow the search, null for all. */
    RunPage list(
            @Nullable Long jobId,
            @Nullable List<Long> ids,
            RunFilter filter,
            boolean newestFirst,
            @Nullable Comparator<RunView> order,
            int offset,
            int limit) {
        return locked(now -> {
            NavigableMap<Long, Run> source = jobId == null ? runs : queue(jobId).runs;
            if (ids != null) {
                NavigableMap<Long, Run> chosen = new TreeMap<>();
                for (long id : ids) {
                    Run run = source.get(id);
                    if (run != null) {
                        chosen.put(id, run);
                    }
                }
                source = chosen;
            }
            List<Run> matching = (newestFirst ? source.descendingMap() : source)
                    .values().stream()
                            .filter(run -> !run.hiddenFromListsUntil.isAfter(now) && filter.test(run, now))
                            .toList();
            if (order == null) {
                List<RunView> page = matching.stream()
                        .skip(offset)
                        .limit(limit)
                        .map(run -> view(run, now))
                        .toList();
                return new RunPage(page, matching.size());
            }
            List<RunView> sorted =
                    matching.stream().map(run -> view(run, now)).sorted(order).toList();
            return new RunPage(sorted.stream().skip(offset).limit(limit).toList(), matching.size());
        });
    }

    /** Everything of every account, hidden or not, oldest first. */
    List<RunView> all(Predicate<Run> which) {
        return locked(now ->
                runs.values().stream().filter(which).map(run -> view(run, now)).toList());
    }

    /** As dbt Cloud's cancel: at once in the queue, after a moment in execution, without effect at the end. */
    Optional<RunView> cancel(long accountId, long id) {
        return locked(now -> {
            Run run = runs.get(id);
            if (run == null || run.job.accountId() != accountId) {
                return Optional.empty();
            }
            Instant effect = now.plus(RunPlan.divided(cancelDelay, speed));
            if (queue(run.job.id()).leave(run) || run.status(now) == RunStatus.QUEUED) {
                run.dequeuedAt = null;
                run.startsAt = null;
                cancelAt(run, now);
            } else if (!run.isOver(now) && (run.endsAt == null || effect.isBefore(run.endsAt))) {
                cancelAt(run, effect);
            }
            settle(queue(run.job.id()), now);
            return Optional.of(view(run, now));
        });
    }

    private static void cancelAt(Run run, Instant when) {
        run.endAt(when, RunStatus.CANCELLED, "Cancelled by user.");
        run.cancelled = true;
    }

    /** Brings a run to {@code status} now, by force. */
    RunView force(long id, RunStatus status, @Nullable String message) {
        return locked(now -> {
            Run run = known(id);
            JobQueue queue = queue(run.job.id());
            if (status == RunStatus.QUEUED) {
                throw new IllegalArgumentException("A run does not go back into the queue");
            }
            if (run.dequeuedAt == null) {
                queue.promote(run);
                run.dequeue(now, speed);
            }
            if (status.isFinal()) {
                run.startsAt = run.startsAt == null || run.startsAt.isAfter(now) ? now : run.startsAt;
                run.endAt(now, status, message);
                run.cancelled = status == RunStatus.CANCELLED;
            } else {
                run.startsAt = status == RunStatus.RUNNING ? now : null;
                run.endsAt = null;
            }
            settle(queue, now);
            return view(run, now);
        });
    }

    /** Shows {@code code} as the run's status, null to show the true one again. */
    void show(long id, @Nullable Integer code) {
        locked(now -> known(id).shownStatus = code);
    }

    /** The job of a run, null if there is no such run. */
    @Nullable
    Long jobOf(long runId) {
        return locked(now -> {
            Run run = runs.get(runId);
            return run == null ? null : run.job.id();
        });
    }

    void planNext(long jobId, RunPlan plan) {
        locked(now -> queue(jobId).nextPlans.add(plan));
    }

    /**
     * Makes runs by others that succeeded: older than all there are, with lower ids, or newer ones.
     *
     * @return their ids, ascending
     */
    List<Long> seed(EmulatedJob job, int count, boolean older) {
        return locked(now -> {
            JobQueue queue = queue(job.id());
            List<Long> ids = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                long id = older ? oldestId -= ID_STEP : (nextId += ID_STEP) - ID_STEP;
                Run run = Run.ended(id, job, older ? now.minusSeconds(60L * (i + 1)) : now);
                runs.put(id, run);
                queue.runs.put(id, run);
                ids.add(id);
            }
            ids.sort(null);
            return ids;
        });
    }

    /** The command of the step that failed a run, if it failed in a dbt step. */
    Optional<String> failedCommand(long id) {
        return locked(now -> StepPlan.failedCommand(known(id), now));
    }

    /** The commands that a failed run did not come to. */
    List<String> skippedCommands(long id, String failedCommand) {
        return locked(now -> StepPlan.skippedAfter(known(id), failedCommand));
    }

    /** Runs that have started or ended since the last call; each tells its start and its end once. */
    List<RunView> untold() {
        return locked(now -> news.since(now, this::view));
    }

    private Run newRun(
            EmulatedJob job,
            RunTrigger trigger,
            RunPlan plan,
            Instant now,
            @Nullable Long retrying,
            @Nullable List<String> resumed) {
        long id = nextId;
        nextId += ID_STEP;
        return new Run(id, id + 1, job, trigger, plan, now, retrying, resumed);
    }

    private Run enter(JobQueue queue, Run run, Hiding hiding, Instant now) {
        run.hiddenFromListsUntil = now.plus(hiding.fromLists());
        run.hiddenFromGetUntil = now.plus(hiding.fromGet());
        runs.put(run.id, run);
        news.watch(run);
        if (run.trigger.isForPullRequest()) {
            queue.runs.put(run.id, run);
            run.dequeue(now.plus(run.plan.queued()), speed);
        } else {
            queue.enter(run);
            settle(queue, now);
        }
        return run;
    }

    private Run known(long id) {
        Run run = runs.get(id);
        if (run == null) {
            throw new IllegalArgumentException("There is no run " + id);
        }
        return run;
    }

    private JobQueue queue(long jobId) {
        return queues.computeIfAbsent(jobId, JobQueue::new);
    }

    /** Only the queues whose time has come: tests have thousands of jobs. */
    private void settleDue(Instant now) {
        while (!byDue.isEmpty() && !byDue.first().due.isAfter(now)) {
            settle(byDue.first(), now);
        }
    }

    private void settle(JobQueue queue, Instant now) {
        byDue.remove(queue);
        queue.settle(now, speed);
        queue.due = queue.nextChange();
        if (!queue.due.equals(Instant.MAX)) {
            byDue.add(queue);
        }
    }

    private RunView view(Run run, Instant now) {
        return RunViews.of(run, now, queue(run.job.id()));
    }

    private <T extends @Nullable Object> T locked(Function<Instant, T> work) {
        lock.lock();
        try {
            Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
            settleDue(now);
            return work.apply(now);
        } finally {
            lock.unlock();
        }
    }
}
