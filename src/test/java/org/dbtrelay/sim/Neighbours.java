package org.dbtrelay.sim;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.sim.Truth.Known;

/** What must hold between the commands of a partition whenever one of them is about to start a run, by what is committed. */
final class Neighbours {

    private final World world;
    private final Collection<Known> commands;
    private final List<Known> starting = new ArrayList<>();

    Neighbours(World world, Collection<Known> commands) {
        this.world = world;
        this.commands = commands;
    }

    /** The transaction at hand records an intent. */
    void starts(Known known) {
        starting.add(known);
    }

    /** The transaction at hand is complete. */
    void committed(SimProcess process) {
        for (Known known : starting) {
            resolved(known);
            alone(known);
            limits(known, world.configOf(process).policy());
        }
        starting.clear();
    }

    /** Whoever came first at a job has its run first. */
    private void resolved(Known known) {
        for (Known other : commands) {
            // One that had a run before comes back to its place at any moment.
            boolean ahead = isBefore(other, known)
                    && other.knewJob
                    && !other.last.hasFailedRun()
                    && (other.state() instanceof RunState.Waiting
                            || other.state() instanceof RunState.Starting
                            || other.state() instanceof RunState.Searching);
            world.check(!ahead, "%s starts before %s, which is ahead of it: %s", known.id, other.id, other.last);
        }
    }

    /** What waits for the others, or does not come in addition, is alone when it starts. */
    private void alone(Known known) {
        IfRunning ifRunning = known.lastOrder.options().ifRunning();
        if (!(known.resolved.task() instanceof Task.Trigger) || ifRunning == IfRunning.QUEUE) {
            return;
        }
        for (Known other : commands) {
            boolean running = isBefore(other, known)
                    && other.resolved.task().starts()
                    && (other.state() instanceof RunState.Following || other.state() instanceof RunState.Cancelling);
            world.check(
                    !running,
                    "%s starts with if_running=%s while %s has a run in flight: %s",
                    known.id,
                    ifRunning,
                    other.id,
                    other.last);
        }
    }

    private static boolean isBefore(Known other, Known known) {
        return other != known
                && other.last != null
                && other.lastOrder != null
                && other.partition == known.partition
                && other.last.offset() < known.last.offset()
                && other.resolved.task().starts()
                && other.lastOrder.target().equals(known.lastOrder.target())
                && Objects.equals(other.lastOrder.jobId(), known.lastOrder.jobId());
    }

    /** There is room for a run more. Runs that were found, and not started, take their places without asking. */
    private void limits(Known known, Policy policy) {
        ResolvedCommand resolved = known.lastOrder;
        Policy.ForConnection limits = policy.connections().get(resolved.connection());
        if (limits.maxInFlight() != null) {
            int count = inFlight(known, other -> true);
            world.check(
                    count <= limits.maxInFlight(),
                    "%s starts as number %d on its connection, where %d may be in flight",
                    known.id,
                    count,
                    limits.maxInFlight());
        }
        if (limits.maxInFlightPerJob() != null) {
            int count = inFlight(known, other -> Objects.equals(resolved.jobId(), other.lastOrder.jobId()));
            world.check(
                    count <= limits.maxInFlightPerJob(),
                    "%s starts as number %d at its job, where %d may be in flight",
                    known.id,
                    count,
                    limits.maxInFlightPerJob());
        }
        if (limits.maxInFlight() != null || limits.maxInFlightPerJob() != null) {
            world.coverage().count("limits", "a start within them");
        }
    }

    private int inFlight(Known known, Predicate<Known> counts) {
        Set<Object> runs = new HashSet<>();
        for (Known other : commands) {
            boolean near = other.resolved != null
                    && other.last != null
                    && other.partition == known.partition
                    && other.lastOrder.connection().equals(known.lastOrder.connection())
                    && other.resolved.task().starts()
                    && !other.follows;
            if (near && counts.test(other)) {
                switch (other.state()) {
                    case RunState.Starting _, RunState.Searching _ -> runs.add(other.id);
                    case RunState.Following following ->
                        runs.add(following.run().runId());
                    case RunState.Cancelling cancelling ->
                        runs.add(cancelling.run().runId());
                    case RunState.Waiting _,
                            RunState.Judging _,
                            RunState.Retrying _,
                            RunState.Joined _,
                            RunState.Collecting _,
                            RunState.Finished _ -> {}
                }
            }
        }
        return runs.size();
    }
}
