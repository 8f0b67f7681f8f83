package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The run is known: watch it, tell what changes, cancel it at its deadline, and tell its end. */
final class FollowPhase {

    /** A run that was made a moment ago may be unknown to some of dbt Cloud's servers: its 404 is no news. */
    private static final Duration YOUNG = Duration.ofMinutes(1);

    /** A 404 for so long is the end, if the job can be read meanwhile. */
    private static final Duration GONE = Duration.ofMinutes(15);

    /** A cancellation that shows no effect is asked for again. */
    static final Duration CANCEL_AGAIN = Duration.ofMinutes(1);

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
        return draft.watch(run, now.plus(PollPlan.gap(order.terms().pollInterval(), Duration.ZERO)))
                .to(new RunState.Following(run, now, null));
    }

    static Decision following(RunEntry entry, RunState.Following state, Input.About input, Instant now, Policy policy) {
        Order order = entry.openOrder();
        return switch (input) {
            case Input.Observed(String id, RunSnapshot run)
            when run.runId() == state.run().runId() -> observed(entry, state, run, now);
            case Input.Ended ended
            when ended.end().run().runId() == state.run().runId() ->
                ended.end().run().status() instanceof JobRunStatus.Known known && known.isTerminal()
                        ? ended(entry, state.run(), ended.end(), known, null, now, policy)
                        : observed(entry, state, ended.end().run(), now);
            case Input.NotSeen(String id, long runId) when runId == state.run().runId() -> notSeen(entry, state, now);
            // Who asks comes again when dbt Cloud knows the run again.
            case Input.CancelAsked asked when state.missingSince() != null -> Decision.NOTHING;
            case Input.CancelAsked(String id, CancelReason reason) ->
                Draft.of(entry, now).cancel(state.run()).to(new RunState.Cancelling(state.run(), reason, now));
            case Input.JobFound found -> gone(entry, state, now);
            case Input.CallFailed failed ->
                Decision.only(watch(entry, state.run(), now.plus(order.terms().pollInterval())));
            case Input.Restored restored ->
                Draft.of(entry, now)
                        .watch(state.run(), now)
                        .wakeAt(order.terms().deadline())
                        .unchanged();
            case Input.Woken woken
            when !now.isBefore(order.terms().deadline()) -> Decision.only(watch(entry, state.run(), now));
            case Input.About other -> Decision.NOTHING;
        };
    }

    static Decision cancelling(
            RunEntry entry, RunState.Cancelling state, Input.About input, Instant now, Policy policy) {
        Duration interval = entry.openOrder().terms().pollInterval();
        return switch (input) {
            case Input.Observed(String id, RunSnapshot run)
            when run.runId() == state.run().runId() -> {
                if (run.status().isTerminal()) {
                    yield Draft.of(entry, now).readEnd(run).unchanged();
                }
                if (state.askedAt().plus(CANCEL_AGAIN).isAfter(now)) {
                    yield Decision.only(watch(entry, run, now.plus(PollPlan.gap(interval, Duration.ZERO))));
                }
                yield cancelAgain(entry, state, now);
            }
            case Input.Ended ended
            when ended.end().run().runId() == state.run().runId() ->
                ended.end().run().status() instanceof JobRunStatus.Known known && known.isTerminal()
                        ? ended(entry, state.run(), ended.end(), known, state.reason(), now, policy)
                        : Decision.only(watch(entry, state.run(), now.plus(interval)));
            case Input.NotSeen(String id, long runId) when runId == state.run().runId() -> lost(entry, state, now);
            case Input.CallFailed(String id, CallFailure.NotFound notFound) -> lost(entry, state, now);
            case Input.CallFailed failed -> Decision.only(new Action.WakeAt(entry.commandId(), now.plus(interval)));
            case Input.Woken woken when now.isAfter(state.askedAt()) -> cancelAgain(entry, state, now);
            case Input.Restored restored -> cancelAgain(entry, state, now);
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision observed(RunEntry entry, RunState.Following state, RunSnapshot run, Instant now) {
        Order order = entry.openOrder();
        Draft draft = Draft.of(entry, now);
        if (run.status().isTerminal()) {
            return draft.readEnd(run).unchanged();
        }
        if (!now.isBefore(order.terms().deadline())) {
            return atDeadline(draft, order, run, now);
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

    private static Decision atDeadline(Draft draft, Order order, RunSnapshot run, Instant now) {
        return order.terms().cancelsAtDeadline()
                ? draft.cancel(run).to(new RunState.Cancelling(run, CancelReason.CANCELLED_BY_RELAY, now))
                : draft.abandon(run, AbandonReason.DEADLINE, "the time-out passed; the run goes on in dbt Cloud");
    }

    private static Decision cancelAgain(RunEntry entry, RunState.Cancelling state, Instant now) {
        return Draft.of(entry, now).cancel(state.run()).to(new RunState.Cancelling(state.run(), state.reason(), now));
    }

    private static Decision notSeen(RunEntry entry, RunState.Following state, Instant now) {
        Duration interval = entry.openOrder().terms().pollInterval();
        RunSnapshot run = state.run();
        @Nullable Instant createdAt = run.createdAt();
        if (createdAt != null && createdAt.plus(YOUNG).isAfter(now)) {
            return Decision.only(watch(entry, run, now.plus(PollPlan.gap(interval, Duration.ZERO))));
        }
        if (state.missingSince() == null) {
            return Draft.of(entry, now)
                    .watch(run, now.plus(interval))
                    .to(new RunState.Following(run, state.changedAt(), now));
        }
        return state.missingSince().plus(GONE).isAfter(now)
                ? Decision.only(watch(entry, run, now.plus(interval)))
                : Decision.only(
                        new Action.ReadJob(entry.commandId(), entry.openOrder().target(), run.jobId()));
    }

    /** What dbt Cloud does not know cannot be cancelled: it is followed until it is there again, or gone for good. */
    private static Decision lost(RunEntry entry, RunState.Cancelling state, Instant now) {
        return notSeen(entry, new RunState.Following(state.run(), state.askedAt(), null), now);
    }

    private static Decision gone(RunEntry entry, RunState.Following state, Instant now) {
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

    private static Action watch(RunEntry entry, RunSnapshot run, Instant due) {
        return new Action.Watch(entry.commandId(), entry.openOrder().target(), run.runId(), due);
    }
}
