package org.dbtrelay.run.decide;

import java.time.Instant;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * The decision: one pure function from the entry, the input, the time and the policy to what changes,
 * what is told and what is to be done. It never throws for an input that does not fit the state (a late answer, a second
 * one): that changes nothing.
 */
public final class RunMachine {

    private RunMachine() {}

    /**
     * Decides.
     *
     * @param entry the entry of the command that the input is about; null if there is none
     * @param queues the other commands of the partition
     */
    public static Decision decide(@Nullable RunEntry entry, Input input, Instant now, Policy policy, JobQueues queues) {
        return switch (input) {
            case Input.NotACommand unreadable -> Decision.deadLetter(unreadable.verdict());
            case Input.CommandReceived commanded -> AcceptDecisions.decide(entry, commanded, now, policy, queues);
            // The partition's work tells each command about its own runs.
            case Input.SweepResult swept -> Decision.NOTHING;
            // What is observed becomes commands, by way of the commands topic.
            case Input.ObservationBegins begun -> Decision.NOTHING;
            case Input.RunsListed listed -> Decision.NOTHING;
            // Turns are taken back and given elsewhere.
            case Input.JobsSwitched switched -> Decision.NOTHING;
            case Input.CommandInput about ->
                entry == null
                        ? Decision.NOTHING
                        : CoalesceDecisions.after(entry, about, about(entry, about, now, policy, queues), now, queues);
        };
    }

    private static Decision about(
            RunEntry entry, Input.CommandInput input, Instant now, Policy policy, JobQueues queues) {
        if (input instanceof Input.InternalFault broken) {
            return giveUp(entry, AbandonReason.INTERNAL, broken.message(), now);
        }
        if (input instanceof Input.EndRequested) {
            return giveUp(entry, AbandonReason.OPERATOR, "an operator gave the command up", now);
        }
        if (input instanceof Input.MarkedRunsFound marked) {
            return StrayDecisions.marked(entry, marked, now);
        }
        return switch (entry.state()) {
            case RunState.Waiting waiting -> WaitDecisions.waiting(entry, waiting, input, now, policy, queues);
            case RunState.Starting starting -> StartDecisions.starting(entry, starting, input, now, policy);
            case RunState.Searching searching -> SearchDecisions.searching(entry, searching, input, now, policy);
            case RunState.Following following ->
                FollowDecisions.following(entry, following, input, now, policy, queues);
            case RunState.Cancelling cancelling ->
                entry.openCommand().task() instanceof Task.Cancel
                        ? CancelDecisions.cancelling(entry, cancelling, input, now)
                        : FollowDecisions.cancelling(entry, cancelling, input, now, policy);
            case RunState.Judging judging -> FailedRunDecisions.judging(entry, judging, input, now, policy);
            case RunState.Retrying retrying
            when input instanceof Input.ShareMoved -> CoalesceDecisions.nextRun(entry, now, policy, queues);
            case RunState.Retrying retrying
            when input instanceof Input.RunHanded handed -> CoalesceDecisions.handed(entry, handed, now, policy);
            case RunState.Retrying retrying -> FailedRunDecisions.retrying(entry, retrying, input, now, policy, queues);
            case RunState.Joined joined -> CoalesceDecisions.joined(entry, input, now, policy, queues);
            case RunState.Collecting collecting -> CollectDecisions.collecting(entry, collecting, input, now, policy);
            case RunState.Finished finished -> finished(entry, finished, input, now, policy);
        };
    }

    private static Decision finished(
            RunEntry entry, RunState.Finished finished, Input.CommandInput input, Instant now, Policy policy) {
        return input instanceof Input.TimerFired && finished.isForgotten(now, policy.retention())
                ? Decision.forget(entry.commandId())
                : Decision.NOTHING;
    }

    /** The command ends here and now, never the partition; what it had told before stays told. */
    private static Decision giveUp(RunEntry entry, AbandonReason reason, String message, Instant now) {
        return switch (entry.state()) {
            case RunState.Finished finished -> Decision.NOTHING;
            case RunState.Collecting collecting -> CollectDecisions.giveUp(entry, collecting, reason, message, now);
            case RunState.WithRun withRun -> giveUp(entry, withRun.run(), reason, message, now);
            case RunState.Retrying retrying -> giveUp(entry, entry.failedRun(), reason, message, now);
            case RunState.Waiting waiting -> giveUp(entry, null, reason, message, now);
            case RunState.Joined joined -> giveUp(entry, null, reason, message, now);
            case RunState.Starting starting -> giveUp(entry, null, reason, message, now);
            case RunState.Searching searching -> giveUp(entry, null, reason, message, now);
        };
    }

    private static Decision giveUp(
            RunEntry entry, @Nullable RunSnapshot run, AbandonReason reason, String message, Instant now) {
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        return entry.openCommand().task().hasNoRun()
                ? builder.rejected(RejectReason.INTERNAL, message)
                : builder.abandon(run, reason, message);
    }
}
