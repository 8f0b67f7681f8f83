package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * A command that has been accepted and of which nothing is on its way yet: what it is about is found out, and what is over
 * before it began is ended.
 */
final class WaitPhase {

    /** So long may what a command names be unknown: it may be on its way, and a young run is not known everywhere. */
    static final Duration GRACE = Duration.ofMinutes(1);

    private WaitPhase() {}

    static Decision waiting(
            RunEntry entry,
            RunState.Waiting state,
            Input.CommandInput input,
            Instant now,
            Policy policy,
            JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        return switch (input) {
            case Input.CancelRequested(String id, CancelReason reason) ->
                DecisionBuilder.of(entry, now).cancelled(reason, withoutRun(reason));
            case Input.CallFailed(Action action, CallFailure failure) ->
                isAsked(action) ? callFailed(entry, state, failure, now) : Decision.NOTHING;
            case Input.RunNotFound(String id, long runId) -> unseen(entry, state, runId, now);
            case Input.TimerFired woken when isOver(resolved, now) -> over(entry, state, now);
            case Input.TimerFired woken when !isDue(state, now) || state.notBefore() == null -> Decision.NOTHING;
            case Input.TimerFired woken ->
                next(DecisionBuilder.of(entry, now), entry, now, policy, queues)
                        .to(new RunState.Waiting(state.starts(), state.failures(), null));
            case Input.Restored restored -> restored(entry, state, now, policy, queues);
            // It has lost its turn and asks anew when it tries again; until then its place is another's.
            case Input.StartReserved late when state.notBefore() != null -> Decision.NOTHING;
            case Input.RunsInFlight late when state.notBefore() != null -> Decision.NOTHING;
            case Input.RunRead late
            when state.notBefore() != null && resolved.task().starts() -> Decision.NOTHING;
            case Input.CommandInput other ->
                switch (resolved.task()) {
                    case Task.Cancel cancel -> CancelPhase.waiting(entry, state, cancel, other, now, policy, queues);
                    case Task.Follow follow -> FollowPhase.waiting(entry, follow, other, now, policy);
                    case Task.Retry retry -> RetryPhase.waiting(entry, state, retry, other, now, policy, queues);
                    case Task.Rerun rerun -> StartPhase.waiting(entry, state, other, now, policy, queues);
                    case Task.Trigger trigger -> StartPhase.waiting(entry, state, other, now, policy, queues);
                };
        };
    }

    /** Adds what is to be done first, or next. A command that starts a run waits for its turn, which comes by itself. */
    static DecisionBuilder next(DecisionBuilder builder, RunEntry entry, Instant now, Policy policy, JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        return switch (resolved.task()) {
            case Task.Trigger trigger
            when trigger.dryRun() -> builder.then(readJob(entry.commandId(), resolved, trigger));
            case Task.Trigger trigger -> builder;
            case Task.Rerun rerun -> builder;
            case Task.Retry(RunSelector.ById(long runId)) ->
                resolved.jobId() == null ? builder.then(readRun(entry.commandId(), resolved, runId)) : builder;
            case Task.Retry(RunSelector.OfCommand target) -> builder.tell(new Input.TargetChanged(entry.commandId()));
            case Task.Cancel(RunSelector.ById(long runId)) -> builder.then(readRun(entry.commandId(), resolved, runId));
            case Task.Cancel(RunSelector.OfCommand target) -> builder.tell(new Input.TargetChanged(entry.commandId()));
            case Task.Follow follow -> builder.then(readRun(entry.commandId(), resolved, follow.runId()));
        };
    }

    private static Decision restored(
            RunEntry entry, RunState.Waiting state, Instant now, Policy policy, JobQueues queues) {
        DecisionBuilder builder = bounds(DecisionBuilder.of(entry, now), entry.openCommand());
        if (state.notBefore() != null) {
            return builder.wakeAt(isDue(state, now) ? now : state.notBefore()).unchanged();
        }
        return next(builder, entry, now, policy, queues).unchanged();
    }

    /** Adds the times at which a command is over, whatever has become of it. */
    static DecisionBuilder bounds(DecisionBuilder builder, ResolvedCommand resolved) {
        builder.wakeAt(resolved.options().deadline());
        return resolved.expiresAt() == null ? builder : builder.wakeAt(resolved.expiresAt());
    }

    /** The order with its job known, and with the terms that hold for that job. */
    static ResolvedCommand settled(RunEntry entry, long jobId, @Nullable String jobName, Policy policy) {
        ResolvedCommand resolved = entry.openCommand().withJob(jobId, jobName);
        return resolved.requested() == null
                ? resolved
                : resolved.on(policy.options(resolved.requested(), resolved.connection(), jobId, entry.acceptedAt()));
    }

    private static boolean isOver(ResolvedCommand resolved, Instant now) {
        return resolved.isExpired(now) || !now.isBefore(resolved.options().deadline());
    }

