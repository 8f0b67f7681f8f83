package org.dbtrelay.run.decide;

import java.time.Instant;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * A command that has been accepted and of which nothing is on its way yet: what it is about is found out, and what is over
 * before it began is ended.
 */
final class WaitDecisions {

    private WaitDecisions() {}

    static Decision waiting(
            RunEntry entry,
            RunState.Waiting state,
            Input.CommandInput input,
            Instant now,
            Policy policy,
            JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        return switch (input) {
            case Input.CancelRequested(String id, CancelReason reason)
            when entry.hasFailedRun() ->
                CollectDecisions.endAfterFailed(entry, CommonDecisions.withoutRun(reason), now, policy);
            case Input.CancelRequested(String id, CancelReason reason) ->
                DecisionBuilder.of(entry, now).cancelled(reason, CommonDecisions.withoutRun(reason));
            // An observed run is polled with others, so a refusal may be about one of those.
            case Input.CallFailed(Action.SchedulePoll poll, CallFailure failure) ->
                CommonDecisions.later(DecisionBuilder.of(entry, now), state, now);
            case Input.CallFailed(Action.External action, CallFailure failure) ->
                isAsked(action) ? callFailed(entry, state, failure, now, policy) : Decision.NOTHING;
            case Input.RunNotFound(String id, long runId) -> unseen(entry, state, runId, now, policy);
            case Input.TimerFired fired
            when CommonDecisions.isOver(resolved, now) -> CommonDecisions.over(entry, state, now, policy);
            case Input.TimerFired fired
            when queues.windowClosesAt(entry) != null -> CoalesceDecisions.checkWindow(entry, state, queues, now);
            case Input.TimerFired fired
            when !isDue(entry, state, now, queues) || state.notBefore() == null -> Decision.NOTHING;
            case Input.TimerFired fired ->
                CommonDecisions.next(DecisionBuilder.of(entry, now), entry)
                        .to(new RunState.Waiting(state.starts(), state.failures(), null));
            case Input.Restored restored -> restored(entry, state, now, queues);
            // It has lost its turn and asks anew when it tries again; until then its place is another's.
            case Input.StartReserved late when state.notBefore() != null -> Decision.NOTHING;
            case Input.RunsInFlight late when state.notBefore() != null -> Decision.NOTHING;
            case Input.RunRead late
            when state.notBefore() != null && resolved.task().starts() -> Decision.NOTHING;
            case Input.CommandInput other ->
                switch (resolved.task()) {
                    case Task.Cancel cancel ->
                        CancelDecisions.waiting(entry, state, cancel, other, now, policy, queues);
                    case Task.Follow follow -> FollowDecisions.waiting(entry, follow, other, now, policy);
                    case Task.Retry retry
                    when entry.hasFailedRun() -> StartDecisions.waiting(entry, state, other, now, policy, queues);
                    case Task.Retry retry -> RetryDecisions.waiting(entry, state, retry, other, now, policy, queues);
                    case Task.Rerun rerun -> StartDecisions.waiting(entry, state, other, now, policy, queues);
                    case Task.Trigger trigger -> StartDecisions.waiting(entry, state, other, now, policy, queues);
                };
        };
    }

    private static Decision restored(RunEntry entry, RunState.Waiting state, Instant now, JobQueues queues) {
        DecisionBuilder builder = StartDecisions.restored(
                CommonDecisions.bounds(DecisionBuilder.of(entry, now), entry.openCommand()), entry, queues);
        if (state.notBefore() != null) {
            @Nullable Instant window = CoalesceDecisions.looksAfterClaim(entry, queues, now);
            return builder.wakeAt(window != null ? window : isDue(entry, state, now, queues) ? now : state.notBefore())
                    .unchanged();
        }
        return CommonDecisions.next(builder, entry).unchanged();
    }

    /** Whether a command that waits can have asked for this; anything else is a late answer from an earlier state. */
    private static boolean isAsked(Action.External action) {
        return switch (action) {
            case Action.LookUpJob lookUp -> true;
            case Action.ReadJob read -> true;
            case Action.ReadRun read -> true;
            case Action.ReadNewestRun read -> true;
            case Action.ListInFlight list -> true;
            case Action.ReserveStart reserve -> true;
            case Action.Start start -> false;
            case Action.SearchMarker search -> false;
            case Action.SearchRetry search -> false;
            case Action.SchedulePoll watch -> false;
            case Action.ReadEnd read -> false;
            case Action.ExplainEnd explain -> false;
            case Action.CancelRun cancel -> false;
            case Action.CancelOther cancel -> false;
            case Action.CancelQueued cancel -> false;
            case Action.CollectArtifacts collect -> false;
        };
    }

    private static Decision callFailed(
            RunEntry entry, RunState.Waiting state, CallFailure failure, Instant now, Policy policy) {
        RunState.Waiting failed =
                new RunState.Waiting(state.starts().failed(failure), state.failures(), state.notBefore());
        if (state.starts().attempts() > 0 || entry.hasFailedRun()) {
            return CommonDecisions.later(entry, failed, now, policy);
        }
        return switch (failure) {
            case CallFailure.Refused refused ->
                DecisionBuilder.of(entry, now).rejected(RejectReason.REFUSED_BY_DBT_CLOUD, refused.detail());
            case CallFailure.NotFound notFound ->
                DecisionBuilder.of(entry, now).rejected(RejectReason.JOB_NOT_FOUND, notFound.detail());
            case CallFailure.Unclear unclear -> CommonDecisions.later(entry, failed, now, policy);
            case CallFailure.NotSent notSent -> CommonDecisions.later(entry, failed, now, policy);
            case CallFailure.Limited limited -> CommonDecisions.later(entry, failed, now, policy);
            case CallFailure.Suspended suspended -> CommonDecisions.later(entry, failed, now, policy);
        };
    }

    private static Decision unseen(RunEntry entry, RunState.Waiting state, long runId, Instant now, Policy policy) {
        return entry.hasFailedRun() || now.isBefore(entry.acceptedAt().plus(CommonDecisions.GRACE))
                ? CommonDecisions.later(entry, state, now, policy)
                : DecisionBuilder.of(entry, now)
                        .rejected(
                                RejectReason.RUN_NOT_FOUND,
                                "run_id: dbt Cloud knows no run " + runId + " in account "
                                        + entry.openCommand().accountId());
    }

    private static boolean isDue(RunEntry entry, RunState.Waiting state, Instant now, JobQueues queues) {
        return state.notBefore() == null
                || !now.isBefore(state.notBefore())
                // Another machine's clock, or one that was set since: nothing waits for longer than a back-off, or its
                // interval.
                || (state.notBefore().isAfter(now.plus(BackOff.LONGEST))
                        && !IntervalDecisions.asksFor(state.notBefore(), entry, queues, now));
    }
}
