package org.dbtrelay.flow;

import java.util.HashMap;
import java.util.Map;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/** Counts the commands of one claim: those that are not finished, by connection, and those that are remembered. */
final class CommandGauges {

    private final RelayMetrics metrics;
    private final Map<String, Integer> unfinished = new HashMap<>();
    private final Map<InFlight, Integer> inFlight = new HashMap<>();
    private int allUnfinished;
    private int remembered;

    private record InFlight(String connection, JobRunStatus status) {}

    CommandGauges(RelayMetrics metrics) {
        this.metrics = metrics;
    }

    /**
     * An entry takes the place of another.
     *
     * @param before null: there was none
     * @param after null: there is none any more
     */
    void replace(@Nullable RunEntry before, @Nullable RunEntry after) {
        count(before, -1);
        count(after, 1);
    }

    int unfinished() {
        return allUnfinished;
    }

    /** The claim is over: its commands are no longer this instance's. */
    void close() {
        metrics.remembered(-remembered);
        unfinished.forEach((connection, count) -> metrics.pending(connection, -count));
        unfinished.clear();
        inFlight.forEach((run, count) -> metrics.inFlight(run.connection(), run.status(), -count));
        inFlight.clear();
        remembered = 0;
        allUnfinished = 0;
    }

    private void count(@Nullable RunEntry entry, int one) {
        if (entry == null) {
            return;
        }
        if (entry.unfinished()) {
            String connection = entry.openCommand().connection();
            allUnfinished += one;
            unfinished.merge(connection, one, Integer::sum);
            metrics.pending(connection, one);
            if (entry.state() instanceof RunState.WithRun state
                    && !state.run().status().isTerminal()) {
                inFlight.merge(new InFlight(connection, state.run().status()), one, Integer::sum);
                metrics.inFlight(connection, state.run().status(), one);
            }
        } else {
            remembered += one;
            metrics.remembered(one);
        }
    }
}
