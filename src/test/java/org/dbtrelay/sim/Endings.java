package org.dbtrelay.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.OnFailure;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.sim.Orders.Order;
import org.dbtrelay.sim.Truth.Known;

/** What must hold of how commands have ended, and of the runs that were started for them. */
final class Endings {

    /** So long may the relay take in quiet times to notice what has happened, back-offs and all. */
    private static final long SOON = Duration.ofSeconds(100).toNanos();

    /** Within the patience with artifacts, with a look after it. */
    private static final long IN_TIME = Duration.ofSeconds(10).toNanos();

    /** After the trouble, some process has all partitions within this time. */
    private static final Duration CLAIMED = Duration.ofSeconds(60);

    private static final Set<EventType> OF_CANCEL = Set.of(EventType.COMMAND_COMPLETED, EventType.COMMAND_REJECTED);
    private static final Set<EventType> OF_START = Set.of(
            EventType.RUN_SUCCEEDED,
            EventType.RUN_FAILED,
            EventType.RUN_CANCELLED,
            EventType.RUN_ABANDONED,
            EventType.COMMAND_REJECTED);

    private static final Set<EventType> OF_RUN =
            Set.of(EventType.RUN_SUCCEEDED, EventType.RUN_FAILED, EventType.RUN_CANCELLED);

    private final World world;
    private final Map<String, List<SimRun>> runs = new HashMap<>();

    Endings(World world) {
        this.world = world;
    }

    void check() {
        for (SimRun run : world.cloud().runs()) {
            if (run.commandId != null) {
                runs.computeIfAbsent(run.commandId, key -> new ArrayList<>()).add(run);
            }
        }
        runs.forEach(this::once);
        world.truth().checkSharing();
        for (Order order : world.orders().all()) {
            if (order.fate() == Orders.Fate.ONE_OUTCOME) {
                Known known = world.truth().command(order.id());
                if (known.state() instanceof RunState.Finished finished) {
                    ended(order, known, finished);
                }
            }
        }
    }

    /** At most one run for each command, unless dbt Cloud hid one for longer than T_lag or an assumption was broken. */
    private void once(String id, List<SimRun> all) {
        // A retry that could not be found is not tried again, however long it was hidden.
        boolean excused = world.assumptionBroken()
                || all.stream().limit(all.size() - 1L).anyMatch(run -> run.retryOf == null && run.wasHidden());
        if (all.size() > 1 && excused) {
            world.coverage().count("assumption", "a second run, excused");
        }
        Known known = world.truth().command(id);
        int most = 1 + (known == null ? 0 : known.attempts);
        world.check(all.size() <= most || excused, "%s has %d runs", id, all.size());
    }

    private void ended(Order order, Known known, RunState.Finished end) {
        kind(order, known, end);
        List<SimRun> own = runs.getOrDefault(known.id, List.of());
        boolean sureOfNone = end.outcome() == EventType.COMMAND_REJECTED
                || (end.outcome() == EventType.RUN_CANCELLED && end.runId() == null);
        boolean hidden = world.assumptionBroken() || own.stream().anyMatch(SimRun::wasHidden);
        world.check(
                !sureOfNone || own.isEmpty() || hidden, "%s has ended without a run as %s and has one", known.id, end);
        if (end.outcome() == EventType.RUN_CANCELLED && end.runId() == null) {
            world.check(isAskedToEnd(known, end), "%s was cancelled without a run, and nobody has asked", known.id);
        }
        if (known.resolved != null && !world.areClocksWrong() && !world.assumptionBroken()) {
            inBound(known);
        }
        if (known.resolved != null && !world.areClocksWrong() && !world.assumptionBroken() && !isStruck(known)) {
            noticed(known, end);
            stalled(known, end);
            cancelled(known, end);
            explained(known, end);
            collected(known, end);
            retried(known, end);
        }
    }

    /** A failure that passes by itself is followed by another run, if there is time and nobody has asked for the end. */
    private void retried(Known known, RunState.Finished end) {
        SimRun run = end.runId() == null ? null : world.cloud().find(end.runId());
        OnFailure onFailure = known.lastOrder.options().onFailure();
        boolean wants = onFailure != null
                && known.lastOrder.task() instanceof Task.Trigger
                && known.attempts < onFailure.retries()
                && end.outcome() == EventType.RUN_FAILED
                && known.toldInFull
                && known.lastOrder.expiresAt() == null
                && !isAskedToEnd(
                        known, new RunState.Finished(EventType.RUN_CANCELLED, null, null, end.at(), null, null))
                && !isAskedToEnd(
                        known,
                        new RunState.Finished(EventType.RUN_CANCELLED, "superseded", null, end.at(), null, null));
        if (!wants || run == null || !run.passes || isToBeCancelled(run)) {
            return;
        }
        long left = Duration.between(SimTime.EPOCH, known.lastOrder.options().deadline())
                        .toNanos()
                - known.endedAt;
        world.check(
                left <= Duration.ofMinutes(2).toNanos(),
                "%s has ended with a failure that passes, and %d of %d more runs were left",
                known.id,
                onFailure.retries() - known.attempts,
                onFailure.retries());
    }

