package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The run is known: watch it, tell what changes, cancel it at its deadline, and tell its end. Whatever dbt Cloud answers, or
 * does not, the command is over within {@link #LAST_LOOK} of its deadline, or within the patience with a cancellation.
 */
final class FollowPhase {

    /** A run that was made a moment ago may be unknown to some of dbt Cloud's servers: its 404 is no news. */
    private static final Duration YOUNG = Duration.ofMinutes(1);

    /** A 404 for so long is the end, if the job can be read meanwhile. */
    private static final Duration GONE = Duration.ofMinutes(15);

    /** A cancellation that shows no effect is asked for again. */
    static final Duration CANCEL_AGAIN = Duration.ofMinutes(1);

    /** At the deadline one last look is taken; it may take this long. */
    static final Duration LAST_LOOK = Duration.ofSeconds(30);

    private FollowPhase() {}

    /** A wait for somebody else's run begins when it has been read. */
    static Decision waiting(RunEntry entry, Task.Follow task, Input.About input, Instant now, Policy policy) {
        if (!(input instanceof Input.RunRead(String id, RunSnapshot run, boolean canRetry, var whyNot, var look))
                || run == null) {
            return Decision.NOTHING;
        }
        Order known = WaitPhase.settled(entry, run.jobId(), run.jobName(), policy);
        Order order = known.on(known.terms().following());
        Draft draft = Draft.of(entry, now).order(order);
        @Nullable String forbidden = Acceptance.forbiddenJob(policy, order, run.jobId());
        return forbidden == null
                ? begin(WaitPhase.bounds(draft, order).adopted(), order, run, now)
                : draft.rejected(RejectReason.FORBIDDEN, forbidden);
    }

    /** A run has been found or started: from now on it is followed. */
    static Decision begin(Draft draft, Order before, RunSnapshot run, Instant now) {
        Order order = before.withJob(run.jobId(), run.jobName());
        draft.order(order);
        if (!now.isBefore(order.terms().deadline())) {
            draft.wakeAt(now.plus(LAST_LOOK));
        }
        if (run.status().isTerminal()) {
            return draft.readEnd(run).to(new RunState.Following(run, now, null));
        }
        return seen(draft.status(run, null), order, run, now);
    }

    /** A new status has been told; mostly the run is watched on. */
    private static Decision seen(Draft draft, Order order, RunSnapshot run, Instant now) {
        if (order.task() instanceof Task.Follow follow && Expectation.of(follow).isMetBy(run)) {
            return draft.completed(
                    run.runId(), run.status(), "the run is " + run.status().label() + ", as expected");
        }
        return draft.watch(run, soon(order, now)).to(new RunState.Following(run, now, null));
    }

    static Decision following(RunEntry entry, RunState.Following state, Input.About input, Instant now, Policy policy) {
        Order order = entry.openOrder();
        return switch (input) {
            case Input.Observed(String id, RunSnapshot run)
            when isOf(state, run) -> observed(entry, state, run, now, policy);
            case Input.Ended ended
            when isOf(state, ended.end().run()) ->
                ended.end().run().status() instanceof JobRunStatus.Known known && known.isTerminal()
                        ? ended(entry, state.run(), ended.end(), known, null, now, policy)
                        : observed(entry, state, ended.end().run(), now, policy);
            case Input.NotSeen(String id, long runId)
            when runId == state.run().runId() && isPastDeadline(order, now) ->
                atDeadline(
                        Draft.of(entry, now), order, state, "dbt Cloud does not know it any more (404)", now, policy);
            case Input.NotSeen(String id, long runId) when runId == state.run().runId() -> notSeen(entry, state, now);
            case Input.CancelAsked(String id, CancelReason reason) ->
                cancel(Draft.of(entry, now), order, state, reason, now, policy);
            case Input.JobFound found -> gone(entry, state, now);
            case Input.CallFailed(Action.Watch look, CallFailure failure)
            when isPastDeadline(order, now) ->
                atDeadline(
                        Draft.of(entry, now),
                        order,
                        state,
                        "it could not be looked at (" + failure.detail() + ")",
                        now,
                        policy);
            case Input.CallFailed(Action.Watch look, CallFailure failure) -> Decision.only(lookAgain(look, order, now));
            case Input.CallFailed(Action.ReadEnd end, CallFailure failure) ->
                Decision.only(watch(entry, state.run(), now.plus(order.terms().pollInterval())));
            case Input.Restored restored ->
                Draft.of(entry, now)
                        .watch(state.run(), now)
                        .wakeAt(order.terms().deadline())
                        .unchanged();
            case Input.Woken woken
            when !now.isBefore(order.terms().deadline().plus(LAST_LOOK)) ->
                atDeadline(Draft.of(entry, now), order, state, "the last look had no answer", now, policy);
            case Input.Woken woken
            when isPastDeadline(order, now) ->
                Draft.of(entry, now)
                        .watch(state.run(), now)
                        .wakeAt(order.terms().deadline().plus(LAST_LOOK))
                        .unchanged();
            case Input.About other -> Decision.NOTHING;
        };
    }

    static Decision cancelling(
            RunEntry entry, RunState.Cancelling state, Input.About input, Instant now, Policy policy) {
        Order order = entry.openOrder();
        return switch (input) {
            case Input.Observed(String id, RunSnapshot run)
            when isOf(state, run) ->
                run.status().isTerminal() ? Draft.of(entry, now).readEnd(run).unchanged() : goesOn(entry, state, now);
            case Input.Ended ended
            when isOf(state, ended.end().run()) ->
                ended.end().run().status() instanceof JobRunStatus.Known known && known.isTerminal()
                        ? ended(entry, state.run(), ended.end(), known, state.reason(), now, policy)
                        : Decision.only(
                                watch(entry, state.run(), now.plus(order.terms().pollInterval())));
            case Input.NotSeen(String id, long runId) when runId == state.run().runId() -> notSeen(entry, state, now);
            case Input.JobFound found -> gone(entry, state, now);
            case Input.CallFailed(Action.Watch look, CallFailure failure) ->
                state.isToAskAgain(now)
                        ? cancelAgain(Draft.of(entry, now).then(lookAgain(look, order, now)), state, now)
                        : Decision.only(lookAgain(look, order, now));
            case Input.CallFailed(Action.ReadEnd end, CallFailure failure) ->
                Decision.only(watch(entry, state.run(), now.plus(order.terms().pollInterval())));
            case Input.CallFailed(Action.CancelRun cancel, CallFailure failure) ->
                Draft.of(entry, now)
                        .wakeAt(state.askedAt().plus(RunMachine.backOff(state.tries())))
                        .to(state.failed(failure.detail()));
            case Input.Woken woken
            when !now.isBefore(patienceEnd(order, policy)) -> unconfirmed(entry, state, now, policy);
            case Input.Woken woken when state.isToTryAgain(now) -> cancelAgain(Draft.of(entry, now), state, now);
            case Input.Restored restored ->
                cancelAgain(
                        Draft.of(entry, now).wakeAt(patienceEnd(order, policy)).watch(state.run(), soon(order, now)),
                        state,
                        now);
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision observed(
            RunEntry entry, RunState.Following state, RunSnapshot run, Instant now, Policy policy) {
        Order order = entry.openOrder();
        Draft draft = Draft.of(entry, now);
        if (run.status().isTerminal()) {
            return draft.readEnd(run).unchanged();
        }
        if (isPastDeadline(order, now)) {
            return atDeadline(draft, order, new RunState.Following(run, now, null), null, now, policy);
        }
        if (!isNews(state.run(), run)) {
            Duration age = Duration.between(state.changedAt(), now);
            draft.watch(run, now.plus(PollPlan.gap(order.terms().pollInterval(), age)));
            return state.missingSince() == null
                    ? draft.unchanged()
                    : draft.to(new RunState.Following(state.run(), state.changedAt(), null));
        }
        return seen(draft.status(run, state.run().status()), order, run, now);
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

    private static boolean isOf(RunState.WithRun state, RunSnapshot run) {
        return run.runId() == state.run().runId();
    }

    private static boolean isPastDeadline(Order order, Instant now) {
        return !now.isBefore(order.terms().deadline());
    }

    /**
     * The last look is over.
     *
     * @param trouble why it has shown nothing; null: it has
     */
    private static Decision atDeadline(
            Draft draft, Order order, RunState.Following state, @Nullable String trouble, Instant now, Policy policy) {
        if (order.terms().cancelsAtDeadline()) {
            return cancel(draft, order, state, CancelReason.CANCELLED_BY_RELAY, now, policy);
        }
        return draft.abandon(
                state.run(),
                AbandonReason.DEADLINE,
                trouble == null
                        ? "the time-out passed; the run goes on in dbt Cloud"
                        : "the time-out passed; nobody knows whether the run goes on in dbt Cloud: " + trouble);
    }

    /** The run is looked at all the same: whatever becomes of the cancellation, its end is the end. */
    private static Decision cancel(
            Draft draft, Order order, RunState.Following state, CancelReason reason, Instant now, Policy policy) {
        return draft.cancel(state.run())
                .watch(state.run(), soon(order, now))
                .wakeAt(patienceEnd(order, policy))
                .to(new RunState.Cancelling(state.run(), reason, now, 1, state.missingSince(), null));
    }

    /** Asks once more; who calls this sees to it that the run is looked at. */
    static Decision cancelAgain(Draft draft, RunState.Cancelling state, Instant now) {
        return draft.cancel(state.run()).to(state.askedAgain(now));
    }

    /** It goes on: it is asked again if the last time is long ago, or was while dbt Cloud did not know it. */
    private static Decision goesOn(RunEntry entry, RunState.Cancelling state, Instant now) {
        Draft draft = Draft.of(entry, now).watch(state.run(), soon(entry.openOrder(), now));
        return state.missingSince() != null || state.isToAskAgain(now)
                ? cancelAgain(draft, state.seen(), now)
                : draft.unchanged();
    }

    /** When a cancellation that nobody has confirmed is given up: it needs dbt Cloud, an abandoned run does not. */
    private static Instant patienceEnd(Order order, Policy policy) {
        Instant deadline = order.terms().deadline();
        return order.terms().cancelsAtDeadline() ? deadline.plus(policy.cancelPatience()) : deadline.plus(LAST_LOOK);
    }

    private static Decision unconfirmed(RunEntry entry, RunState.Cancelling state, Instant now, Policy policy) {
        String waited = entry.openOrder().terms().cancelsAtDeadline()
                ? " within relay.run.cancel-patience (" + policy.cancelPatience() + ") after it"
                : "";
        return Draft.of(entry, now)
                .abandon(
                        state.run(),
                        AbandonReason.DEADLINE,
                        "the time-out passed, and dbt Cloud has not confirmed" + waited + " that the run is cancelled"
                                + (state.missingSince() == null ? "" : "; it does not know the run (404)")
                                + (state.trouble() == null ? "" : "; the last cancel failed: " + state.trouble()));
    }

    private static Decision notSeen(RunEntry entry, RunState.InFlight state, Instant now) {
        Order order = entry.openOrder();
        RunSnapshot run = state.run();
        @Nullable Instant createdAt = run.createdAt();
        if (createdAt != null && createdAt.plus(YOUNG).isAfter(now)) {
            return Decision.only(watch(entry, run, soon(order, now)));
        }
        @Nullable Instant since = state.missingSince();
        if (since == null) {
            return Draft.of(entry, now)
                    .watch(run, now.plus(order.terms().pollInterval()))
                    .to(state.missing(now));
        }
        // Each gap is as long as it has been missing, up to a minute: a run that is read by itself costs a request.
        Draft draft = Draft.of(entry, now)
                .watch(
                        run,
                        now.plus(PollPlan.gapOfMissing(order.terms().pollInterval(), Duration.between(since, now))));
        if (!since.plus(GONE).isAfter(now)) {
            draft.then(new Action.ReadJob(entry.commandId(), order.target(), run.jobId(), false));
        }
        return state instanceof RunState.Cancelling cancelling && cancelling.isToAskAgain(now)
                ? cancelAgain(draft, cancelling, now)
                : draft.unchanged();
    }

    private static Decision gone(RunEntry entry, RunState.InFlight state, Instant now) {
        if (state.missingSince() == null || state.missingSince().plus(GONE).isAfter(now)) {
            return Decision.NOTHING;
        }
        return Draft.of(entry, now)
                .abandon(
                        state.run(),
                        AbandonReason.RUN_GONE,
                        "dbt Cloud has not known the run since " + state.missingSince() + ", but knows its job");
    }

    private static Decision ended(
            RunEntry entry,
            RunSnapshot before,
            RunEnd end,
            JobRunStatus.Known status,
            @Nullable CancelReason asked,
            Instant now,
            Policy policy) {
        Order order = entry.openOrder();
        RunSnapshot run = end.run();
        Draft draft = Draft.of(entry, now);
        @Nullable JobRunStatus previous = before.status().equals(run.status()) ? null : before.status();
        Expectation expectation = Expectation.of(order.task());
        EventType type = expectation.outcome(run, status);
        @Nullable String reason = expectation.reason(run, status, asked);
        draft.emit(type, run, draft.ofRun(run, previous, end.failure(), reason, expectation.message(run)));
        return CollectPhase.begin(draft, entry.commandId(), order, end, type, reason, now, policy);
    }

    /** When a run is looked at next that has just changed, or is to change. */
    static Instant soon(Order order, Instant now) {
        return now.plus(PollPlan.gap(order.terms().pollInterval(), Duration.ZERO));
    }

    /** A look that failed is taken again, later each time. */
    static Action lookAgain(Action.Watch look, Order order, Instant now) {
        Duration gap = PollPlan.gapAfterFailures(order.terms().pollInterval(), look.failures());
        return new Action.Watch(look.commandId(), look.target(), look.runId(), now.plus(gap), look.failures() + 1);
    }

    private static Action watch(RunEntry entry, RunSnapshot run, Instant due) {
        return new Action.Watch(entry.commandId(), entry.openOrder().target(), run.runId(), due, 0);
    }
}
