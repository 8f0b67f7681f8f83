package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The run is known: watch it, tell what changes, cancel it at its deadline, and tell its end. */
final class FollowPhase {

    /** A run that was made a moment ago may be unknown to some of dbt Cloud's servers: its 404 is no news. */
    private static final Duration YOUNG = Duration.ofMinutes(1);

    /** A 404 for so long is the end, if the job can be read meanwhile. */
    private static final Duration GONE = Duration.ofMinutes(15);

    /** A cancellation that shows no effect is asked for again. */
    private static final Duration CANCEL_AGAIN = Duration.ofMinutes(1);

    private FollowPhase() {}

    /** A run has been found or started: from now on it is followed. */
    static Decision begin(Draft draft, RunEntry entry, RunSnapshot run, Instant now) {
        Order order = entry.openOrder().withJob(run.jobId(), run.jobName());
        draft.order(order);
        if (run.status().isTerminal()) {
            return draft.then(readEnd(entry, order, run)).to(new RunState.Following(run, now, null));
        }
        return draft.status(run, null)
                .then(watch(entry, order, run, now.plus(PollPlan.gap(order.pollInterval(), Duration.ZERO))))
                .to(new RunState.Following(run, now, null));
    }

    static Decision following(RunEntry entry, RunState.Following state, Input.About input, Instant now, Policy policy) {
        Order order = entry.openOrder();
        return switch (input) {
            case Input.Observed(String id, RunSnapshot run)
            when run.runId() == state.run().runId() -> observed(entry, state, run, now);
            case Input.Ended ended
            when ended.run().runId() == state.run().runId() ->
                ended.run().status() instanceof JobRunStatus.Known known && known.isTerminal()
                        ? ended(entry, state.run(), ended, known, null, now, policy)
                        : observed(entry, state, ended.run(), now);
            case Input.NotSeen(String id, long runId) when runId == state.run().runId() -> notSeen(entry, state, now);
            case Input.JobFound found -> gone(entry, state, now);
            case Input.CallFailed failed ->
                Decision.only(watch(entry, order, state.run(), now.plus(order.pollInterval())));
            case Input.Restored restored ->
                Draft.of(entry, now)
                        .then(watch(entry, order, state.run(), now))
                        .then(new Action.WakeAt(entry.commandId(), order.deadline()))
                        .unchanged();
            case Input.Woken woken
            when !now.isBefore(order.deadline()) -> Decision.only(watch(entry, order, state.run(), now));
            case Input.About other -> Decision.NOTHING;
        };
    }

