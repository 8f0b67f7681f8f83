package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
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
            RunEntry entry, RunState.Waiting state, Input.About input, Instant now, Policy policy, Lineup lineup) {
        Order order = entry.openOrder();
        return switch (input) {
            case Input.CancelAsked(String id, CancelReason reason) ->
                Draft.of(entry, now).cancelled(reason, withoutRun(reason));
            case Input.CallFailed(Action action, CallFailure failure) ->
                isAsked(action) ? callFailed(entry, state, failure, now) : Decision.NOTHING;
            case Input.NotSeen(String id, long runId) -> unseen(entry, state, runId, now);
            case Input.Woken woken when isOver(order, now) -> over(entry, state, now);
            case Input.Woken woken when !isDue(state, now) || state.notBefore() == null -> Decision.NOTHING;
            case Input.Woken woken ->
                next(Draft.of(entry, now), entry, now, policy, lineup)
                        .to(new RunState.Waiting(state.starts(), state.failures(), null));
            case Input.Restored restored -> restored(entry, state, now, policy, lineup);
            // It has lost its turn and asks anew when it tries again; until then its place is another's.
            case Input.MayStart late when state.notBefore() != null -> Decision.NOTHING;
            case Input.InFlight late when state.notBefore() != null -> Decision.NOTHING;
            case Input.RunRead late
            when state.notBefore() != null && order.task().starts() -> Decision.NOTHING;
            case Input.About other ->
                switch (order.task()) {
                    case Task.Cancel cancel -> CancelPhase.waiting(entry, state, cancel, other, now, policy, lineup);
                    case Task.Follow follow -> FollowPhase.waiting(entry, follow, other, now, policy);
                    case Task.Retry retry -> RetryPhase.waiting(entry, state, retry, other, now, policy, lineup);
                    case Task.Rerun rerun -> StartPhase.waiting(entry, state, other, now, policy, lineup);
                    case Task.Trigger trigger -> StartPhase.waiting(entry, state, other, now, policy, lineup);
                };
        };
    }

    /** Adds what is to be done first, or next. A command that starts a run waits for its turn, which comes by itself. */
    static Draft next(Draft draft, RunEntry entry, Instant now, Policy policy, Lineup lineup) {
        Order order = entry.openOrder();
        return switch (order.task()) {
            case Task.Trigger trigger when trigger.dryRun() -> draft.then(readJob(entry.commandId(), order, trigger));
            case Task.Trigger trigger -> draft;
            case Task.Rerun rerun -> draft;
            case Task.Retry(RunSelector.ById(long runId)) ->
                order.jobId() == null ? draft.then(readRun(entry.commandId(), order, runId)) : draft;
            case Task.Retry(RunSelector.OfCommand target) -> draft.tell(new Input.TargetMoved(entry.commandId()));
            case Task.Cancel(RunSelector.ById(long runId)) -> draft.then(readRun(entry.commandId(), order, runId));
            case Task.Cancel(RunSelector.OfCommand target) -> draft.tell(new Input.TargetMoved(entry.commandId()));
            case Task.Follow follow -> draft.then(readRun(entry.commandId(), order, follow.runId()));
        };
    }

    private static Decision restored(
            RunEntry entry, RunState.Waiting state, Instant now, Policy policy, Lineup lineup) {
        Draft draft = bounds(Draft.of(entry, now), entry.openOrder());
        if (state.notBefore() != null) {
            return draft.wakeAt(isDue(state, now) ? now : state.notBefore()).unchanged();
        }
        return next(draft, entry, now, policy, lineup).unchanged();
    }

    /** Adds the times at which a command is over, whatever has become of it. */
    static Draft bounds(Draft draft, Order order) {
        draft.wakeAt(order.terms().deadline());
        return order.expiresAt() == null ? draft : draft.wakeAt(order.expiresAt());
    }

    /** The order with its job known, and with the terms that hold for that job. */
    static Order settled(RunEntry entry, long jobId, @Nullable String jobName, Policy policy) {
        Order order = entry.openOrder().withJob(jobId, jobName);
        return order.open() == null
                ? order
                : order.on(policy.terms(order.open(), order.connection(), jobId, entry.acceptedAt()));
    }

    private static boolean isOver(Order order, Instant now) {
        return order.isExpired(now) || !now.isBefore(order.terms().deadline());
    }

    /** What ends a command that nothing can be begun for any more; null: there is time. */
    static @Nullable Decision overOrNull(RunEntry entry, RunState.Waiting state, Instant now) {
        return isOver(entry.openOrder(), now) ? over(entry, state, now) : null;
    }

    private static Decision over(RunEntry entry, RunState.Waiting state, Instant now) {
        Order order = entry.openOrder();
        Draft draft = Draft.of(entry, now);
        if (order.isExpired(now)) {
            String message = "expires_at " + order.expiresAt() + " passed before it could be begun";
            return state.starts().unclear() == 0
                    ? draft.rejected(RejectReason.EXPIRED, state.starts().explain(message))
                    : draft.abandon(
                            null, AbandonReason.START_UNCLEAR, state.starts().explain(message + " again"));
        }
        if (order.task().hasNoRun()) {
            return draft.rejected(
                    RejectReason.EXPIRED,
                    state.starts()
                            .explain(
                                    order.task() instanceof Task.Cancel
                                            ? CancelPhase.UNCONFIRMED
                                            : "the time-out passed before everything could be checked"));
        }
        return draft.abandon(
                null,
                AbandonReason.DEADLINE,
                state.starts()
                        .explain(
                                order.task().starts()
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
            case Action.WakeAt wake -> false;
            case Action.Start start -> false;
            case Action.SearchMarker search -> false;
            case Action.SearchRetry search -> false;
            case Action.Watch watch -> false;
            case Action.ReadEnd read -> false;
            case Action.Explain explain -> false;
            case Action.CancelRun cancel -> false;
            case Action.CancelOther cancel -> false;
            case Action.CancelQueued cancel -> false;
            case Action.Collect collect -> false;
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
                Draft.of(entry, now).rejected(RejectReason.REFUSED_BY_DBT_CLOUD, refused.detail());
            case CallFailure.NotFound notFound ->
                Draft.of(entry, now).rejected(RejectReason.JOB_NOT_FOUND, notFound.detail());
            case CallFailure.Unclear unclear -> later(entry, failed, now);
            case CallFailure.NotSent notSent -> later(entry, failed, now);
            case CallFailure.Limited limited -> later(entry, failed, now);
            case CallFailure.Suspended suspended -> later(entry, failed, now);
        };
    }

    private static Decision unseen(RunEntry entry, RunState.Waiting state, long runId, Instant now) {
        return now.isBefore(entry.acceptedAt().plus(GRACE))
                ? later(entry, state, now)
                : Draft.of(entry, now)
                        .rejected(
                                RejectReason.RUN_NOT_FOUND,
                                "run_id: dbt Cloud knows no run " + runId + " in account "
                                        + entry.openOrder().accountId());
    }

    /** Try again after a while, if there is time left. */
    static Decision later(RunEntry entry, RunState.Waiting state, Instant now) {
        @Nullable Decision over = overOrNull(entry, state, now);
        return over == null ? later(Draft.of(entry, now), state, now) : over;
    }

    static Decision later(Draft draft, RunState.Waiting state, Instant now) {
        Instant at = now.plus(RunMachine.backOff(state.failures()));
        return draft.wakeAt(at).to(new RunState.Waiting(state.starts(), state.failures() + 1, at));
    }

    private static boolean isDue(RunState.Waiting state, Instant now) {
        return state.notBefore() == null
                || !now.isBefore(state.notBefore())
                // Another machine's clock, or one that was set since: nothing waits for longer than a back-off.
                || state.notBefore().isAfter(now.plus(RunMachine.LONGEST_BACK_OFF));
    }

    private static Action readJob(String commandId, Order order, Task.Trigger trigger) {
        return switch (trigger.job()) {
            case JobSelector.ById(long jobId) -> new Action.ReadJob(commandId, order.target(), jobId, true);
            case JobSelector.ByNames(JobNames names) -> new Action.LookUpJob(commandId, order.target(), names);
        };
    }

    private static Action readRun(String commandId, Order order, long runId) {
        return new Action.ReadRun(commandId, order.target(), runId);
    }

    private static String withoutRun(CancelReason reason) {
        return reason == CancelReason.SUPERSEDED
                ? "a command with if_running=replace took its place before a run was started"
                : "it was cancelled before a run was started";
    }
}
