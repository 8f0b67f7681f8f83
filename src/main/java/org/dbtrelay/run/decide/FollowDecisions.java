package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * The run is known: the relay polls it, tells each change, cancels it at its deadline, and tells its end. With any answer of dbt Cloud, and
 * with none, the command is over within {@link CommonDecisions#LAST_POLL} of its deadline, or within the patience with a cancellation.
 */
final class FollowDecisions {

    /** A run that was made a moment ago may be unknown to some of dbt Cloud's servers: its 404 is no news. */
    private static final Duration YOUNG = Duration.ofMinutes(1);

    /** A 404 for so long is the end, if the job can be read meanwhile. */
    private static final Duration GONE = Duration.ofMinutes(15);

    private FollowDecisions() {}

    /** A wait for somebody else's run begins when it has been read. */
    static Decision waiting(RunEntry entry, Task.Follow task, Input.CommandInput input, Instant now, Policy policy) {
        @Nullable
        RunSnapshot run = switch (input) {
            case Input.RunRead read -> read.run();
            case Input.RunObserved polled -> polled.run();
            case Input.CommandInput other -> null;
        };
        if (run == null || run.runId() != task.runId()) {
            return Decision.NOTHING;
        }
        ResolvedCommand known = CommonDecisions.settled(entry, run.jobId(), run.jobName(), policy);
        ResolvedCommand resolved = known.on(known.options().following());
        DecisionBuilder builder = DecisionBuilder.of(entry, now).resolved(resolved);
        @Nullable
        String forbidden = Origin.of(entry.commandId()) == Origin.OBSERVED
                ? null
                : CommonDecisions.forbiddenJob(policy, resolved, run.jobId());
        return forbidden == null
                ? begin(CommonDecisions.bounds(builder, resolved).adopted(), resolved, run, now)
                : builder.rejected(RejectReason.FORBIDDEN, forbidden);
    }

    /** dbt Cloud has answered the start with its run. */
    static Decision started(RunEntry entry, RunSnapshot run, Instant now) {
        return begin(DecisionBuilder.of(entry, now).started(), entry.openCommand(), run, now);
    }

    /** The run of a start whose answer was lost is found. */
    static Decision found(RunEntry entry, RunSnapshot run, Instant now) {
        return begin(DecisionBuilder.of(entry, now).started().adopted(), entry.openCommand(), run, now);
    }

    /** A run has been found or started: from now on it is followed. */
    static Decision begin(DecisionBuilder builder, ResolvedCommand before, RunSnapshot run, Instant now) {
        ResolvedCommand resolved = before.withJob(run.jobId(), run.jobName());
        builder.resolved(resolved).newRun();
        if (!now.isBefore(resolved.options().deadline())) {
            builder.wakeAt(now.plus(CommonDecisions.LAST_POLL));
        }
        if (run.status().isTerminal()) {
            return builder.readEnd(run).to(new RunState.Following(run, now, null));
        }
        return seen(builder.status(run, null), resolved, run, now);
    }

    /** A new status has been told; mostly the run is watched on. */
    private static Decision seen(DecisionBuilder builder, ResolvedCommand resolved, RunSnapshot run, Instant now) {
        if (resolved.task() instanceof Task.Follow follow
                && Expectation.of(follow).isMetBy(run)) {
            return builder.completed(
                    run.runId(), run.status(), "the run is " + run.status().label() + ", as expected");
        }
        return builder.watch(run, CommonDecisions.soon(resolved, now)).to(new RunState.Following(run, now, null));
    }

    static Decision following(
            RunEntry entry,
            RunState.Following state,
            Input.CommandInput input,
            Instant now,
            Policy policy,
            JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        return switch (input) {
            case Input.RunObserved(String id, RunSnapshot run)
            when isOf(state, run) -> observed(entry, state, run.after(state.run()), now, policy, queues);
            case Input.RunEnded ended
            when isOf(state, ended.end().run()) ->
                ended.end().run().status() instanceof JobRunStatus.Known known && known.isTerminal()
                        ? ended(entry, state.run(), ended.end(), known, null, now, policy)
                        : observed(entry, state, ended.end().run().after(state.run()), now, policy, queues);
            case Input.RunNotFound(String id, long runId)
            when runId == state.run().runId() && isPastDeadline(resolved, now) ->
                atDeadline(
                        entry,
                        state,
                        "dbt Cloud does not know it any more (404)",
                        watchSoon(entry, state.run(), now),
                        now,
                        policy,
                        queues);
            case Input.RunNotFound(String id, long runId)
            when runId == state.run().runId() -> notSeen(entry, state, now);
            case Input.CancelRequested late when hasEnded(state) -> Decision.NOTHING;
            case Input.CancelRequested(String id, CancelReason reason)
            when reason == CancelReason.CANCELLED_BY_RELAY && queues.isShared(entry) ->
                DecisionBuilder.of(entry, now)
                        .left(
                                state.run(),
                                "the command was cancelled; run " + state.run().runId()
                                        + " goes on for the commands that share it");
            case Input.CancelRequested(String id, CancelReason reason) ->
                cancel(
                        DecisionBuilder.of(entry, now),
                        resolved,
                        state,
                        reason,
                        watchSoon(entry, state.run(), now),
                        now,
                        policy);
            case Input.JobFound found -> gone(entry, state, now);
            case Input.CallFailed(Action.External call, CallFailure failure)
            when isOfEarlier(state, call) -> Decision.NOTHING;
            case Input.CallFailed(Action.SchedulePoll poll, CallFailure failure)
            when isPastDeadline(resolved, now) ->
                atDeadline(
                        entry,
                        state,
                        "it could not be polled (" + failure.detail() + ")",
                        CommonDecisions.pollAgain(poll, resolved, now),
                        now,
                        policy,
                        queues);
            case Input.CallFailed(Action.SchedulePoll poll, CallFailure failure) ->
                Decision.only(CommonDecisions.pollAgain(poll, resolved, now));
            case Input.CallFailed(Action.ReadEnd end, CallFailure failure) ->
                Decision.only(
                        watch(entry, state.run(), now.plus(resolved.options().pollInterval())));
            case Input.Restored restored
            when hasEnded(state) ->
                CommonDecisions.bounds(DecisionBuilder.of(entry, now), resolved)
                        .readEnd(state.run())
                        .wakeAt(CommonDecisions.latest(now, resolved.options().deadline())
                                .plus(CommonDecisions.LAST_POLL))
                        .unchanged();
            case Input.Restored restored ->
                CommonDecisions.bounds(DecisionBuilder.of(entry, now), resolved)
                        .watch(state.run(), now)
                        .unchanged();
            case Input.TimerFired fired
            when !now.isBefore(resolved.options().deadline().plus(CommonDecisions.LAST_POLL)) ->
                atDeadline(
                        entry,
                        state,
                        "the last poll had no answer",
                        watchSoon(entry, state.run(), now),
                        now,
                        policy,
                        queues);
            case Input.TimerFired fired
            when isPastDeadline(resolved, now) ->
                DecisionBuilder.of(entry, now)
                        .watch(state.run(), now)
                        .wakeAt(resolved.options().deadline().plus(CommonDecisions.LAST_POLL))
                        .unchanged();
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    static Decision cancelling(
            RunEntry entry, RunState.Cancelling state, Input.CommandInput input, Instant now, Policy policy) {
        ResolvedCommand resolved = entry.openCommand();
        return switch (input) {
            case Input.RunObserved(String id, RunSnapshot run)
            when isOf(state, run) ->
                run.status().isTerminal()
                        ? DecisionBuilder.of(entry, now)
                                .readEnd(run.after(state.run()))
                                .unchanged()
                        : goesOn(entry, state, now);
            case Input.RunEnded ended
            when isOf(state, ended.end().run()) ->
                ended.end().run().status() instanceof JobRunStatus.Known known && known.isTerminal()
                        ? ended(entry, state.run(), ended.end(), known, state.reason(), now, policy)
                        : Decision.only(watch(
                                entry, state.run(), now.plus(resolved.options().pollInterval())));
            case Input.RunNotFound(String id, long runId)
            when runId == state.run().runId() -> notSeen(entry, state, now);
            case Input.JobFound found -> gone(entry, state, now);
            case Input.CallFailed(Action.External call, CallFailure failure)
            when isOfEarlier(state, call) -> Decision.NOTHING;
            case Input.CallFailed(Action.SchedulePoll poll, CallFailure failure) ->
                state.isToAskAgain(now)
                        ? CommonDecisions.cancelAgain(
                                DecisionBuilder.of(entry, now).then(CommonDecisions.pollAgain(poll, resolved, now)),
                                state,
                                now)
                        : Decision.only(CommonDecisions.pollAgain(poll, resolved, now));
            case Input.CallFailed(Action.ReadEnd end, CallFailure failure) ->
                Decision.only(
                        watch(entry, state.run(), now.plus(resolved.options().pollInterval())));
            case Input.CallFailed(Action.CancelRun cancel, CallFailure failure) ->
                DecisionBuilder.of(entry, now)
                        .wakeAt(state.askedAt().plus(BackOff.after(state.tries())))
                        .to(state.failed(failure.detail()));
            case Input.TimerFired fired
            when !now.isBefore(patienceEnd(resolved, policy)) -> unconfirmed(entry, state, now, policy);
            case Input.TimerFired fired
            when state.isToTryAgain(now) -> CommonDecisions.cancelAgain(DecisionBuilder.of(entry, now), state, now);
            case Input.Restored restored ->
                CommonDecisions.cancelAgain(
                        DecisionBuilder.of(entry, now)
                                .wakeAt(patienceEnd(resolved, policy))
                                .watch(state.run(), CommonDecisions.soon(resolved, now)),
                        state,
                        now);
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    private static Decision observed(
            RunEntry entry, RunState.Following state, RunSnapshot run, Instant now, Policy policy, JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        if (run.status().isTerminal()) {
            return builder.readEnd(run).unchanged();
        }
        if (isPastDeadline(resolved, now)) {
            return atDeadline(
                    entry,
                    new RunState.Following(run, now, null),
                    null,
                    watchSoon(entry, run, now),
                    now,
                    policy,
                    queues);
        }
        if (!isNews(state.run(), run)) {
            builder.watch(run, nextPoll(resolved, run, state.changedAt(), now, policy, queues));
            return state.missingSince() == null
                    ? builder.unchanged()
                    : builder.to(new RunState.Following(state.run(), state.changedAt(), null));
        }
        return seen(builder.status(run, state.run().status()), resolved, run, now);
    }

    private static Instant nextPoll(
            ResolvedCommand resolved,
            RunSnapshot run,
            Instant changedAt,
            Instant now,
            Policy policy,
            JobQueues queues) {
        @Nullable Instant startedAt = run.status() == JobRunStatus.Known.RUNNING ? run.startedAt() : null;
        Duration left =
                startedAt == null ? Duration.ZERO : Duration.between(now, startedAt.plus(queues.usuallyAtLeast(run)));
        return now.plus(PollPlan.gap(
                resolved.options().pollInterval(), Duration.between(changedAt, now), left, policy.longestPollGap()));
    }

    /** dbt Cloud's servers can lag behind each other: a status that is behind the one told before is no news. */
    private static boolean isNews(RunSnapshot before, RunSnapshot run) {
        return switch (run.status()) {
            case JobRunStatus.Known known ->
                before.status() instanceof JobRunStatus.Unknown
                        || known.code() > before.status().code();
            case JobRunStatus.Unknown unknown -> false;
        };
    }

    /** Whether the run had ended when it was read first: its end is to be told, whatever dbt Cloud answers from now on. */
    private static boolean hasEnded(RunState.Following state) {
        return state.run().status().isTerminal();
    }

    private static boolean isOf(RunState.WithRun state, RunSnapshot run) {
        return run.runId() == state.run().runId();
    }

    /** Whether a call was about a run that the command had before this one. */
    private static boolean isOfEarlier(RunState.WithRun state, Action.External call) {
        long own = state.run().runId();
        return (call instanceof Action.SchedulePoll poll && poll.runId() != own)
                || (call instanceof Action.ReadEnd read && read.run().runId() != own);
    }

    private static boolean isPastDeadline(ResolvedCommand resolved, Instant now) {
        return !now.isBefore(resolved.options().deadline());
    }

    /**
     * The last poll is over.
     *
     * @param trouble why it has shown nothing; null: it has
     * @param next the poll that follows if the run is cancelled: one that failed is not repeated at once
     */
    private static Decision atDeadline(
            RunEntry entry,
            RunState.Following state,
            @Nullable String trouble,
            Action next,
            Instant now,
            Policy policy,
            JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        if (state.run().status() instanceof JobRunStatus.Known end && hasEnded(state)) {
            return ended(entry, state.run(), RunEnd.unread(state.run(), null), end, null, now, policy);
        }
        boolean shared = queues.isShared(entry);
        if (resolved.options().cancelsAtDeadline() && !shared) {
            return cancel(builder, resolved, state, CancelReason.CANCELLED_BY_RELAY, next, now, policy);
        }
        return builder.abandon(
                state.run(),
                AbandonReason.DEADLINE,
                trouble == null
                        ? "the time-out passed; the run goes on in dbt Cloud"
                                + (shared ? " for the commands that share it" : "")
                        : "the time-out passed; nobody knows whether the run goes on in dbt Cloud: " + trouble);
    }

    /** The relay goes on polling the run: its end is the end, with or without a cancellation. */
    private static Decision cancel(
            DecisionBuilder builder,
            ResolvedCommand resolved,
            RunState.Following state,
            CancelReason reason,
            Action next,
            Instant now,
            Policy policy) {
        return builder.cancel(state.run())
                .then(next)
                .wakeAt(patienceEnd(resolved, policy))
                .to(new RunState.Cancelling(state.run(), reason, now, 1, state.missingSince(), null));
    }

    /** It goes on: it is asked again if the last time is long ago, or was while dbt Cloud did not know it. */
    private static Decision goesOn(RunEntry entry, RunState.Cancelling state, Instant now) {
        DecisionBuilder builder =
                DecisionBuilder.of(entry, now).watch(state.run(), CommonDecisions.soon(entry.openCommand(), now));
        return state.missingSince() != null || state.isToAskAgain(now)
                ? CommonDecisions.cancelAgain(builder, state.seen(), now)
                : builder.unchanged();
    }

    /** When a cancellation that nobody has confirmed is given up: it needs dbt Cloud, an abandoned run does not. */
    private static Instant patienceEnd(ResolvedCommand resolved, Policy policy) {
        Instant deadline = resolved.options().deadline();
        return resolved.options().cancelsAtDeadline()
                ? deadline.plus(policy.cancelPatience())
                : deadline.plus(CommonDecisions.LAST_POLL);
    }

    private static Decision unconfirmed(RunEntry entry, RunState.Cancelling state, Instant now, Policy policy) {
        String waited = entry.openCommand().options().cancelsAtDeadline()
                ? " within relay.run.cancel-patience (" + policy.cancelPatience() + ") after it"
                : "";
        return DecisionBuilder.of(entry, now)
                .abandon(
                        state.run(),
                        AbandonReason.DEADLINE,
                        "the time-out passed, and dbt Cloud has not confirmed" + waited + " that the run is cancelled"
                                + (state.missingSince() == null ? "" : "; it does not know the run (404)")
                                + (state.trouble() == null ? "" : "; the last cancel failed: " + state.trouble()));
    }

    private static Decision notSeen(RunEntry entry, RunState.InFlight state, Instant now) {
        ResolvedCommand resolved = entry.openCommand();
        RunSnapshot run = state.run();
        @Nullable Instant createdAt = run.createdAt();
        if (createdAt != null && Duration.between(createdAt, now).abs().compareTo(YOUNG) < 0) {
            return Decision.only(watch(entry, run, CommonDecisions.soon(resolved, now)));
        }
        @Nullable Instant since = state.missingSince();
        if (since == null) {
            return DecisionBuilder.of(entry, now)
                    .watch(run, now.plus(resolved.options().pollInterval()))
                    .to(state.missing(now));
        }
        // Each gap is as long as it has been missing, up to a minute: a run that is read by itself costs a request.
        DecisionBuilder builder = DecisionBuilder.of(entry, now)
                .watch(
                        run,
                        now.plus(PollPlan.gapOfMissing(
                                resolved.options().pollInterval(), Duration.between(since, now))));
        if (!since.plus(GONE).isAfter(now)) {
            builder.then(new Action.ReadJob(entry.commandId(), resolved.target(), run.jobId(), false));
        }
        return state instanceof RunState.Cancelling cancelling && cancelling.isToAskAgain(now)
                ? CommonDecisions.cancelAgain(builder, cancelling, now)
                : builder.unchanged();
    }

    private static Decision gone(RunEntry entry, RunState.InFlight state, Instant now) {
        if (state.missingSince() == null || state.missingSince().plus(GONE).isAfter(now)) {
            return Decision.NOTHING;
        }
        return DecisionBuilder.of(entry, now)
                .abandon(
                        state.run(),
                        AbandonReason.RUN_GONE,
                        "dbt Cloud has not known the run since " + state.missingSince() + ", but knows its job");
    }

    private static Decision ended(
            RunEntry entry,
            RunSnapshot before,
            RunEnd read,
            JobRunStatus.Known status,
            @Nullable CancelReason asked,
            Instant now,
            Policy policy) {
        ResolvedCommand resolved = entry.openCommand();
        RunEnd end = read.after(before);
        RunSnapshot run = end.run();
        @Nullable JobRunStatus previous = before.status().equals(run.status()) ? null : before.status();
        if (status == JobRunStatus.Known.ERROR && asked == null && FailedRunDecisions.mayRetry(entry, now)) {
            return FailedRunDecisions.failed(entry, end, previous, now, policy);
        }
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        Expectation expectation = Expectation.of(resolved.task());
        EventType type = expectation.outcome(run, status);
        @Nullable String reason = expectation.reason(run, status, asked);
        builder.emit(type, run, builder.ofRun(run, previous, end.failure(), reason, expectation.message(run)));
        return CollectDecisions.begin(builder, entry.commandId(), resolved, end, type, reason, now, policy);
    }

    private static Action watchSoon(RunEntry entry, RunSnapshot run, Instant now) {
        return watch(entry, run, CommonDecisions.soon(entry.openCommand(), now));
    }

    private static Action watch(RunEntry entry, RunSnapshot run, Instant due) {
        return new Action.SchedulePoll(entry.commandId(), entry.openCommand().target(), run.runId(), due, 0);
    }
}
