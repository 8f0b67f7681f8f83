package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.CauseMarker;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/** The parts that the decisions of several tasks share. */
final class CommonDecisions {

    /** A command or run that a command names may be unknown for so long: it may be on its way, or too young to be known everywhere. */
    static final Duration GRACE = Duration.ofMinutes(1);

    /** At the deadline the relay polls once more; that may take this long. */
    static final Duration LAST_POLL = Duration.ofSeconds(30);

    static final String UNCONFIRMED = "dbt Cloud had not confirmed the cancellation by the time-out";

    private CommonDecisions() {}

    /** Adds the first action of a waiting command. A command that starts a run waits for its turn, which comes by itself. */
    static DecisionBuilder next(DecisionBuilder builder, RunEntry entry) {
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
            // There may be many, so they are read together with all others that are polled.
            case Task.Follow follow when entry.origin() == Origin.OBSERVED -> builder.poll(follow.runId());
            case Task.Follow follow -> builder.then(readRun(entry.commandId(), resolved, follow.runId()));
        };
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

    /** Adds the times at which a command is over, whatever has become of it. */
    static DecisionBuilder bounds(DecisionBuilder builder, ResolvedCommand resolved) {
        builder.wakeAt(resolved.options().deadline());
        return resolved.expiresAt() == null ? builder : builder.wakeAt(resolved.expiresAt());
    }

    /** The command with its job known, and with the options that hold for that job. */
    static ResolvedCommand settled(RunEntry entry, long jobId, @Nullable String jobName, Policy policy) {
        ResolvedCommand resolved = entry.openCommand().withJob(jobId, jobName);
        return resolved.requested() == null
                ? resolved
                : resolved.on(policy.options(resolved.requested(), resolved.connection(), jobId, entry.acceptedAt()));
    }

    /** The reason why the policy forbids a job that has become known only now; null: it allows it. */
    static @Nullable String forbiddenJob(Policy policy, ResolvedCommand resolved, long jobId) {
        Policy.@Nullable ForConnection connection = policy.connections().get(resolved.connection());
        return connection == null ? null : forbiddenJob(connection, resolved.connection(), jobId);
    }

    static @Nullable String forbiddenJob(Policy.ForConnection connection, String name, long jobId) {
        if (connection.jobs() == null || connection.jobs().contains(jobId)) {
            return null;
        }
        return "job_id: commands may not use job " + jobId + " on the connection '" + name
                + "'; relay.policy.connections." + name + ".jobs would allow it";
    }

    static boolean isOver(ResolvedCommand resolved, Instant now) {
        return resolved.isExpired(now) || !now.isBefore(resolved.options().deadline());
    }

    /** The end of a command that has run out of time; null: there is time. */
    static @Nullable Decision overOrNull(RunEntry entry, RunState.Waiting state, Instant now, Policy policy) {
        return isOver(entry.openCommand(), now) ? over(entry, state, now, policy) : null;
    }

    static Decision over(RunEntry entry, RunState.Waiting state, Instant now, Policy policy) {
        ResolvedCommand resolved = entry.openCommand();
        if (entry.hasFailedRun() && state.starts().unclear() == 0) {
            String message = "the time-out or expires_at passed before another run could be started";
            return CollectDecisions.endAfterFailed(entry, state.starts().explain(message), now, policy);
        }
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
                                            ? UNCONFIRMED
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

    /** Try again after a while, if there is time left. */
    static Decision later(RunEntry entry, RunState.Waiting state, Instant now, Policy policy) {
        @Nullable Decision over = overOrNull(entry, state, now, policy);
        return over == null ? later(DecisionBuilder.of(entry, now), state, now) : over;
    }

    static Decision later(DecisionBuilder builder, RunState.Waiting state, Instant now) {
        Instant at = now.plus(BackOff.after(state.failures()));
        return builder.wakeAt(at).to(new RunState.Waiting(state.starts(), state.failures() + 1, at));
    }

    /** Try again at a time at which nothing has failed. */
    static Decision waitsUntil(RunEntry entry, RunState.Waiting state, Instant at, Instant now) {
        return DecisionBuilder.of(entry, now).wakeAt(at).to(new RunState.Waiting(state.starts(), 0, at));
    }

    /** A command that is not known may come yet; of another partition it never does. */
    static Decision unknownYet(DecisionBuilder builder, RunEntry entry, String targetId, Instant now) {
        Instant until = entry.acceptedAt().plus(GRACE);
        if (now.isBefore(until)) {
            return builder.wakeAt(until)
                    .to(new RunState.Waiting(((RunState.Waiting) entry.state()).starts(), 0, until));
        }
        return builder.rejected(
                RejectReason.COMMAND_UNKNOWN,
                "target_command_id: no command '" + targetId
                        + "' is known in this partition; send it with the record key"
                        + " that the command was sent with, within the time for which ids are remembered"
                        + " (relay.ledger.retention)");
    }

    /** When a run is polled next that has just changed, or is to change. */
    static Instant soon(ResolvedCommand resolved, Instant now) {
        return now.plus(PollPlan.gap(resolved.options().pollInterval(), Duration.ZERO));
    }

    /** A poll that failed is repeated, later each time. */
    static Action pollAgain(Action.SchedulePoll poll, ResolvedCommand resolved, Instant now) {
        Duration gap = PollPlan.gapAfterFailures(resolved.options().pollInterval(), poll.failures());
        return new Action.SchedulePoll(
                poll.commandId(), poll.target(), poll.runId(), now.plus(gap), poll.failures() + 1);
    }

    /** Asks once more; the caller sees to it that the run is polled. */
    static Decision cancelAgain(DecisionBuilder builder, RunState.Cancelling state, Instant now) {
        return builder.cancel(state.run()).to(state.askedAgain(now));
    }

    /** The later of two times. */
    static Instant latest(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    static CauseMarker marker(RunEntry entry, Policy policy) {
        return CauseMarker.of(policy.deployment(), policy.ledger(), entry.commandId());
    }

    /** How a command has ended that was cancelled before it had a run. */
    static String withoutRun(CancelReason reason) {
        return reason == CancelReason.SUPERSEDED
                ? "a command with if_running=replace took its place before a run was started"
                : "it was cancelled before a run was started";
    }

    static String whyNot(RunSnapshot run, @Nullable String whyNot) {
        return "run " + run.runId() + " is " + run.status().label() + " and cannot be retried"
                + (whyNot == null ? "" : "; dbt Cloud says " + whyNot);
    }
}
