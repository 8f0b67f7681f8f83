package org.dbtrelay.run.decide;

import java.time.Instant;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;

/** A {@code retry} of one run: the relay asks dbt Cloud before each start whether the run can be resumed. */
final class RetryDecisions {

    private RetryDecisions() {}

    /** A retry of one run. */
    static Decision waiting(
            RunEntry entry,
            RunState.Waiting state,
            Task.Retry task,
            Input.CommandInput input,
            Instant now,
            Policy policy,
            JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        return switch (input) {
            case Input.TargetChanged moved
            when task.run() instanceof RunSelector.OfCommand(String target) -> ofCommand(entry, target, now, queues);
            case Input.TurnReached turn
            when task.run() instanceof RunSelector.ById(long runId) ->
                Decision.only(new Action.ReadRun(entry.commandId(), resolved.target(), runId));
            case Input.RunRead(String id, RunSnapshot run, boolean canRetry, var whyNot, var check)
            when run != null -> {
                if (!canRetry) {
                    yield DecisionBuilder.of(entry, now)
                            .rejected(RejectReason.NOT_RETRYABLE, CommonDecisions.whyNot(run, whyNot));
                }
                if (resolved.jobId() != null && (queues.justAheadOf(entry) != null || queues.isSuspended(entry))) {
                    // Read before its turn, as after a claim; it is read again then.
                    yield Decision.NOTHING;
                }
                yield resolved.jobId() == null
                        ? jobKnown(entry, run, now, policy)
                        : Decision.only(new Action.ReserveStart(
                                entry.commandId(),
                                resolved.target(),
                                resolved.jobId(),
                                new StartCall.Retry(run.runId()),
                                null));
            }
            case Input.CommandInput other -> StartDecisions.waiting(entry, state, other, now, policy, queues);
        };
    }

    private static Decision jobKnown(RunEntry entry, RunSnapshot run, Instant now, Policy policy) {
        ResolvedCommand known = CommonDecisions.settled(entry, run.jobId(), run.jobName(), policy);
        DecisionBuilder builder =
                CommonDecisions.bounds(DecisionBuilder.of(entry, now).resolved(known), known);
        @Nullable String forbidden = CommonDecisions.forbiddenJob(policy, known, run.jobId());
        return forbidden == null ? builder.to(entry.state()) : builder.rejected(RejectReason.FORBIDDEN, forbidden);
    }

    /** The run of another command is retried when that one has ended. */
    private static Decision ofCommand(RunEntry entry, String targetId, Instant now, JobQueues queues) {
        @Nullable RunEntry target = queues.find(targetId);
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        if (target == null) {
            return CommonDecisions.unknownYet(builder, entry, targetId, now);
        }
        @Nullable
        Long runId = switch (target.state()) {
            case RunState.Collecting collecting -> Long.valueOf(collecting.run().runId());
            case RunState.Finished finished -> finished.runId();
            case RunState.Waiting waiting -> null;
            case RunState.Starting starting -> null;
            case RunState.Searching searching -> null;
            case RunState.Following following -> null;
            case RunState.Cancelling cancelling -> null;
            case RunState.Judging judging -> null;
            case RunState.Retrying retrying -> null;
        };
        if (runId == null) {
            return builder.rejected(
                    RejectReason.NOT_RETRYABLE,
                    target.unfinished()
                            ? "target_command_id: command '" + targetId + "' has not ended"
                            : "target_command_id: command '" + targetId + "' had no run");
        }
        ResolvedCommand resolved = entry.openCommand().with(new Task.Retry(new RunSelector.ById(runId)));
        return builder.resolved(resolved)
                .then(new Action.ReadRun(entry.commandId(), resolved.target(), runId))
                .to(entry.state());
    }
}
