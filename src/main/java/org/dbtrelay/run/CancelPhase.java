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
        boolean learns = learnsJob(draft, entry.openOrder(), order);
        return switch (target.state()) {
            case RunState.Waiting waiting -> waits(ask(draft, targetId), entry, learns);
            case RunState.Following following -> waits(ask(draft, targetId), entry, learns);
            // As soon as its run is known, or it is sure that there is none, it moves on.
            case RunState.Starting starting -> waits(draft, entry, learns);
            case RunState.Looking looking -> waits(draft, entry, learns);
            case RunState.Cancelling cancelling -> waits(draft, entry, learns);
            case RunState.Collecting collecting ->
                draft.completed(
                        collecting.run().runId(), collecting.run().status(), hasEnded(targetId, collecting.outcome()));
            case RunState.Finished finished -> ofFinished(draft, entry, targetId, finished);
        };
    }

    private static Draft ask(Draft draft, String targetId) {
        return draft.tell(new Input.CancelAsked(targetId, CancelReason.CANCELLED_BY_RELAY));
    }

    /** The target's job is the cancel's; it is noted while the target knows it, for what is finished has shed it. */
    private static boolean learnsJob(Draft draft, Order own, @Nullable Order ofTarget) {
        @Nullable Long jobId = ofTarget == null ? null : ofTarget.jobId();
        if (ofTarget == null || jobId == null || jobId.equals(own.jobId())) {
            return false;
        }
        draft.order(own.withJob(jobId, ofTarget.jobName()));
        return true;
    }

    private static Decision waits(Draft draft, RunEntry entry, boolean changed) {
        return changed ? draft.to(entry.state()) : draft.unchanged();
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
        @Nullable RunEntry owner = lineup.followerOf(order.target(), run);
        if (owner == null) {
            draft.cancel(run);
        } else {
            draft.tell(new Input.CancelAsked(owner.commandId(), CancelReason.CANCELLED_BY_RELAY));
        }
        draft.watch(run, FollowPhase.soon(order, now));
        return draft.to(new RunState.Cancelling(run, CancelReason.CANCELLED_BY_RELAY, now, 1, null, null));
    }

    /** Its run is being cancelled and looked at: it is over when dbt Cloud says so, however the run has ended. */
    static Decision cancelling(RunEntry entry, RunState.Cancelling state, Input.About input, Instant now) {
        Order order = entry.openOrder();
        RunSnapshot run = state.run();
        return switch (input) {
            case Input.Observed(String id, RunSnapshot seen)
            when seen.runId() == run.runId() && seen.status().isTerminal() ->
                Draft.of(entry, now).completed(seen.runId(), seen.status(), "the run has ended");
            case Input.About any
            when !now.isBefore(order.terms().deadline()) ->
                Draft.of(entry, now)
                        .rejected(
                                RejectReason.EXPIRED,
                                state.trouble() == null
                                        ? UNCONFIRMED
                                        : UNCONFIRMED + "; the last cancel failed: " + state.trouble());
            case Input.Observed observed ->
                goesOn(Draft.of(entry, now).watch(run, FollowPhase.soon(order, now)), state, now);
            case Input.NotSeen missing ->
                goesOn(
                        Draft.of(entry, now)
                                .watch(
                                        run,
                                        now.plus(PollPlan.gapOfMissing(
                                                order.terms().pollInterval(),
                                                Duration.between(entry.acceptedAt(), now)))),
                        state,
                        now);
            case Input.CallFailed(Action.Watch look, CallFailure failure) ->
                goesOn(Draft.of(entry, now).then(FollowPhase.lookAgain(look, order, now)), state, now);
            case Input.CallFailed(Action.CancelRun cancel, CallFailure.Refused refused) ->
                Draft.of(entry, now).rejected(RejectReason.REFUSED_BY_DBT_CLOUD, refused.detail());
            case Input.CallFailed(Action.CancelRun cancel, CallFailure failure) ->
                Draft.of(entry, now)
                        .wakeAt(state.askedAt().plus(RunMachine.backOff(state.tries())))
                        .to(state.failed(failure.detail()));
            case Input.Woken woken
            when state.isToTryAgain(now) -> FollowPhase.cancelAgain(Draft.of(entry, now), state, now);
            case Input.Restored restored ->
                FollowPhase.cancelAgain(
                        Draft.of(entry, now).wakeAt(order.terms().deadline()).watch(run, FollowPhase.soon(order, now)),
                        state,
                        now);
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision goesOn(Draft draft, RunState.Cancelling state, Instant now) {
        return state.isToAskAgain(now) ? FollowPhase.cancelAgain(draft, state, now) : draft.unchanged();
    }
}
