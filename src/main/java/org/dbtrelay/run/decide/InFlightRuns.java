package org.dbtrelay.run.decide;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;

/** What is in flight of a job: what dbt Cloud lists, and what commands of the partition know, which can be ahead of its lists. */
final class InFlightRuns {

    private InFlightRuns() {}

    /** All of it, oldest first. */
    static List<RunSnapshot> together(List<RunSnapshot> listed, List<RunEntry> ours) {
        Map<Long, RunSnapshot> byId = new TreeMap<>();
        listed.forEach(run -> byId.put(run.runId(), run));
        for (RunEntry other : ours) {
            if (other.state() instanceof RunState.WithRun withRun) {
                byId.putIfAbsent(withRun.run().runId(), withRun.run());
            }
        }
        return List.copyOf(byId.values());
    }

    /**
     * Makes room for a command that replaces what runs: the commands of the partition cancel their own runs, the others are
     * cancelled here, and then it is looked again.
     */
    static Decision clear(
            RunEntry entry, RunState.Waiting state, List<RunSnapshot> all, List<RunEntry> ours, Instant now) {
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        Set<Long> theirOwn = new HashSet<>();
        for (RunEntry other : ours) {
            builder.tell(new Input.CancelRequested(other.commandId(), CancelReason.SUPERSEDED));
            if (other.state() instanceof RunState.WithRun withRun) {
                theirOwn.add(withRun.run().runId());
            }
        }
        for (RunSnapshot run : all) {
            if (!theirOwn.contains(run.runId())) {
                builder.then(new Action.CancelOther(
                        entry.commandId(),
                        entry.openCommand().target(),
                        run.runId(),
                        entry.openCommand().traceparent()));
            }
        }
        return WaitPhase.later(builder, state, now);
    }
}