    /** Whatever dbt Cloud does: the outcome is told within a bound after the deadline. */
    private void inBound(Known known) {
        long deadline = Duration.between(
                        SimTime.EPOCH, known.lastOrder.options().deadline())
                .toNanos();
        // Whoever has the partition when all crashes are over counts W from its own claim.
        long from = Math.max(deadline, world.plan().troubleUntil() + CLAIMED.toNanos());
        long late = known.endedAt - from - SimConfig.LONGEST_AFTER_DEADLINE.toNanos();
        world.check(
                late <= 0,
                "%s has ended %s after its deadline, which is too late by %s",
                known.id,
                Duration.ofNanos(known.endedAt - deadline),
                Duration.ofNanos(late));
    }

    /** Whether dbt Cloud has refused for good what the command, or one that it depends on, wanted of it. */
    private boolean isStruck(Known known) {
        return world.lasting() != null && world.lasting().concerns(known.lastOrder.jobId());
    }

    private void kind(Order order, Known known, RunState.Finished end) {
        boolean fits;
        if (order.says("\"command\":\"cancel\"")) {
            fits = OF_CANCEL.contains(end.outcome());
        } else if (order.says("\"dry_run\":true")) {
            fits = OF_CANCEL.contains(end.outcome()) || isAskedToEnd(known, end);
        } else {
            fits = OF_START.contains(end.outcome())
                    || (end.outcome() == EventType.COMMAND_COMPLETED && hopedForNoEnd(known));
        }
        world.check(fits, "%s has ended as %s: %s", known.id, end.outcome(), order.text());
    }

    private static boolean hopedForNoEnd(Known known) {
        return known.resolved != null
                && known.resolved.task() instanceof Task.Follow follow
                && follow.expected().stream().anyMatch(status -> !status.isTerminal());
    }

    private boolean isAskedToEnd(Known known, RunState.Finished end) {
        boolean asked = world.orders().all().stream()
                .anyMatch(it -> (it.partition() == known.partition || it.partition() < 0)
                        && it.says("\"command\":\"cancel\"")
                        && known.id.equals(it.target()));
        boolean replaced = world.orders().all().stream()
                .anyMatch(it -> (it.partition() == known.partition || it.partition() < 0)
                        && !known.id.equals(it.id())
                        && (it.says("\"if_running\":\"replace\"")
                                || (!it.says("if_running") && world.replacesByDefault())));
        return end.outcome() == EventType.RUN_CANCELLED && ("superseded".equals(end.reason()) ? replaced : asked);
    }

    /** A command wants the run cancelled, whoever started it. */
    private boolean isToBeCancelled(SimRun run) {
        return world.orders().all().stream()
                .anyMatch(it -> it.says("\"command\":\"cancel\"") && it.says("\"run_id\":" + run.id));
    }

    /** What the relay had time to see in quiet times, it has seen. */
    private void noticed(Known known, RunState.Finished end) {
        Long runId = end.runId();
        SimRun run = runId == null ? null : world.cloud().find(runId);
        boolean gaveUp = end.outcome() == EventType.RUN_ABANDONED && "deadline".equals(end.reason());
        world.check(
                !gaveUp || run == null || run.vanishesAt < Long.MAX_VALUE || isRecent(run.endedAt(), known),
                "%s was given up, although its run %d had ended long before",
                known.id,
                runId);
    }

    /** Whatever there was to be known of a failure soon after its end was told in quiet times, is told. */
    private void explained(Known known, RunState.Finished end) {
        SimRun run = end.runId() == null ? null : world.cloud().find(end.runId());
        if (known.failure == null || run == null || run.vanishesAt < Long.MAX_VALUE) {
            return;
        }
        boolean quiet = known.endedAt > world.plan().troubleUntil();
        long inTimeAt = known.endedAt + IN_TIME;
        boolean inTime = run.hasStepsAt(inTimeAt) && run.hasLogAt(inTimeAt) && run.hasResultsAt(inTimeAt);
        world.check(
                !quiet || !inTime || known.failure.isFull() || world.plan().maxEventBytes() < 10_000,
                "%s has failed, and all that could be known of it was not told: %s",
                known.id,
                known.failure);
    }

