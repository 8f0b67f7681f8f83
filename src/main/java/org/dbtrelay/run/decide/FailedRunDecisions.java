package org.dbtrelay.run.decide;

import java.time.Instant;
import java.util.Optional;
import org.dbtrelay.run.command.OnFailure;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.FailurePattern;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RetryReason;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.Retries;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartAttempts;
import org.jspecify.annotations.Nullable;

/**
 * A run of a command has failed, and another one may follow ({@code on_failure}). Where that depends upon why it has failed, nothing is told
 * before that is known or the patience for it is over. A command whose run has failed and is followed by no other ends as
 * {@code run.failed} of that run, whatever has come between.
 */
final class FailedRunDecisions {

    private FailedRunDecisions() {}

    /** Whether the command may have another run after the one that it has. */
    static boolean mayRetry(RunEntry entry, Instant now) {
        ResolvedCommand resolved = entry.openCommand();
        @Nullable OnFailure onFailure = resolved.options().onFailure();
        return onFailure != null
                && resolved.task().starts()
                && entry.failedRuns() < onFailure.retries()
                && !CommonDecisions.isOver(resolved, now);
    }

    /** Whether dbt Cloud is to resume the failed run. It resumes a run without overrides, so a command with some begins anew. */
    static boolean resumes(RunEntry entry) {
        ResolvedCommand resolved = entry.openCommand();
        @Nullable OnFailure onFailure = resolved.options().onFailure();
        boolean overrides = resolved.task() instanceof Task.Trigger trigger
                && !trigger.overrides().equals(Overrides.NONE);
        return onFailure != null && onFailure.how() == OnFailure.How.FROM_FAILURE && !overrides;
    }

    /**
     * The run of a command that may have another one has failed.
     *
     * @param previous the status that was told last; null: it is the same, or none was told
     */
    static Decision failed(RunEntry entry, RunEnd end, @Nullable JobRunStatus previous, Instant now, Policy policy) {
        boolean depends = onFailure(entry).when() == OnFailure.When.TRANSIENT;
        if (!depends || end.isSettled()) {
            return decided(entry, end, previous, now, policy);
        }
        Instant deadline = entry.openCommand().options().deadline();
        Instant patience = now.plus(policy.artifactPatience());
        RunState.Judging state =
                new RunState.Judging(end.run(), previous, patience.isBefore(deadline) ? patience : deadline, 0);
        return DecisionBuilder.of(entry, now)
                .then(readAgain(entry, state, now.plus(BackOff.after(0))))
                .wakeAt(state.over())
                .to(state);
    }

    private static OnFailure onFailure(RunEntry entry) {
        @Nullable OnFailure onFailure = entry.openCommand().options().onFailure();
        if (onFailure == null) {
            throw new IllegalStateException("a command that has one run only");
        }
        return onFailure;
    }

    private static Action readAgain(RunEntry entry, RunState.Judging state, Instant due) {
        return new Action.ExplainEnd(entry.commandId(), entry.openCommand().target(), state.run(), state.tries(), due);
    }

    /** All is known that will be. */
    private static Decision decided(
            RunEntry entry, RunEnd end, @Nullable JobRunStatus previous, Instant now, Policy policy) {
        OnFailure onFailure = onFailure(entry);
        @Nullable
        FailurePattern pattern = Optional.ofNullable(end.failure())
                .flatMap(failure ->
                        policy.patterns().transientBy(failure, end.run().statusMessage()))
                .orElse(null);
        if (pattern == null && onFailure.when() == OnFailure.When.TRANSIENT) {
            return CollectDecisions.failed(entry, end, previous, null, now, policy);
        }
        ResolvedCommand resolved = entry.openCommand();
        Instant at = now.plus(onFailure.pause(entry.failedRuns()));
        if (!at.isBefore(resolved.options().deadline()) || resolved.isExpired(at)) {
            return CollectDecisions.failed(
                    entry,
                    end,
                    previous,
                    "there is no other run, because the time-out or expires_at comes before it could be started, at "
                            + at,
                    now,
                    policy);
        }
        return DecisionBuilder.of(entry, now)
                .retry(end.run(), previous, end.failure(), new RunEvent.Retry(at, RetryReason.of(pattern)));
    }

