package org.dbtrelay.run;

import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * From acceptance to a run: the job is known, it is the command's turn, nothing in flight is in its way, the budget has a
 * request, the intent is recorded, the call is sent.
 */
final class StartPhase {

    private StartPhase() {}

    static Decision waiting(
            RunEntry entry, RunState.Waiting state, Input.About input, Instant now, Policy policy, Lineup lineup) {
        return switch (input) {
            case Input.Turn turn -> turn(entry, Look.FIRST);
            // It was asked for in another turn, or in another claim; it is asked anew when its turn comes.
            case Input.MayStart early when !lineup.hasTurn(entry.commandId()) -> Decision.NOTHING;
            case Input.InFlight early when !lineup.hasTurn(entry.commandId()) -> Decision.NOTHING;
            case Input.RunRead early when !lineup.hasTurn(entry.commandId()) -> Decision.NOTHING;
            case Input.JobFound(String id, JobDetails job) -> jobFound(entry, job, now, policy, lineup);
            case Input.JobRefused(String id, RejectReason reason, String message) ->
                Draft.of(entry, now).rejected(reason, message);
            case Input.InFlight inFlight -> inFlight(entry, state, inFlight, now, lineup);
            case Input.RunRead read -> RetryPhase.newestRead(entry, read, now);
            // A command ahead of it, whose job was known late, has started since it was looked.
            case Input.MayStart late
            when standsBesideNone(entry) && hasRunsInFlight(entry, lineup) ->
                inFlight(entry, state, new Input.InFlight(entry.commandId(), List.of(), Look.FIRST), now, lineup);
            case Input.MayStart mayStart -> start(entry, state, mayStart, now, policy);
            case Input.About other -> Decision.NOTHING;
        };
    }

    /** All that were ahead of it at its job have started, or ended: what is next depends on what it asks for. */
    private static Decision turn(RunEntry entry, Look look) {
        Order order = entry.openOrder();
        @Nullable Long jobId = order.jobId();
        if (jobId == null) {
            return order.task().namedJob() instanceof JobSelector.ByNames(JobNames names)
                    ? Decision.only(new Action.LookUpJob(entry.commandId(), order.target(), names))
                    : Decision.NOTHING;
        }
        return Decision.only(
                standsBesideNone(entry)
                        ? new Action.ListInFlight(entry.commandId(), order.target(), jobId, look)
                        : whenFree(entry.commandId(), order, jobId, look));
    }

    /** Whether it matters to it what is in flight. */
    private static boolean standsBesideNone(RunEntry entry) {
        Order order = entry.openOrder();
        return order.task() instanceof Task.Trigger && order.terms().ifRunning() != IfRunning.QUEUE;
    }

    private static boolean hasRunsInFlight(RunEntry entry, Lineup lineup) {
        Order order = entry.openOrder();
        return order.jobId() != null && lineup.hasInFlight(order.target(), order.jobId());
    }

    /** What comes when no run in flight is in the way. */
    private static Action whenFree(String commandId, Order order, long jobId, Look look) {
        boolean asksForNewest = order.task() instanceof Task.Trigger trigger
                ? trigger.retryFromFailure()
                : order.task() instanceof Task.Rerun;
        return asksForNewest
                ? new Action.ReadNewestRun(commandId, order.target(), jobId, look)
                : new Action.ReserveStart(
                        commandId,
                        order.target(),
                        jobId,
                        new StartCall.Trigger(),
                        look.answeredAt() == null ? null : look);
    }

    private static Decision jobFound(RunEntry entry, JobDetails job, Instant now, Policy policy, Lineup lineup) {
        Order order = entry.openOrder();
        boolean dryRun = order.task() instanceof Task.Trigger trigger && trigger.dryRun();
        if (order.jobId() != null && !dryRun) {
            return Decision.NOTHING;
        }
        Order known = WaitPhase.settled(entry, job.jobId(), job.name(), policy);
        Draft draft = Draft.of(entry, now).order(known);
        @Nullable String forbidden = Acceptance.forbiddenJob(policy, known, job.jobId());
        if (forbidden != null) {
            return draft.rejected(RejectReason.FORBIDDEN, forbidden);
        }
        if (job.deactivated()) {
            return draft.rejected(
                    RejectReason.JOB_DEACTIVATED,
                    "job " + job.jobId() + " '" + job.name() + "' is deactivated in dbt Cloud");
        }
        if (dryRun) {
            return draft.completed(
                    null,
                    null,
                    "dry run: job " + job.jobId() + " '" + job.name()
                            + "' exists, is active and may be run; nothing was started");
        }
        RunState.Waiting waiting = new RunState.Waiting(Starts.NONE, 0, null);
        return enterQueue(WaitPhase.bounds(draft, known), waiting, lineup);
    }

    /** Its job is known, so it is known who is ahead of it and has no run yet: dbt Cloud cannot know of those. */
    static Decision enterQueue(Draft draft, RunState.Waiting state, Lineup lineup) {
        RunEntry entry = draft.entry(state);
        if (entry.openOrder().task() instanceof Task.Trigger) {
            switch (entry.openOrder().terms().ifRunning()) {
                case SKIP -> {
                    @Nullable RunEntry before = lineup.justAheadOf(entry);
                    if (before != null) {
                        return draft.rejected(
                                RejectReason.ALREADY_RUNNING,
                                "if_running: command '" + before.commandId() + "' is about to run the same job");
                    }
                }
                case REPLACE ->
                    lineup.aheadOf(entry).stream()
                            .filter(other -> other.state() instanceof RunState.Waiting)
                            .forEach(other ->
                                    draft.tell(new Input.CancelAsked(other.commandId(), CancelReason.SUPERSEDED)));
                case QUEUE, REUSE -> {}
            }
        }
        return draft.to(state);
    }

