package org.dbtrelay.run.decide;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import org.dbtrelay.run.event.StrayReason;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartAttempts;
import org.jspecify.annotations.Nullable;

/**
 * The promise seen from the other side: runs that carry the marker of a command and are not the run that it follows. That takes a
 * run which dbt Cloud kept hidden until another had been started for it, or a process that slept between its last check and
 * the socket. They are told of, and the younger of two is cancelled as long as it waits in the queue.
 */
final class StrayDecisions {

    private static final Comparator<RunSnapshot> BY_AGE = Comparator.comparingLong(RunSnapshot::runId);

    private StrayDecisions() {}

    static Decision marked(RunEntry entry, Input.MarkedRunsFound input, Instant now) {
        return switch (entry.state()) {
            case RunState.Waiting waiting -> lost(entry, waiting.starts(), input, now);
            case RunState.Searching searching -> lost(entry, searching.starts(), input, now);
            // The answer is on its way, or the search for the run begins when it does not come.
            case RunState.Starting starting -> Decision.NOTHING;
            // The others would have to change their run, too: it is told of, and the one they have stays.
            case RunState.Following following
            when entry.share() != null && entry.share().joined() > 0 ->
                open(entry, following, following.run(), input, now);
            case RunState.Following following -> following(entry, following, input, now);
            // It has started nothing.
            case RunState.Joined joined -> Decision.NOTHING;
            case RunState.Retrying retrying -> open(entry, retrying, entry.failedRun(), input, now);
            case RunState.WithRun withRun -> open(entry, withRun, withRun.run(), input, now);
            case RunState.Finished finished -> finished(entry, finished, input, now);
        };
    }

    /** A sweep has found the run that a search had missed. */
    private static Decision lost(RunEntry entry, StartAttempts starts, Input.MarkedRunsFound input, Instant now) {
        return starts.attempts() == 0
                ? Decision.NOTHING
                : strays(entry, null, input).stream()
                        .min(BY_AGE)
                        .map(oldest -> FollowDecisions.found(entry, oldest, now))
                        .orElse(Decision.NOTHING);
    }

    private static Decision following(
            RunEntry entry, RunState.Following state, Input.MarkedRunsFound input, Instant now) {
        RunSnapshot own = state.run();
        @Nullable
        RunSnapshot older = strays(entry, own.runId(), input).stream()
                .filter(run -> run.runId() < own.runId() && run.status() != JobRunStatus.Known.CANCELLED)
                .min(BY_AGE)
                .orElse(null);
        boolean ownStillQueued = own.status() == JobRunStatus.Known.QUEUED
                && input.runs().stream()
                        .anyMatch(run -> run.runId() == own.runId() && run.status() == JobRunStatus.Known.QUEUED);
        if (older == null || !ownStillQueued) {
            return open(entry, state, own, input, now);
        }
        // The older one is first in dbt Cloud's queue, so it is the one to follow, and the younger never needs to run.
        DecisionBuilder builder = DecisionBuilder.of(entry, now).adopted();
        builder.stray(
                own, StrayReason.SECOND_RUN, "a second run was started for this command; the older one is followed");
        builder.then(cancelQueued(entry.commandId(), entry.openCommand().target(), own));
        return FollowDecisions.begin(builder, entry.openCommand(), older, now);
    }

    private static Decision open(
            RunEntry entry, RunState state, @Nullable RunSnapshot own, Input.MarkedRunsFound input, Instant now) {
        List<RunSnapshot> strays = own == null ? List.of() : strays(entry, own.runId(), input);
        if (own == null || strays.isEmpty()) {
            return Decision.NOTHING;
        }
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        for (RunSnapshot stray : strays) {
            builder.stray(stray, StrayReason.SECOND_RUN, second(own.runId()));
            cancelWhileQueued(builder, entry, entry.openCommand().target(), stray);
        }
        return builder.to(state);
    }

    private static Decision finished(
            RunEntry entry, RunState.Finished state, Input.MarkedRunsFound input, Instant now) {
        @Nullable Long own = state.runId();
        List<RunSnapshot> strays = strays(entry, own, input);
        if (strays.isEmpty()) {
            return Decision.NOTHING;
        }
        DecisionBuilder builder = DecisionBuilder.ofFinished(entry, input.target(), now);
        for (RunSnapshot stray : strays) {
            if (own == null) {
                builder.stray(
                        stray,
                        StrayReason.AFTER_THE_END,
                        "this run was started for the command, which had ended as "
                                + state.outcome().wireName() + " by then; it goes on in dbt Cloud");
            } else {
                builder.stray(stray, StrayReason.SECOND_RUN, second(own));
                cancelWhileQueued(builder, entry, input.target(), stray);
            }
        }
        return builder.toFinished(state);
    }

    private static List<RunSnapshot> strays(RunEntry entry, @Nullable Long own, Input.MarkedRunsFound input) {
        return input.runs().stream()
                .filter(run -> own == null || run.runId() != own)
                .filter(run -> !entry.strays().contains(run.runId()))
                .sorted(BY_AGE)
                .toList();
    }

    private static String second(long own) {
        return "a second run was started for this command, whose run is " + own;
    }

    private static void cancelWhileQueued(DecisionBuilder builder, RunEntry entry, Target target, RunSnapshot stray) {
        if (stray.status() == JobRunStatus.Known.QUEUED) {
            builder.then(cancelQueued(entry.commandId(), target, stray));
        }
    }

    private static Action cancelQueued(String commandId, Target target, RunSnapshot run) {
        return new Action.CancelQueued(commandId, target, run.runId());
    }
}