    /** Each artifact that was asked for is told of, and a catalog that is there in quiet times is found. */
    private void collected(Known known, RunState.Finished end) {
        SimRun run = end.runId() == null ? null : world.cloud().find(end.runId());
        boolean hasArtifacts = OF_RUN.contains(end.outcome()) && !isLeft(end);
        if (run == null || !hasArtifacts || world.plan().maxEventBytes() < 10_000) {
            return;
        }
        long inTimeAt = known.endedAt + IN_TIME;
        boolean quiet = known.endedAt > world.plan().troubleUntil();
        boolean inTime = run.vanishesAt == Long.MAX_VALUE && run.hasStepsAt(inTimeAt) && run.savedAt <= inTimeAt;
        for (ArtifactWish wish : known.lastOrder.options().artifacts()) {
            world.check(
                    known.artifacts.stream().anyMatch(told -> told.startsWith(wish.path() + " ")),
                    "%s has never told of %s: %s",
                    known.id,
                    wish.path(),
                    known.artifacts);
            world.check(
                    !quiet
                            || !inTime
                            || !wish.path().equals("catalog.json")
                            || wish.step() != null
                            || run.catalogStep() == 0
                            || known.artifactsReady.contains(wish.path()),
                    "%s has not found the catalog of its run: %s",
                    known.id,
                    known.artifacts);
        }
    }

    /** Whether its run has gone on for others. */
    private static boolean isLeft(RunState.Finished end) {
        return CancelReason.LEFT_TO_OTHERS.wireName().equals(end.reason());
    }

    private boolean isRecent(long then, Known known) {
        return known.endedAt
                        - Math.max(then, Math.max(known.acceptedAt, world.plan().troubleUntil()))
                < SOON;
    }

    /** A cancel takes dbt Cloud up to a minute and a half, and the command that replaces the run waits for its end. */
    private boolean waitedForARun(Known known) {
        Long jobId = known.lastOrder.jobId();
        return jobId != null
                && known.lastOrder.options().ifRunning() == IfRunning.REPLACE
                && world.cloud().runs().stream()
                        .anyMatch(run ->
                                run.jobId == jobId && run.createdAt < known.endedAt && isRecent(run.endedAt(), known));
    }

    /** A command that had nothing to wait for does not wait until it is over. */
    private void stalled(Known known, RunState.Finished end) {
        boolean over = "deadline".equals(end.reason()) || "expired".equals(end.reason());
        if (!over || known.hasIntents() || end.runId() != null || isRecent(0, known)) {
            return;
        }
        boolean busy = world.truth().commands().values().stream()
                .anyMatch(other -> other != known
                        && other.partition == known.partition
                        && other.resolved != null
                        && (other.endedAt > known.endedAt || isRecent(other.endedAt, known)));
        boolean cancels = known.resolved.task() instanceof Task.Cancel;
        world.check(
                busy || cancels || waitedForARun(known),
                "%s has waited for nothing until it was over: %s",
                known.id,
                end);
    }

    /** A cancel does not miss that its target, or its run, has ended, nor does it leave its target running. */
    private void cancelled(Known known, RunState.Finished end) {
        if (!(known.resolved.task() instanceof Task.Cancel cancel)) {
            return;
        }
        String targetId = cancel.waitsForCommand();
        Known target = targetId == null ? null : world.truth().command(targetId);
        if (target == null || target.partition != known.partition || target.resolved == null) {
            return;
        }
        world.check(
                !"expired".equals(end.reason()) || isRecent(target.endedAt, known) || target.endedAt > known.endedAt,
                "%s has expired, although its target %s had ended long before",
                known.id,
                targetId);
        boolean completed = end.outcome() == EventType.COMMAND_COMPLETED;
        world.check(
                !completed || target.endedAt <= known.endedAt,
                "%s is completed, and its target %s goes on",
                known.id,
                targetId);
        SimRun run = target.state() instanceof RunState.Finished finished && finished.runId() != null
                ? world.cloud().find(finished.runId())
                : null;
        long quiet = Math.max(known.acceptedAt, world.plan().troubleUntil());
        boolean leftAlone = run != null
                && target.last.share() == null
                && run.cancels == 0
                && run.cancelledAt == Long.MAX_VALUE
                && run.vanishesAt == Long.MAX_VALUE
                && run.endsAt - Math.max(quiet, run.createdAt) > SOON;
        world.check(
                !completed || !leftAlone,
                "%s is completed, and nobody has cancelled the run of %s",
                known.id,
                targetId);
    }
}