    static Decision cancelling(
            RunEntry entry, RunState.Cancelling state, Input.About input, Instant now, Policy policy) {
        Order order = entry.openOrder();
        return switch (input) {
            case Input.Observed(String id, RunSnapshot run)
            when run.runId() == state.run().runId() -> {
                if (run.status().isTerminal()) {
                    yield Decision.only(readEnd(entry, order, run));
                }
                if (state.askedAt().plus(CANCEL_AGAIN).isAfter(now)) {
                    yield Decision.only(
                            watch(entry, order, run, now.plus(PollPlan.gap(order.pollInterval(), Duration.ZERO))));
                }
                yield cancelAgain(entry, state, now);
            }
            case Input.Ended ended
            when ended.run().runId() == state.run().runId() ->
                ended.run().status() instanceof JobRunStatus.Known known && known.isTerminal()
                        ? ended(entry, state.run(), ended, known, state.reason(), now, policy)
                        : Decision.only(watch(entry, order, state.run(), now.plus(order.pollInterval())));
            case Input.NotSeen missing ->
                Decision.only(watch(entry, order, state.run(), now.plus(order.pollInterval())));
            case Input.CallFailed failed ->
                Decision.only(new Action.WakeAt(entry.commandId(), now.plus(order.pollInterval())));
            case Input.Woken woken when now.isAfter(state.askedAt()) -> cancelAgain(entry, state, now);
            case Input.Restored restored -> cancelAgain(entry, state, now);
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision observed(RunEntry entry, RunState.Following state, RunSnapshot run, Instant now) {
        Order order = entry.openOrder();
        if (run.status().isTerminal()) {
            return Decision.only(readEnd(entry, order, run));
        }
        if (!now.isBefore(order.deadline())) {
            return atDeadline(entry, run, now);
        }
        if (!isNews(state.run(), run)) {
            Duration age = Duration.between(state.changedAt(), now);
            Action next = watch(entry, order, run, now.plus(PollPlan.gap(order.pollInterval(), age)));
            return state.missingSince() == null
                    ? Decision.only(next)
                    : Draft.of(entry, now).then(next).to(new RunState.Following(state.run(), state.changedAt(), null));
        }
        return Draft.of(entry, now)
                .status(run, state.run().status())
                .then(watch(entry, order, run, now.plus(PollPlan.gap(order.pollInterval(), Duration.ZERO))))
                .to(new RunState.Following(run, now, null));
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

    private static Decision atDeadline(RunEntry entry, RunSnapshot run, Instant now) {
        Order order = entry.openOrder();
        if (order.cancelAtDeadline()) {
            return Draft.of(entry, now)
                    .then(new Action.CancelRun(entry.commandId(), RunMachine.target(order), run.runId()))
                    .to(new RunState.Cancelling(run, CancelReason.CANCELLED_BY_RELAY, now));
        }
        return Draft.of(entry, now)
                .abandoned(run, AbandonReason.DEADLINE, "the time-out passed; the run goes on in dbt Cloud")
                .finish(EventType.RUN_ABANDONED, AbandonReason.DEADLINE.wireName(), run.runId());
    }

    private static Decision cancelAgain(RunEntry entry, RunState.Cancelling state, Instant now) {
        return Draft.of(entry, now)
                .then(new Action.CancelRun(
                        entry.commandId(),
                        RunMachine.target(entry.openOrder()),
                        state.run().runId()))
                .to(new RunState.Cancelling(state.run(), state.reason(), now));
    }

    private static Decision notSeen(RunEntry entry, RunState.Following state, Instant now) {
        Order order = entry.openOrder();
        RunSnapshot run = state.run();
        @Nullable Instant createdAt = run.createdAt();
        if (createdAt != null && createdAt.plus(YOUNG).isAfter(now)) {
            return Decision.only(watch(entry, order, run, now.plus(PollPlan.gap(order.pollInterval(), Duration.ZERO))));
        }
        if (state.missingSince() == null) {
            return Draft.of(entry, now)
                    .then(watch(entry, order, run, now.plus(order.pollInterval())))
                    .to(new RunState.Following(run, state.changedAt(), now));
        }
        return state.missingSince().plus(GONE).isAfter(now)
                ? Decision.only(watch(entry, order, run, now.plus(order.pollInterval())))
                : Decision.only(new Action.ReadJob(entry.commandId(), RunMachine.target(order), run.jobId()));
    }

    private static Decision gone(RunEntry entry, RunState.Following state, Instant now) {
        if (state.missingSince() == null || state.missingSince().plus(GONE).isAfter(now)) {
            return Decision.NOTHING;
        }
        return Draft.of(entry, now)
                .abandoned(
                        state.run(),
                        AbandonReason.RUN_GONE,
                        "dbt Cloud has not known the run since " + state.missingSince() + ", but knows its job")
                .finish(
                        EventType.RUN_ABANDONED,
                        AbandonReason.RUN_GONE.wireName(),
                        state.run().runId());
    }

    private static Decision ended(
            RunEntry entry,
            RunSnapshot before,
            Input.Ended ended,
            JobRunStatus.Known status,
            @Nullable CancelReason asked,
            Instant now,
            Policy policy) {
        RunSnapshot run = ended.run();
        EventType type = EventType.of(status);
        @Nullable
        String reason = status == JobRunStatus.Known.CANCELLED
                ? (asked == null ? CancelReason.of(run) : asked).wireName()
                : null;
        Draft draft = Draft.of(entry, now);
        @Nullable JobRunStatus previous = before.status().equals(run.status()) ? null : before.status();
        draft.emit(type, run, draft.ofRun(run, previous, ended.failure(), reason, null));
        List<WantedArtifact> wanted = StepChoice.wanted(entry.openOrder().artifacts(), ended.steps());
        if (wanted.isEmpty()) {
            return draft.finish(type, reason, run.runId());
        }
        return draft.then(new Action.Collect(entry.commandId(), RunMachine.target(entry.openOrder()), run, wanted))
                .to(new RunState.Collecting(run, reason, wanted, now.plus(policy.artifactPatience()), 0));
    }

    private static Action watch(RunEntry entry, Order order, RunSnapshot run, Instant due) {
        return new Action.Watch(entry.commandId(), RunMachine.target(order), run.runId(), due);
    }

    private static Action readEnd(RunEntry entry, Order order, RunSnapshot run) {
        return new Action.ReadEnd(entry.commandId(), RunMachine.target(order), run.runId());
    }
}