    static Decision judging(
            RunEntry entry, RunState.Judging state, Input.CommandInput input, Instant now, Policy policy) {
        return switch (input) {
            case Input.EndExplained read
            when isOf(state, read) -> {
                RunEnd end = read.end().after(state.run());
                yield end.isSettled() || !read.asOf(now).isBefore(state.until())
                        ? decided(entry, end, state.previous(), now, policy)
                        : readLater(entry, state.readAgain(), read.asOf(now), now);
            }
            case Input.TimerFired fired
            when !now.isBefore(state.over()) || CommonDecisions.isOver(entry.openCommand(), now) ->
                unread(entry, state, null, now, policy);
            case Input.CancelRequested(String id, CancelReason reason) ->
                unread(entry, state, noOther(reason), now, policy);
            case Input.Restored restored ->
                CommonDecisions.bounds(
                                DecisionBuilder.of(entry, now)
                                        .then(readAgain(entry, state, now))
                                        .wakeAt(state.over()),
                                entry.openCommand())
                        .unchanged();
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    /** Whether it is the answer that is waited for; another one may be of an earlier run. */
    private static boolean isOf(RunState.Judging state, Input.EndExplained read) {
        return read.attempt() == state.tries()
                && read.end().run().runId() == state.run().runId();
    }

    private static Decision readLater(RunEntry entry, RunState.Judging state, Instant asOf, Instant now) {
        return DecisionBuilder.of(entry, now)
                .then(readAgain(entry, state, state.again(asOf, now)))
                .to(state);
    }

    /** The end is told now, and what can be known of it follows. */
    private static Decision unread(
            RunEntry entry, RunState.Judging state, @Nullable String message, Instant now, Policy policy) {
        return CollectDecisions.failed(entry, RunEnd.unread(state.run(), null), state.previous(), message, now, policy);
    }

    static Decision retrying(
            RunEntry entry,
            RunState.Retrying state,
            Input.CommandInput input,
            Instant now,
            Policy policy,
            JobQueues queues) {
        return switch (input) {
            case Input.TimerFired fired
            when CommonDecisions.isOver(entry.openCommand(), now) ->
                CollectDecisions.endAfterFailed(
                        entry, "the time-out or expires_at passed before another run could be started", now, policy);
            // It is in the order of its job again, where it was: before all that came later and have no run.
            case Input.TimerFired fired
            when isDue(entry, state, now) && !isLed(entry, queues) ->
                DecisionBuilder.of(entry, now).to(new RunState.Waiting(StartAttempts.after(intents(entry)), 0, null));
            case Input.TimerFired fired
            when isDue(entry, state, now) ->
                // Whoever leads may have the next run already.
                DecisionBuilder.of(entry, now)
                        .tell(new Input.ShareMoved(entry.commandId()))
                        .to(new RunState.Joined());
            case Input.CancelRequested(String id, CancelReason reason) ->
                CollectDecisions.endAfterFailed(entry, noOther(reason), now, policy);
            case Input.Restored restored ->
                CommonDecisions.bounds(
                                DecisionBuilder.of(entry, now).wakeAt(isDue(entry, state, now) ? now : state.at()),
                                entry.openCommand())
                        .unchanged();
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    /** Whether another command starts the next run for it, too. */
    private static boolean isLed(RunEntry entry, JobQueues queues) {
        @Nullable RunEntry leader = entry.share() == null ? null : queues.leaderOf(entry.share());
        return leader != null && !leader.commandId().equals(entry.commandId());
    }

    private static int intents(RunEntry entry) {
        @Nullable Retries retries = entry.retries();
        return retries == null ? 0 : retries.intents();
    }

    private static boolean isDue(RunEntry entry, RunState.Retrying state, Instant now) {
        @Nullable OnFailure onFailure = entry.openCommand().options().onFailure();
        return onFailure == null
                || !now.isBefore(state.at())
                // Another machine's clock, or one that was set since: nothing waits for longer than its pause.
                || state.at().isAfter(now.plus(onFailure.pause(Math.max(0, entry.failedRuns() - 1))));
    }

    private static String noOther(CancelReason reason) {
        return reason == CancelReason.SUPERSEDED
                ? "there is no other run, because a command with if_running=replace took its place"
                : "there is no other run, because the command was cancelled";
    }
}
