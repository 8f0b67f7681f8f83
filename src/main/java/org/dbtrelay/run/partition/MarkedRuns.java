package org.dbtrelay.run.partition;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.CauseMarker;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whose runs a sweep has found, for one claim. Runs of commands that are not ours here are another partition's
 * business. The markers of those that may have started such a run are kept at hand: a sweep costs by the runs that it found.
 */
final class MarkedRuns {

    /** A command that has been over for longer cannot have started any of the runs that a sweep reads. */
    private static final Duration LONG_OVER = Duration.ofHours(2);

    private final Policy policy;
    private final Map<String, RunEntry> entries;
    private final Map<String, String> idsByToken = new HashMap<>();
    private final Deque<RunEntry> over;

    /**
     * Begins with the entries of a partition.
     *
     * @param entries looked up by id from now on
     */
    MarkedRuns(Policy policy, Map<String, RunEntry> entries, Instant now) {
        this.policy = policy;
        this.entries = entries;
        List<RunEntry> lately = entries.values().stream()
                .filter(entry -> entry.unfinished() || !isLongOver(entry, now))
                .toList();
        lately.forEach(entry -> idsByToken.put(token(entry), entry.commandId()));
        this.over = new ArrayDeque<>(lately.stream()
                .filter(entry -> !entry.unfinished())
                .sorted(Comparator.comparing(entry -> end(entry).at()))
                .toList());
    }

    /** An entry takes the place of another. */
    void replace(@Nullable RunEntry before, @Nullable RunEntry after) {
        if (after == null) {
            return;
        }
        if (before == null) {
            idsByToken.put(token(after), after.commandId());
        }
        if (!after.unfinished() && (before == null || before.unfinished())) {
            over.addLast(after);
            forget(end(after).at());
        }
    }

    private void forget(Instant now) {
        for (RunEntry oldest = over.peekFirst(); oldest != null && isLongOver(oldest, now); oldest = over.peekFirst()) {
            over.removeFirst();
            @Nullable RunEntry current = entries.get(oldest.commandId());
            // Its id may have been forgotten and sent again.
            if (current == null || isLongOver(current, now)) {
                idsByToken.remove(token(oldest));
            }
        }
    }

    /** For each command that has runs it does not know of: all runs with its marker. Mostly that is none. */
    List<Input.MarkedRunsFound> of(Input.SweepResult swept, Instant now) {
        Map<String, List<RunSnapshot>> byToken = new LinkedHashMap<>();
        for (RunSnapshot run : swept.runs()) {
            if (run.retryingRunId() != null) {
                // Somebody's retry of a run may show that run's cause; it is no second start.
                continue;
            }
            CauseMarker.in(run.triggerCause(), policy.deployment())
                    .ifPresent(marker -> byToken.computeIfAbsent(marker.token(), token -> new ArrayList<>())
                            .add(run));
        }
        List<Input.MarkedRunsFound> marked = new ArrayList<>();
        byToken.forEach((token, runs) -> {
            @Nullable String id = idsByToken.get(token);
            @Nullable RunEntry entry = id == null ? null : entries.get(id);
            if (entry != null && !isLongOver(entry, now) && !knowsAll(entry.state(), runs)) {
                marked.add(new Input.MarkedRunsFound(entry.commandId(), swept.target(), runs));
            }
        });
        return marked;
    }

    private String token(RunEntry entry) {
        return CauseMarker.of(policy.deployment(), policy.ledger(), entry.commandId())
                .token();
    }

    private static boolean isLongOver(RunEntry entry, Instant now) {
        return entry.state() instanceof RunState.Finished end
                && end.at().plus(LONG_OVER).isBefore(now);
    }

    private static RunState.Finished end(RunEntry entry) {
        return (RunState.Finished) entry.state();
    }

    private static boolean knowsAll(RunState state, List<RunSnapshot> runs) {
        @Nullable Long own = ownRun(state);
        return own != null && runs.stream().allMatch(run -> run.runId() == own);
    }

    private static @Nullable Long ownRun(RunState state) {
        return switch (state) {
            case RunState.WithRun withRun -> Long.valueOf(withRun.run().runId());
            case RunState.Finished finished -> finished.runId();
            case RunState.Retrying retrying -> null;
            case RunState.Joined joined -> null;
            case RunState.Waiting waiting -> null;
            case RunState.Starting starting -> null;
            case RunState.Searching searching -> null;
        };
    }
}
