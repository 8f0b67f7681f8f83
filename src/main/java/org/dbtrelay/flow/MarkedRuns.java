package org.dbtrelay.flow;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.run.CauseMarker;
import org.dbtrelay.run.Input;
import org.dbtrelay.run.Policy;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.RunState;
import org.jspecify.annotations.Nullable;

/** Finds out whose runs a sweep has found. Runs of commands that are not ours here are another partition's business. */
final class MarkedRuns {

    /** What has been over for longer cannot have started any of the runs that a sweep looks at. */
    private static final Duration LONG_OVER = Duration.ofHours(2);

    private MarkedRuns() {}

    /** For each command that has runs it does not know of: all runs with its marker. Mostly that is none. */
    static List<Input.Marked> of(Input.Swept swept, Collection<RunEntry> entries, Policy policy, Instant now) {
        Map<String, List<RunSnapshot>> byToken = new HashMap<>();
        Set<Long> found = new HashSet<>();
        for (RunSnapshot run : swept.runs()) {
            if (run.retryingRunId() != null) {
                // Somebody's retry of a run may show that run's cause; it is no second start.
                continue;
            }
            CauseMarker.in(run.triggerCause(), policy.deployment()).ifPresent(marker -> {
                byToken.computeIfAbsent(marker.token(), token -> new ArrayList<>())
                        .add(run);
                found.add(run.runId());
            });
        }
        Set<Long> known = new HashSet<>();
        for (RunEntry entry : entries) {
            @Nullable Long own = ownRun(entry.state());
            if (own != null && found.contains(own)) {
                known.add(own);
            }
        }
        byToken.values()
                .removeIf(runs ->
                        runs.size() == 1 && known.contains(runs.getFirst().runId()));
        List<Input.Marked> marked = new ArrayList<>();
        if (byToken.isEmpty()) {
            return marked;
        }
        for (RunEntry entry : entries) {
            if (entry.state() instanceof RunState.Finished over
                    && over.at().plus(LONG_OVER).isBefore(now)) {
                continue;
            }
            String token = CauseMarker.of(policy.deployment(), policy.ledgerTopic(), entry.commandId())
                    .token();
            List<RunSnapshot> runs = byToken.get(token);
            if (runs != null) {
                marked.add(new Input.Marked(entry.commandId(), swept.target(), runs));
            }
        }
        return marked;
    }

    private static @Nullable Long ownRun(RunState state) {
        return switch (state) {
            case RunState.WithRun withRun -> Long.valueOf(withRun.run().runId());
            case RunState.Finished finished -> finished.runId();
            case RunState.Waiting waiting -> null;
            case RunState.Starting starting -> null;
            case RunState.Looking looking -> null;
        };
    }
}
