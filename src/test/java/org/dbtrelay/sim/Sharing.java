package org.dbtrelay.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.sim.Truth.Known;

/** What must hold of commands that share a run, by what is committed. */
final class Sharing {

    /** From an intent to its run: the send window, and the way there. */
    private static final long ON_ITS_WAY =
            SimConfig.READ_TIMEOUT.plus(Duration.ofSeconds(1)).toNanos();

    private final World world;
    private final Collection<Known> commands;
    private final List<Known> cancelling = new ArrayList<>();

    Sharing(World world, Collection<Known> commands) {
        this.world = world;
        this.commands = commands;
    }

    /** An entry is committed. */
    void entry(Known known, RunEntry before) {
        RunEntry entry = known.last;
        if (entry.share() == null) {
            return;
        }
        if (entry.state() instanceof RunState.Joined && known.joinedAt == null) {
            known.joinedAt = world.scheduler().now();
        }
        boolean had = before != null && before.state() instanceof RunState.WithRun;
        if (!had && entry.state() instanceof RunState.WithRun withRun && !entry.hasFailedRun()) {
            satisfied(known, withRun.run().runId());
        }
        boolean ends = entry.state() instanceof RunState.Cancelling state
                && state.reason() == CancelReason.CANCELLED_BY_RELAY
                && !(before != null && before.state() instanceof RunState.Cancelling);
        if (ends) {
            cancelling.add(known);
        }
    }

    /** The run was started after the command had come, and, if another one has started it, after it was committed that it had joined. */
    private void satisfied(Known known, long runId) {
        SimRun run = world.cloud().find(runId);
        if (run == null || known.lastOrder.options().ifRunning() == IfRunning.REUSE || known.resolved == null) {
            return;
        }
        long since = Math.max(known.acceptedAt, known.joinedAt == null ? 0 : known.joinedAt);
        world.check(
                run.createdAt >= since,
                "%s has the run %d, which is older by %d ms",
                known.id,
                runId,
                (since - run.createdAt) / 1_000_000);
        world.coverage().count("share", known.last.share().into() == null ? "a run of its own" : "a run of another");
    }

    /** The transaction at hand is complete: a run is cancelled only if nobody else wants it. */
    void committed() {
        for (Known known : cancelling) {
            if (known.last.state() instanceof RunState.Cancelling state) {
                for (Known other : commands) {
                    boolean wants = other != known
                            && other.last != null
                            && other.last.share() != null
                            && other.partition == known.partition
                            && other.last
                                    .share()
                                    .window()
                                    .equals(known.last.share().window())
                            && (other.state() instanceof RunState.Joined
                                    || (other.state() instanceof RunState.Following following
                                            && following.run().runId()
                                                    == state.run().runId()));
                    world.check(!wants, "%s cancels the run that %s wants, too: %s", known.id, other.id, other.last);
                }
            }
        }
        cancelling.clear();
    }

    /** After the end: how many runs were started for those that came together, and how far apart the starts of a job are. */
    void check() {
        Map<String, List<SimRun>> byWindow = new HashMap<>();
        Map<String, Integer> attempts = new HashMap<>();
        Map<String, SimRun> lastOfJob = new HashMap<>();
        for (Known known : commands) {
            if (known.last != null && known.last.share() != null) {
                String window = known.partition + " " + known.last.share().window();
                attempts.merge(window, known.attempts, Math::max);
                world.cloud().runs().stream()
                        .filter(run -> known.id.equals(run.commandId))
                        .forEach(run -> byWindow.computeIfAbsent(window, key -> new ArrayList<>())
                                .add(run));
            }
        }
        byWindow.forEach((window, runs) -> {
            boolean excused = world.assumptionBroken() || runs.stream().anyMatch(SimRun::wasHidden);
            world.check(
                    excused || runs.size() <= 1 + attempts.get(window),
                    "those of the window %s have %d runs, of which %d have failed",
                    window,
                    runs.size(),
                    attempts.get(window));
        });
        if (world.plan().startsApart() && !world.areClocksWrong() && !world.assumptionBroken()) {
            world.cloud().runs().stream()
                    .filter(run -> run.commandId != null && run.jobId <= 2 && !run.wasHidden())
                    .forEach(run -> apart(run, lastOfJob));
        }
    }

    private void apart(SimRun run, Map<String, SimRun> lastOfJob) {
        Known known = world.truth().command(run.commandId);
        if (known == null || known.lastOrder == null || !Objects.equals(known.lastOrder.jobId(), run.jobId)) {
            return;
        }
        SimRun before = lastOfJob.put(known.partition + " " + known.lastOrder.target() + " " + run.jobId, run);
        long gap = before == null ? Long.MAX_VALUE : run.createdAt - before.createdAt;
        // Of one that nobody knew when the next was decided, only the intent counts.
        boolean wasKnown = before != null && world.truth().isRunKnown(before.id, run.createdAt - ON_ITS_WAY);
        world.check(
                gap >= SimConfig.INTERVAL.toNanos() - (wasKnown ? 0 : ON_ITS_WAY),
                "the runs %d and %d of job %d were started %d ms apart",
                before == null ? 0 : before.id,
                run.id,
                run.jobId,
                gap / 1_000_000);
    }
}
