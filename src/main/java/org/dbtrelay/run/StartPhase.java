package org.dbtrelay.run;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** From acceptance to a run: the job is known, the budget has a request, the intent is recorded, the trigger is sent. */
final class StartPhase {

    private StartPhase() {}

    static Decision waiting(RunEntry entry, RunState.Waiting state, Input.About input, Instant now, Policy policy) {
        Order order = entry.openOrder();
        return switch (input) {
            case Input.MayStart mayStart -> start(entry, state, mayStart.newestRunId(), now, policy);
            case Input.JobFound(String id, JobDetails job) -> jobFound(entry, state, job, now, policy);
            case Input.JobRefused(String id, RejectReason reason, String message) ->
                rejected(entry, reason, message, now);
            case Input.CallFailed failed -> later(entry, state, now);
            case Input.Restored restored ->
                Draft.of(entry, now)
                        .then(whenDue(entry, state, now))
                        .then(new Action.WakeAt(entry.commandId(), order.deadline()))
                        .unchanged();
            case Input.Woken woken when !now.isBefore(order.deadline()) -> deadline(entry, now);
            case Input.Woken woken
            when isDue(state, now) ->
                state.notBefore() == null
                        ? Decision.NOTHING
                        : Draft.of(entry, now)
                                .then(nextStep(entry.commandId(), order))
                                .to(new RunState.Waiting(state.starts(), state.failures(), null));
            case Input.About other -> Decision.NOTHING;
        };
    }

    static Decision starting(RunEntry entry, RunState.Starting state, Input.About input, Instant now, Policy policy) {
        return switch (input) {
            case Input.Started started
            when started.attempt() == state.attempt() ->
                FollowPhase.begin(Draft.of(entry, now), entry, started.run(), now);
            case Input.StartRefused refused
            when refused.attempt() == state.attempt() -> rejected(entry, refused.reason(), refused.message(), now);
            case Input.StartFailed failed
            when failed.attempt() == state.attempt() -> startFailed(entry, state, failed.failure(), now, policy);
            // The owner that wrote the intent is gone, and with it the knowledge of what became of the trigger.
            case Input.Restored restored -> LookPhase.begin(entry, state, now, policy);
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision start(
            RunEntry entry, RunState.Waiting state, @Nullable Long newestRunId, Instant now, Policy policy) {
        Order order = entry.openOrder();
        if (order.jobId() == null) {
            return Decision.NOTHING;
        }
        if (!now.isBefore(order.deadline())) {
            return deadline(entry, now);
        }
        Starts starts = state.starts().begin(now, newestRunId);
        String cause = marker(entry, policy).inFrontOf(order.cause());
        return Draft.of(entry, now)
                .then(new Action.Start(
                        entry.commandId(),
                        starts.attempts(),
                        now,
                        RunMachine.target(order),
                        order.jobId(),
                        cause,
                        order.overrides(),
                        order.traceparent()))
                .to(new RunState.Starting(starts));
    }

    private static Decision startFailed(
            RunEntry entry, RunState.Starting state, CallFailure failure, Instant now, Policy policy) {
        return switch (failure) {
            case CallFailure.Unclear unclear -> LookPhase.begin(entry, state, now, policy);
            case CallFailure.NotSent notSent -> later(entry, waitingAfter(state), now);
            case CallFailure.Limited limited -> later(entry, waitingAfter(state), now);
            case CallFailure.Suspended suspended -> later(entry, waitingAfter(state), now);
            case CallFailure.NotFound notFound -> rejected(entry, RejectReason.JOB_NOT_FOUND, notFound.detail(), now);
            case CallFailure.Refused refused ->
                rejected(entry, RejectReason.REFUSED_BY_DBT_CLOUD, refused.detail(), now);
        };
    }

    private static RunState.Waiting waitingAfter(RunState.Starting state) {
        return new RunState.Waiting(state.starts().surelyNot(), 0, null);
    }

    /** Nothing was started; try again after a while. */
    private static Decision later(RunEntry entry, RunState.Waiting state, Instant now) {
        Instant at = now.plus(RunMachine.backOff(state.failures()));
        return Draft.of(entry, now)
                .then(new Action.WakeAt(entry.commandId(), at))
                .to(new RunState.Waiting(state.starts(), state.failures() + 1, at));
    }

    private static Decision jobFound(
            RunEntry entry, RunState.Waiting state, JobDetails job, Instant now, Policy policy) {
        Order order = entry.openOrder();
        if (order.jobId() != null) {
            return Decision.NOTHING;
        }
        Policy.ForConnection connection = policy.connections().get(order.connection());
        @Nullable
        String forbidden =
                connection == null ? null : Acceptance.forbiddenJob(connection, order.connection(), job.jobId());
        if (forbidden != null) {
            return rejected(entry, RejectReason.FORBIDDEN, forbidden, now);
        }
        if (job.deactivated()) {
            return rejected(
                    entry,
                    RejectReason.JOB_DEACTIVATED,
                    "job " + job.jobId() + " '" + job.name() + "' is deactivated in dbt Cloud",
                    now);
        }
        Order known = order.withJob(job.jobId(), job.name());
        return Draft.of(entry, now)
                .order(known)
                .then(new Action.ReserveStart(entry.commandId(), RunMachine.target(known), job.jobId()))
                .to(new RunState.Waiting(state.starts(), 0, null));
    }

    private static Decision deadline(RunEntry entry, Instant now) {
        return Draft.of(entry, now)
                .abandoned(null, AbandonReason.DEADLINE, "the time-out passed before a run could be started")
                .finish(EventType.RUN_ABANDONED, AbandonReason.DEADLINE.wireName(), null);
    }

    private static Decision rejected(RunEntry entry, RejectReason reason, String message, Instant now) {
        return Draft.of(entry, now)
                .command(EventType.COMMAND_REJECTED, reason, message)
                .finish(EventType.COMMAND_REJECTED, reason.wireName(), null);
    }

    private static boolean isDue(RunState.Waiting state, Instant now) {
        return state.notBefore() == null
                || !now.isBefore(state.notBefore())
                // Another machine's clock, or one that was set since: nothing waits for longer than a back-off.
                || state.notBefore().isAfter(now.plus(RunMachine.LONGEST_BACK_OFF));
    }

    private static Action whenDue(RunEntry entry, RunState.Waiting state, Instant now) {
        return state.notBefore() == null || isDue(state, now)
                ? nextStep(entry.commandId(), entry.openOrder())
                : new Action.WakeAt(entry.commandId(), state.notBefore());
    }

    /** What brings a waiting command on: its job, if that is open, else the budget. */
    static Action nextStep(String commandId, Order order) {
        @Nullable Long found = order.jobId();
        return switch (order.selector()) {
            case JobSelector.ById(long jobId) -> new Action.ReserveStart(commandId, RunMachine.target(order), jobId);
            case JobSelector.ByNames(JobNames names) ->
                found == null
                        ? new Action.LookUpJob(commandId, RunMachine.target(order), names)
                        : new Action.ReserveStart(commandId, RunMachine.target(order), found);
        };
    }

    static CauseMarker marker(RunEntry entry, Policy policy) {
        return CauseMarker.of(policy.deployment(), policy.ledgerTopic(), entry.commandId());
    }
}