    private static Decision inFlight(
            RunEntry entry, RunState.Waiting state, Input.InFlight seen, Instant now, Lineup lineup) {
        Order order = entry.openOrder();
        @Nullable Long jobId = order.jobId();
        if (jobId == null) {
            return Decision.NOTHING;
        }
        List<RunSnapshot> all = Running.together(seen.runs(), lineup.oneOfEachInFlight(order.target(), jobId));
        if (all.isEmpty()) {
            return Decision.only(whenFree(entry.commandId(), order, jobId, seen.look()));
        }
        return switch (order.terms().ifRunning()) {
            case QUEUE -> Decision.only(whenFree(entry.commandId(), order, jobId, seen.look()));
            case SKIP ->
                Draft.of(entry, now)
                        .rejected(
                                RejectReason.ALREADY_RUNNING,
                                "if_running: the job has runs in flight: "
                                        + all.stream()
                                                .map(run -> Long.toString(run.runId()))
                                                .collect(Collectors.joining(", ")));
            case REUSE -> {
                Order following = order.on(order.terms().following());
                yield FollowPhase.begin(Draft.of(entry, now).adopted(), following, all.getLast(), now);
            }
            case REPLACE -> Running.clear(entry, state, all, lineup.inFlight(order.target(), jobId), now);
        };
    }

    private static Decision start(
            RunEntry entry, RunState.Waiting state, Input.MayStart may, Instant now, Policy policy) {
        Order order = entry.openOrder();
        if (order.jobId() == null) {
            return Decision.NOTHING;
        }
        @Nullable Decision over = WaitPhase.overOrNull(entry, state, now);
        if (over != null) {
            return over;
        }
        if (may.look() != null && may.look().isOld(now)) {
            return turn(entry, Look.AGAIN);
        }
        Starts starts = state.starts().begin(now, may.newestRunId());
        return Draft.of(entry, now)
                .then(new Action.Start(
                        entry.commandId(),
                        starts.attempts(),
                        order.target(),
                        order.jobId(),
                        may.call(),
                        marker(entry, policy).inFrontOf(order.cause()),
                        order.task() instanceof Task.Trigger trigger ? trigger.overrides() : Overrides.NONE,
                        order.traceparent()))
                .to(new RunState.Starting(starts, may.call(), state.failures()));
    }

    static Decision starting(RunEntry entry, RunState.Starting state, Input.About input, Instant now, Policy policy) {
        return switch (input) {
            case Input.Started started
            when started.attempt() == state.attempt() ->
                FollowPhase.begin(Draft.of(entry, now), entry.openOrder(), started.run(), now);
            case Input.StartRefused refused
            when refused.attempt() == state.attempt() ->
                refused(entry, state, refused.reason(), refused.message(), now);
            case Input.StartFailed failed
            when failed.attempt() == state.attempt() -> startFailed(entry, state, failed.failure(), now, policy);
            // The owner that wrote the intent is gone, and with it the knowledge of what became of the call.
            case Input.Restored restored -> LookPhase.begin(entry, state, now, policy);
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision startFailed(
            RunEntry entry, RunState.Starting state, CallFailure failure, Instant now, Policy policy) {
        Starts starts = state.starts().failed(failure);
        RunState.Waiting again = new RunState.Waiting(starts.surelyNot(), state.failures(), null);
        return switch (failure) {
            case CallFailure.Unclear unclear ->
                LookPhase.begin(entry, new RunState.Starting(starts, state.call(), 0), now, policy);
            case CallFailure.NotSent notSent -> WaitPhase.later(entry, again, now);
            case CallFailure.Limited limited -> WaitPhase.later(entry, again, now);
            case CallFailure.Suspended suspended -> WaitPhase.later(entry, again, now);
            case CallFailure.NotFound notFound -> refused(entry, state, notFound(state.call()), notFound.detail(), now);
            case CallFailure.Refused refused ->
                refused(entry, state, RejectReason.REFUSED_BY_DBT_CLOUD, refused.detail(), now);
        };
    }

    /** A trigger that would rather have resumed a run triggers where that cannot be resumed, as after a newer run. */
    private static Decision refused(
            RunEntry entry, RunState.Starting state, RejectReason reason, String message, Instant now) {
        Order order = entry.openOrder();
        boolean mayTrigger = state.call() instanceof StartCall.Retry && reason != RejectReason.JOB_DEACTIVATED;
        return mayTrigger && order.task() instanceof Task.Trigger trigger
                ? Draft.of(entry, now)
                        .order(order.with(trigger.inFull()))
                        .to(new RunState.Waiting(state.starts().surelyNot(), 0, null))
                : Draft.of(entry, now).rejected(reason, message);
    }

    private static RejectReason notFound(StartCall call) {
        return switch (call) {
            case StartCall.Trigger trigger -> RejectReason.JOB_NOT_FOUND;
            case StartCall.Retry retry -> RejectReason.RUN_NOT_FOUND;
        };
    }

    static CauseMarker marker(RunEntry entry, Policy policy) {
        return CauseMarker.of(policy.deployment(), policy.ledger(), entry.commandId());
    }
}
