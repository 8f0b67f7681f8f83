package org.dbtrelay.run.partition;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/** How many commands a partition has, and how many runs in flight. For the thread that changes the partition. */
public final class Counts {

    private final Map<String, Integer> unfinished = new HashMap<>();
    private final Map<InFlight, Integer> inFlight = new HashMap<>();
    private final Map<String, Integer> observed = new HashMap<>();
    private final Map<ObservedRuns, Integer> observedChanges = new HashMap<>();
    private int allUnfinished;
    private int allObserved;
    private int finished;

    Counts() {}

    /** The runs over one connection that have one status. */
    public record InFlight(String connection, JobRunStatus status) {}

    /** The observed runs in flight of one job that have one status. */
    public record ObservedRuns(String connection, @Nullable Long jobId, JobRunStatus status) {}

    void replace(@Nullable RunEntry before, @Nullable RunEntry after) {
        count(before, -1);
        count(after, 1);
    }

    private void count(@Nullable RunEntry entry, int one) {
        if (entry == null) {
            return;
        }
        if (!entry.unfinished()) {
            finished += one;
            return;
        }
        String connection = entry.openCommand().connection();
        allUnfinished += one;
        if (entry.origin() == Origin.OBSERVED) {
            allObserved += one;
            observed.merge(connection, one, Integer::sum);
        }
        unfinished.merge(connection, one, Integer::sum);
        if (entry.state() instanceof RunState.WithRun state
                && !state.run().status().isTerminal()) {
            inFlight.merge(new InFlight(connection, state.run().status()), one, Integer::sum);
            if (entry.origin() == Origin.OBSERVED) {
                ObservedRuns runs = new ObservedRuns(
                        connection, state.run().jobId(), state.run().status());
                observedChanges.merge(runs, one, (old, more) -> old + more == 0 ? null : old + more);
            }
        }
    }

    /** The commands that are not finished. */
    public int unfinished() {
        return allUnfinished;
    }

    /** Those of the unfinished that follow observed runs. */
    public int observed() {
        return allObserved;
    }

    /** The same, by connection. */
    public Map<String, Integer> observedByConnection() {
        return Collections.unmodifiableMap(observed);
    }

    /** How many more observed runs are in flight than at the last call, by job; there can be many jobs. */
    public Map<ObservedRuns, Integer> takeObservedChanges() {
        Map<ObservedRuns, Integer> changes = Map.copyOf(observedChanges);
        observedChanges.clear();
        return changes;
    }

    /** The commands that are not finished, by connection. */
    public Map<String, Integer> unfinishedByConnection() {
        return Collections.unmodifiableMap(unfinished);
    }

    /** The runs in flight. */
    public Map<InFlight, Integer> inFlight() {
        return Collections.unmodifiableMap(inFlight);
    }

    /** The finished commands whose ids are remembered. */
    public int finished() {
        return finished;
    }
}
