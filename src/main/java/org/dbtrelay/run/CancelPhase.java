package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A command that ends another one, or a run. The command that has the run cancels it, and this one waits for what comes of
 * it; a run that no command of the partition has is cancelled here.
 */
final class CancelPhase {

    static final String UNCONFIRMED = "dbt Cloud had not confirmed the cancellation by the time-out";

    private CancelPhase() {}

    static Decision waiting(
            RunEntry entry,
            RunState.Waiting state,
            Task.Cancel task,
            Input.About input,
            Instant now,
            Policy policy,
            Lineup lineup) {
        return switch (input) {
            case Input.TargetMoved moved
            when task.run() instanceof RunSelector.OfCommand(String target) -> ofCommand(entry, target, now, lineup);
            case Input.RunRead(String id, RunSnapshot run, boolean canRetry, var whyNot, var look)
            when run != null -> ofRun(entry, run, now, policy, lineup);
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision ofCommand(RunEntry entry, String targetId, Instant now, Lineup lineup) {
        Draft draft = Draft.of(entry, now);
        @Nullable RunEntry target = lineup.find(targetId);
        if (target == null) {
            return unknownYet(draft, entry, targetId, now);
        }
        @Nullable Order order = target.order();
        if (order != null && order.task() instanceof Task.Cancel) {
            return draft.rejected(
                    RejectReason.INVALID, "target_command_id: command '" + targetId + "' is a cancel itself");
        }
        return switch (target.state()) {
            case RunState.Waiting waiting -> ask(draft, targetId);
            case RunState.Following following -> ask(draft, targetId);
            // As soon as its run is known, or it is sure that there is none, it moves on.
            case RunState.Starting starting -> Decision.NOTHING;
            case RunState.Looking looking -> Decision.NOTHING;
            case RunState.Cancelling cancelling -> Decision.NOTHING;
            case RunState.Collecting collecting ->
                draft.completed(
                        collecting.run().runId(), collecting.run().status(), hasEnded(targetId, collecting.outcome()));
            case RunState.Finished finished -> ofFinished(draft, entry, targetId, finished);
        };
    }

    private static Decision ask(Draft draft, String targetId) {
        return draft.tell(new Input.CancelAsked(targetId, CancelReason.CANCELLED_BY_RELAY))
                .unchanged();
    }

    private static Decision ofFinished(Draft draft, RunEntry entry, String targetId, RunState.Finished finished) {
        @Nullable Long runId = finished.runId();
        boolean asHoped = !Expectation.UNEXPECTED_STATUS.equals(finished.reason());
        @Nullable JobRunStatus status = asHoped ? finished.outcome().runStatus() : null;
        if (runId != null && status == null) {
            // It was given up, or was a wait that is over: its run may go on, and its end is not known here.
            Order order = entry.openOrder().with(new Task.Cancel(new RunSelector.ById(runId)));
            return draft.order(order)
                    .then(new Action.ReadRun(entry.commandId(), order.target(), runId))
                    .to(entry.state());
        }
        return draft.completed(runId, status, hasEnded(targetId, finished.outcome()));
    }

    private static String hasEnded(String targetId, EventType outcome) {
        return "command '" + targetId + "' has ended as " + outcome.wireName();
    }

    /** A command that is not known may come yet; of another partition it never does. */
    static Decision unknownYet(Draft draft, RunEntry entry, String targetId, Instant now) {
        Instant until = entry.acceptedAt().plus(WaitPhase.GRACE);
        if (now.isBefore(until)) {
            return draft.wakeAt(until).to(new RunState.Waiting(((RunState.Waiting) entry.state()).starts(), 0, until));
        }
        return draft.rejected(
                RejectReason.COMMAND_UNKNOWN,
                "target_command_id: no command '" + targetId
                        + "' is known in this partition; send it with the record key"
                        + " that the command was sent with, within the time for which ids are remembered"
                        + " (relay.ledger.retention)");
    }

    private static Decision ofRun(RunEntry entry, RunSnapshot run, Instant now, Policy policy, Lineup lineup) {
        Order order = entry.openOrder().withJob(run.jobId(), run.jobName());
        Draft draft = Draft.of(entry, now).order(order);
        @Nullable String forbidden = Acceptance.forbiddenJob(policy, order, run.jobId());
        if (forbidden != null) {
            return draft.rejected(RejectReason.FORBIDDEN, forbidden);
        }
        if (run.status().isTerminal()) {
            return draft.completed(run.runId(), run.status(), "the run had ended");
        }
        @Nullable
        RunEntry owner = lineup.inFlight(order.target(), run.jobId()).stream()
                .filter(other -> other.state() instanceof RunState.WithRun withRun
                        && withRun.run().runId() == run.runId())
                .findFirst()
                .orElse(null);
        if (owner == null) {
            draft.then(cancel(entry.commandId(), order, run));
        } else {
            draft.tell(new Input.CancelAsked(owner.commandId(), CancelReason.CANCELLED_BY_RELAY))
                    .then(watch(entry.commandId(), order, run, now));
        }
        return draft.to(new RunState.Cancelling(run, CancelReason.CANCELLED_BY_RELAY, now));
    }

    /** Its run is being cancelled: it is over when dbt Cloud says so. */
    static Decision cancelling(RunEntry entry, RunState.Cancelling state, Input.About input, Instant now) {
        Order order = entry.openOrder();
        RunSnapshot run = state.run();
        return switch (input) {
            case Input.Observed(String id, RunSnapshot seen)
            when seen.runId() == run.runId() && seen.status().isTerminal() ->
                Draft.of(entry, now).completed(seen.runId(), seen.status(), "the run has ended");
            case Input.About any
            when !now.isBefore(order.terms().deadline()) ->
                Draft.of(entry, now).rejected(RejectReason.EXPIRED, UNCONFIRMED);
            case Input.Observed observed
            when state.askedAt().plus(FollowPhase.CANCEL_AGAIN).isAfter(now) ->
                Decision.only(watch(entry.commandId(), order, run, now));
            case Input.Observed observed -> again(entry, state, now);
            case Input.NotSeen missing -> Decision.only(watch(entry.commandId(), order, run, now));
            case Input.CallFailed(String id, CallFailure.NotFound missing) ->
                Decision.only(watch(entry.commandId(), order, run, now));
            case Input.CallFailed(String id, CallFailure.Refused refused) ->
                Draft.of(entry, now).rejected(RejectReason.REFUSED_BY_DBT_CLOUD, refused.detail());
            case Input.CallFailed failed ->
                Decision.only(new Action.WakeAt(
                        entry.commandId(), now.plus(order.terms().pollInterval())));
            case Input.Woken woken when now.isAfter(state.askedAt()) -> again(entry, state, now);
            case Input.Restored restored -> again(entry, state, now);
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision again(RunEntry entry, RunState.Cancelling state, Instant now) {
        Order order = entry.openOrder();
        return Draft.of(entry, now)
                .wakeAt(order.terms().deadline())
                .then(cancel(entry.commandId(), order, state.run()))
                .to(new RunState.Cancelling(state.run(), state.reason(), now));
    }

    private static Action cancel(String commandId, Order order, RunSnapshot run) {
        return new Action.CancelRun(commandId, order.target(), run.runId(), order.traceparent());
    }

    private static Action watch(String commandId, Order order, RunSnapshot run, Instant now) {
        return new Action.Watch(
                commandId,
                order.target(),
                run.runId(),
                now.plus(PollPlan.gap(order.terms().pollInterval(), Duration.ZERO)));
    }
}
