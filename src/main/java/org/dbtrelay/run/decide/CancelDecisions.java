package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * A command that ends another one, or a run. The command that has the run cancels it, and this one waits for what comes of
 * it; a run that no command of the partition has is cancelled here.
 */
final class CancelDecisions {

    private CancelDecisions() {}

    static Decision waiting(
            RunEntry entry,
            RunState.Waiting state,
            Task.Cancel task,
            Input.CommandInput input,
            Instant now,
            Policy policy,
            JobQueues queues) {
        return switch (input) {
            case Input.TargetChanged moved
            when task.run() instanceof RunSelector.OfCommand(String target) -> ofCommand(entry, target, now, queues);
            case Input.RunRead(String id, RunSnapshot run, boolean canRetry, var whyNot, var check)
            when run != null -> ofRun(entry, run, now, policy, queues);
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    private static Decision ofCommand(RunEntry entry, String targetId, Instant now, JobQueues queues) {
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        @Nullable RunEntry target = queues.find(targetId);
        if (target == null) {
            return CommonDecisions.unknownYet(builder, entry, targetId, now);
        }
        @Nullable ResolvedCommand resolved = target.resolved();
        if (resolved != null && resolved.task() instanceof Task.Cancel) {
            return builder.rejected(
                    RejectReason.INVALID, "target_command_id: command '" + targetId + "' is a cancel itself");
        }
        boolean learns = learnsJob(builder, entry.openCommand(), resolved);
        return switch (target.state()) {
            case RunState.Waiting waiting -> waits(ask(builder, targetId), entry, learns);
            case RunState.Judging judging -> waits(ask(builder, targetId), entry, learns);
            case RunState.Retrying retrying -> waits(ask(builder, targetId), entry, learns);
            case RunState.Joined joined -> waits(ask(builder, targetId), entry, learns);
            case RunState.Following following -> waits(ask(builder, targetId), entry, learns);
            // As soon as its run is known, or it is sure that there is none, it moves on.
            case RunState.Starting starting -> waits(builder, entry, learns);
            case RunState.Searching searching -> waits(builder, entry, learns);
            case RunState.Cancelling cancelling -> waits(builder, entry, learns);
            case RunState.Collecting collecting ->
                builder.completed(
                        collecting.run().runId(), collecting.run().status(), hasEnded(targetId, collecting.outcome()));
            case RunState.Finished finished -> ofFinished(builder, entry, target, finished, queues);
        };
    }

    private static DecisionBuilder ask(DecisionBuilder builder, String targetId) {
        return builder.tell(new Input.CancelRequested(targetId, CancelReason.CANCELLED_BY_RELAY));
    }

    /** The target's job is the cancel's; it is noted while the target knows it, for what is finished has shed it. */
    private static boolean learnsJob(DecisionBuilder builder, ResolvedCommand own, @Nullable ResolvedCommand ofTarget) {
        @Nullable Long jobId = ofTarget == null ? null : ofTarget.jobId();
        if (ofTarget == null || jobId == null || jobId.equals(own.jobId())) {
            return false;
        }
        builder.resolved(own.withJob(jobId, ofTarget.jobName()));
        return true;
    }

    private static Decision waits(DecisionBuilder builder, RunEntry entry, boolean changed) {
        return changed ? builder.to(entry.state()) : builder.unchanged();
    }

    private static Decision ofFinished(
            DecisionBuilder builder, RunEntry entry, RunEntry target, RunState.Finished finished, JobQueues queues) {
        String targetId = target.commandId();
        @Nullable Long runId = finished.runId();
        boolean asHoped = !Expectation.UNEXPECTED_STATUS.equals(finished.reason());
        @Nullable JobRunStatus status = asHoped ? finished.outcome().runStatus() : null;
        boolean goesOn =
                runId != null && status == null && target.share() != null && queues.leaderOf(target.share()) != null;
        if (isLeft(finished) || goesOn) {
            return builder.completed(
                    null, null, hasEnded(targetId, finished.outcome()) + "; its run is for others, too, and goes on");
        }
        if (runId != null && status == null) {
            // It was given up, or was a wait that is over: its run may go on, and its end is not known here.
            ResolvedCommand resolved = entry.openCommand().with(new Task.Cancel(new RunSelector.ById(runId)));
            return builder.resolved(resolved)
                    .then(new Action.ReadRun(entry.commandId(), resolved.target(), runId))
                    .to(entry.state());
        }
        return builder.completed(runId, status, hasEnded(targetId, finished.outcome()));
    }

    private static boolean isLeft(RunState.Finished finished) {
        return CancelReason.LEFT_TO_OTHERS.wireName().equals(finished.reason());
    }

    private static String hasEnded(String targetId, EventType outcome) {
        return "command '" + targetId + "' has ended as " + outcome.wireName();
    }

    private static Decision ofRun(RunEntry entry, RunSnapshot run, Instant now, Policy policy, JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand().withJob(run.jobId(), run.jobName());
        DecisionBuilder builder = DecisionBuilder.of(entry, now).resolved(resolved);
        @Nullable String forbidden = CommonDecisions.forbiddenJob(policy, resolved, run.jobId());
        if (forbidden != null) {
            return builder.rejected(RejectReason.FORBIDDEN, forbidden);
        }
        if (run.status().isTerminal()) {
            return builder.completed(run.runId(), run.status(), "the run had ended");
        }
        @Nullable RunEntry owner = queues.followerOf(resolved.target(), run);
        if (owner == null || queues.isShared(owner)) {
            // Those that share it hear of its end by polling it: each of them alone would only leave it to the others.
            builder.cancel(run);
        } else {
            builder.tell(new Input.CancelRequested(owner.commandId(), CancelReason.CANCELLED_BY_RELAY));
        }
        builder.watch(run, CommonDecisions.soon(resolved, now));
        return builder.to(new RunState.Cancelling(run, CancelReason.CANCELLED_BY_RELAY, now, 1, null, null));
    }

    /** Its run is being cancelled and polled: it is over when dbt Cloud says so, however the run has ended. */
    static Decision cancelling(RunEntry entry, RunState.Cancelling state, Input.CommandInput input, Instant now) {
        ResolvedCommand resolved = entry.openCommand();
        RunSnapshot run = state.run();
        return switch (input) {
            case Input.RunObserved(String id, RunSnapshot seen)
            when seen.runId() == run.runId() && seen.status().isTerminal() ->
                DecisionBuilder.of(entry, now).completed(seen.runId(), seen.status(), "the run has ended");
            case Input.CommandInput any
            when !now.isBefore(resolved.options().deadline()) ->
                DecisionBuilder.of(entry, now)
                        .rejected(
                                RejectReason.EXPIRED,
                                state.trouble() == null
                                        ? CommonDecisions.UNCONFIRMED
                                        : CommonDecisions.UNCONFIRMED + "; the last cancel failed: " + state.trouble());
            case Input.RunObserved observed ->
                goesOn(DecisionBuilder.of(entry, now).watch(run, CommonDecisions.soon(resolved, now)), state, now);
            case Input.RunNotFound missing ->
                goesOn(
                        DecisionBuilder.of(entry, now)
                                .watch(
                                        run,
                                        now.plus(PollPlan.gapOfMissing(
                                                resolved.options().pollInterval(),
                                                Duration.between(entry.acceptedAt(), now)))),
                        state,
                        now);
            case Input.CallFailed(Action.SchedulePoll poll, CallFailure failure) ->
                goesOn(DecisionBuilder.of(entry, now).then(CommonDecisions.pollAgain(poll, resolved, now)), state, now);
            case Input.CallFailed(Action.CancelRun cancel, CallFailure.Refused refused) ->
                DecisionBuilder.of(entry, now).rejected(RejectReason.REFUSED_BY_DBT_CLOUD, refused.detail());
            case Input.CallFailed(Action.CancelRun cancel, CallFailure failure) ->
                DecisionBuilder.of(entry, now)
                        .wakeAt(state.askedAt().plus(BackOff.after(state.tries())))
                        .to(state.failed(failure.detail()));
            case Input.TimerFired fired
            when state.isToTryAgain(now) -> CommonDecisions.cancelAgain(DecisionBuilder.of(entry, now), state, now);
            case Input.Restored restored ->
                CommonDecisions.cancelAgain(
                        DecisionBuilder.of(entry, now)
                                .wakeAt(resolved.options().deadline())
                                .watch(run, CommonDecisions.soon(resolved, now)),
                        state,
                        now);
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    private static Decision goesOn(DecisionBuilder builder, RunState.Cancelling state, Instant now) {
        return state.isToAskAgain(now) ? CommonDecisions.cancelAgain(builder, state, now) : builder.unchanged();
    }
}