    /** What ends a command that nothing can be begun for any more; null: there is time. */
    static @Nullable Decision overOrNull(RunEntry entry, RunState.Waiting state, Instant now) {
        return isOver(entry.openCommand(), now) ? over(entry, state, now) : null;
    }

    private static Decision over(RunEntry entry, RunState.Waiting state, Instant now) {
        ResolvedCommand resolved = entry.openCommand();
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        if (resolved.isExpired(now)) {
            String message = "expires_at " + resolved.expiresAt() + " passed before it could be begun";
            return state.starts().unclear() == 0
                    ? builder.rejected(RejectReason.EXPIRED, state.starts().explain(message))
                    : builder.abandon(
                            null, AbandonReason.START_UNCLEAR, state.starts().explain(message + " again"));
        }
        if (resolved.task().hasNoRun()) {
            return builder.rejected(
                    RejectReason.EXPIRED,
                    state.starts()
                            .explain(
                                    resolved.task() instanceof Task.Cancel
                                            ? CancelPhase.UNCONFIRMED
                                            : "the time-out passed before everything could be checked"));
        }
        return builder.abandon(
                null,
                AbandonReason.DEADLINE,
                state.starts()
                        .explain(
                                resolved.task().starts()
                                        ? "the time-out passed before a run could be started"
                                        : "the time-out passed before dbt Cloud could be asked"));
    }

    /** Whether a command that waits has asked for this; anything else is the late answer of what it was before. */
    private static boolean isAsked(Action action) {
        return switch (action) {
            case Action.LookUpJob lookUp -> true;
            case Action.ReadJob read -> true;
            case Action.ReadRun read -> true;
            case Action.ReadNewestRun read -> true;
            case Action.ListInFlight list -> true;
            case Action.ReserveStart reserve -> true;
            case Action.SetTimer wake -> false;
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

    private static Decision callFailed(RunEntry entry, RunState.Waiting state, CallFailure failure, Instant now) {
        RunState.Waiting failed =
                new RunState.Waiting(state.starts().failed(failure), state.failures(), state.notBefore());
        if (state.starts().attempts() > 0) {
            return later(entry, failed, now);
        }
        return switch (failure) {
            case CallFailure.Refused refused ->
                DecisionBuilder.of(entry, now).rejected(RejectReason.REFUSED_BY_DBT_CLOUD, refused.detail());
            case CallFailure.NotFound notFound ->
                DecisionBuilder.of(entry, now).rejected(RejectReason.JOB_NOT_FOUND, notFound.detail());
            case CallFailure.Unclear unclear -> later(entry, failed, now);
            case CallFailure.NotSent notSent -> later(entry, failed, now);
            case CallFailure.Limited limited -> later(entry, failed, now);
            case CallFailure.Suspended suspended -> later(entry, failed, now);
        };
    }

    private static Decision unseen(RunEntry entry, RunState.Waiting state, long runId, Instant now) {
        return now.isBefore(entry.acceptedAt().plus(GRACE))
                ? later(entry, state, now)
                : DecisionBuilder.of(entry, now)
                        .rejected(
                                RejectReason.RUN_NOT_FOUND,
                                "run_id: dbt Cloud knows no run " + runId + " in account "
                                        + entry.openCommand().accountId());
    }

    /** Try again after a while, if there is time left. */
    static Decision later(RunEntry entry, RunState.Waiting state, Instant now) {
        @Nullable Decision over = overOrNull(entry, state, now);
        return over == null ? later(DecisionBuilder.of(entry, now), state, now) : over;
    }

    static Decision later(DecisionBuilder builder, RunState.Waiting state, Instant now) {
        Instant at = now.plus(BackOff.after(state.failures()));
        return builder.wakeAt(at).to(new RunState.Waiting(state.starts(), state.failures() + 1, at));
    }

    private static boolean isDue(RunState.Waiting state, Instant now) {
        return state.notBefore() == null
                || !now.isBefore(state.notBefore())
                // Another machine's clock, or one that was set since: nothing waits for longer than a back-off.
                || state.notBefore().isAfter(now.plus(BackOff.LONGEST));
    }

    private static Action readJob(String commandId, ResolvedCommand resolved, Task.Trigger trigger) {
        return switch (trigger.job()) {
            case JobSelector.ById(long jobId) -> new Action.ReadJob(commandId, resolved.target(), jobId, true);
            case JobSelector.ByNames(JobNames names) -> new Action.LookUpJob(commandId, resolved.target(), names);
        };
    }

    private static Action readRun(String commandId, ResolvedCommand resolved, long runId) {
        return new Action.ReadRun(commandId, resolved.target(), runId);
    }

    private static String withoutRun(CancelReason reason) {
        return reason == CancelReason.SUPERSEDED
                ? "a command with if_running=replace took its place before a run was started"
                : "it was cancelled before a run was started";
    }
}
