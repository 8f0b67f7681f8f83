package org.dbtrelay.run.decide;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobObstacle;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.OnFailure;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartAttempts;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;

/**
 * From acceptance to a run: the job is known, it is the command's turn, nothing in flight is in its way, the budget has a
 * request, the intent is recorded, the call is sent.
 */
final class StartDecisions {

    /** Reasons for which a job can be neither resumed nor triggered. */
    private static final Set<RejectReason> OF_JOB =
            Set.of(RejectReason.JOB_NOT_FOUND, RejectReason.JOB_DEACTIVATED, RejectReason.JOB_NOT_TRIGGERABLE);

    private StartDecisions() {}

    static Decision waiting(
            RunEntry entry,
            RunState.Waiting state,
            Input.CommandInput input,
            Instant now,
            Policy policy,
            JobQueues queues) {
        return switch (input) {
            case Input.TurnReached turn -> {
                @Nullable Instant notBefore = IntervalDecisions.notBefore(entry, queues, now);
                yield notBefore == null
                        ? turn(entry, StartCheck.FIRST)
                        : CommonDecisions.waitsUntil(entry, state, notBefore, now);
            }
            // It was asked for in another turn, or in another claim; it is asked anew when its turn comes.
            case Input.StartReserved early when !queues.hasTurn(entry.commandId()) -> Decision.NOTHING;
            case Input.RunsInFlight early when !queues.hasTurn(entry.commandId()) -> Decision.NOTHING;
            case Input.RunRead early when !queues.hasTurn(entry.commandId()) -> Decision.NOTHING;
            case Input.JobFound(String id, JobDetails job) -> jobFound(entry, job, now, policy, queues);
            case Input.JobRejected late when entry.hasFailedRun() -> Decision.NOTHING;
            case Input.JobRejected(String id, RejectReason reason, String message) ->
                DecisionBuilder.of(entry, now).rejected(reason, message);
            case Input.RunsInFlight inFlight -> inFlight(entry, state, inFlight, now, policy, queues);
            case Input.RunRead read -> newestRead(entry, read, now, policy);
            // A command ahead of it, whose job was known late, has started since that check.
            case Input.StartReserved late
            when standsBesideNone(entry) && hasRunsInFlight(entry, queues) ->
                inFlight(
                        entry,
                        state,
                        new Input.RunsInFlight(entry.commandId(), List.of(), StartCheck.FIRST),
                        now,
                        policy,
                        queues);
            case Input.StartReserved mayStart -> start(entry, state, mayStart, now, policy, queues);
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    /** All that were ahead of it at its job have started, or ended: what is next depends on what it asks for. */
    private static Decision turn(RunEntry entry, StartCheck check) {
        ResolvedCommand resolved = entry.openCommand();
        @Nullable Long jobId = resolved.jobId();
        if (jobId == null) {
            return resolved.task().namedJob() instanceof JobSelector.ByNames(JobNames names)
                    ? Decision.only(new Action.LookUpJob(entry.commandId(), resolved.target(), names))
                    : Decision.NOTHING;
        }
        return Decision.only(
                standsBesideNone(entry)
                        ? new Action.ListInFlight(entry.commandId(), resolved.target(), jobId, check)
                        : whenFree(entry, jobId, check));
    }

    /** Whether {@code if_running} requires a check of runs in flight. */
    private static boolean standsBesideNone(RunEntry entry) {
        ResolvedCommand resolved = entry.openCommand();
        return resolved.task() instanceof Task.Trigger && resolved.options().ifRunning() != IfRunning.QUEUE;
    }

    /** Whether commands of the partition follow runs of the job that are in flight as far as they know, and are not its own failed ones. */
    private static boolean hasRunsInFlight(RunEntry entry, JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        @Nullable Long jobId = resolved.jobId();
        return jobId != null
                && queues.hasInFlight(resolved.target(), jobId)
                && !(entry.hasFailedRun()
                        && queues.oneOfEachInFlight(resolved.target(), jobId).stream()
                                .allMatch(other -> other.state() instanceof RunState.WithRun withRun
                                        && entry.hasHad(withRun.run().runId())));
    }

    /** The next action when no run in flight is in the way. */
    private static Action whenFree(RunEntry entry, long jobId, StartCheck check) {
        ResolvedCommand resolved = entry.openCommand();
        return asksForNewest(entry, resolved.task())
                ? new Action.ReadNewestRun(entry.commandId(), resolved.target(), jobId, check)
                : new Action.ReserveStart(
                        entry.commandId(),
                        resolved.target(),
                        jobId,
                        new StartCall.Trigger(),
                        check.answeredAt() == null ? null : check);
    }

    /** Whether it depends upon the newest run of the job how the command starts. */
    private static boolean asksForNewest(RunEntry entry, Task task) {
        if (entry.hasFailedRun()) {
            return FailedRunDecisions.resumes(entry);
        }
        return task instanceof Task.Trigger trigger ? trigger.retryFromFailure() : task instanceof Task.Rerun;
    }

    private static Decision jobFound(RunEntry entry, JobDetails job, Instant now, Policy policy, JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        boolean dryRun = resolved.task() instanceof Task.Trigger trigger && trigger.dryRun();
        if (resolved.jobId() != null && !dryRun) {
            return Decision.NOTHING;
        }
        ResolvedCommand known = CommonDecisions.settled(entry, job.jobId(), job.name(), policy);
        DecisionBuilder builder = DecisionBuilder.of(entry, now).resolved(known);
        @Nullable String forbidden = CommonDecisions.forbiddenJob(policy, known, job.jobId());
        if (forbidden != null) {
            return builder.rejected(RejectReason.FORBIDDEN, forbidden);
        }
        @Nullable JobObstacle obstacle = JobObstacle.of(job);
        if (obstacle != null) {
            return builder.rejected(obstacle.reason(), obstacle.message());
        }
        if (dryRun) {
            return builder.completed(
                    null,
                    null,
                    "dry run: job " + job.jobId() + " '" + job.name()
                            + "' exists, is active and may be run; nothing was started");
        }
        RunState.Waiting waiting = new RunState.Waiting(StartAttempts.NONE, 0, null);
        return enterQueue(CommonDecisions.bounds(builder, known), waiting, queues, now);
    }

    /** Its job is known, so it is known who is ahead of it and has no run yet: dbt Cloud cannot know of those. */
    static Decision enterQueue(DecisionBuilder builder, RunState.Waiting state, JobQueues queues, Instant now) {
        RunEntry entry = builder.entry(state);
        @Nullable Decision joined = CoalesceDecisions.join(builder, entry, queues);
        if (joined != null) {
            return joined;
        }
        if (entry.openCommand().task() instanceof Task.Trigger) {
            switch (entry.openCommand().options().ifRunning()) {
                case SKIP -> {
                    @Nullable RunEntry before = queues.justAheadOf(entry);
                    if (before != null) {
                        return builder.rejected(
                                RejectReason.ALREADY_RUNNING,
                                "if_running: command '" + before.commandId() + "' is about to run the same job");
                    }
                }
                case REPLACE -> supersedeAhead(builder, entry, queues);
                case QUEUE, REUSE -> {}
            }
        }
        return CoalesceDecisions.open(builder, entry, state, queues, now);
    }

    /** A new owner does it again: of thousands that are superseded, some may have been left to a later commit. */
    static DecisionBuilder restored(DecisionBuilder builder, RunEntry entry, JobQueues queues) {
        boolean replaces = entry.openCommand().task() instanceof Task.Trigger
                && entry.openCommand().options().ifRunning() == IfRunning.REPLACE
                && !entry.hasFailedRun();
        if (replaces) {
            supersedeAhead(builder, entry, queues);
        }
        return builder;
    }

    private static void supersedeAhead(DecisionBuilder builder, RunEntry entry, JobQueues queues) {
        queues.aheadOf(entry).stream()
                .filter(other -> other.state() instanceof RunState.Waiting)
                .forEach(other -> supersede(builder, other, queues));
    }

    /** Those that have joined it first: else the next of them would lead, one after another. */
    private static void supersede(DecisionBuilder builder, RunEntry other, JobQueues queues) {
        queues.joinedTo(other)
                .forEach(
                        joined -> builder.tell(new Input.CancelRequested(joined.commandId(), CancelReason.SUPERSEDED)));
        builder.tell(new Input.CancelRequested(other.commandId(), CancelReason.SUPERSEDED));
    }

    private static Decision inFlight(
            RunEntry entry,
            RunState.Waiting state,
            Input.RunsInFlight seen,
            Instant now,
            Policy policy,
            JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        @Nullable Long jobId = resolved.jobId();
        if (jobId == null) {
            return Decision.NOTHING;
        }
        if (entry.hasFailedRun()
                && resolved.options().ifRunning() != IfRunning.QUEUE
                && queues.isAnotherStarting(entry)) {
            // One that came later has gone before it meanwhile: its run will be there in a moment.
            return CommonDecisions.later(entry, state, now, policy);
        }
        List<RunSnapshot> all = together(seen.runs(), queues.oneOfEachInFlight(resolved.target(), jobId)).stream()
                .filter(run -> !entry.hasHad(run.runId()))
                .toList();
        if (all.isEmpty()) {
            return Decision.only(whenFree(entry, jobId, seen.check()));
        }
        IfRunning ifRunning = resolved.options().ifRunning();
        if (entry.hasFailedRun() && (ifRunning == IfRunning.SKIP || ifRunning == IfRunning.REPLACE)) {
            // Another run after one that failed comes beside none, and in place of none: those in flight are newer.
            return CollectDecisions.endAfterFailed(entry, "there is no other run; " + inTheWay(all), now, policy);
        }
        return switch (ifRunning) {
            case QUEUE -> Decision.only(whenFree(entry, jobId, seen.check()));
            case SKIP -> DecisionBuilder.of(entry, now).rejected(RejectReason.ALREADY_RUNNING, inTheWay(all));
            case REUSE -> {
                ResolvedCommand following = resolved.on(resolved.options().following());
                DecisionBuilder builder = DecisionBuilder.of(entry, now).adopted();
                if (entry.share() != null) {
                    builder.share(entry.share().leading(queues.countSharing(entry)));
                }
                yield FollowDecisions.begin(builder, following, all.getLast(), now);
            }
            case REPLACE -> clear(entry, state, all, queues.inFlight(resolved.target(), jobId), now);
        };
    }

    private static String inTheWay(List<RunSnapshot> all) {
        return "if_running: the job has runs in flight: "
                + all.stream().map(run -> Long.toString(run.runId())).collect(Collectors.joining(", "));
    }

    /** The runs of the job in flight, oldest first: those that dbt Cloud lists, and those that commands of the partition follow, which can be ahead of its lists. */
    private static List<RunSnapshot> together(List<RunSnapshot> listed, List<RunEntry> ours) {
        Map<Long, RunSnapshot> byId = new TreeMap<>();
        listed.forEach(run -> byId.put(run.runId(), run));
        for (RunEntry other : ours) {
            if (other.state() instanceof RunState.WithRun withRun) {
                byId.putIfAbsent(withRun.run().runId(), withRun.run());
            }
        }
        return List.copyOf(byId.values());
    }

    /**
     * Makes room for a command that replaces what runs: the commands of the partition cancel their own runs, the others are
     * cancelled here, and then the check is repeated.
     */
    private static Decision clear(
            RunEntry entry, RunState.Waiting state, List<RunSnapshot> all, List<RunEntry> ours, Instant now) {
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        Set<Long> theirOwn = new HashSet<>();
        for (RunEntry other : ours) {
            builder.tell(new Input.CancelRequested(other.commandId(), CancelReason.SUPERSEDED));
            if (other.state() instanceof RunState.WithRun withRun) {
                theirOwn.add(withRun.run().runId());
            }
        }
        for (RunSnapshot run : all) {
            if (!theirOwn.contains(run.runId())) {
                builder.then(new Action.CancelOther(
                        entry.commandId(),
                        entry.openCommand().target(),
                        run.runId(),
                        entry.openCommand().traceparent()));
            }
        }
        return CommonDecisions.later(builder, state, now);
    }

    /** The newest run of the job, for a rerun and for a trigger that would rather resume. */
    private static Decision newestRead(RunEntry entry, Input.RunRead read, Instant now, Policy policy) {
        ResolvedCommand resolved = entry.openCommand();
        @Nullable Long jobId = resolved.jobId();
        if (jobId == null) {
            return Decision.NOTHING;
        }
        @Nullable RunSnapshot run = read.run();
        @Nullable
        RunSnapshot failed = run != null && run.status() == JobRunStatus.Known.ERROR && read.canRetry() ? run : null;
        @Nullable RunSnapshot own = entry.failedRun();
        if (own != null) {
            return failed != null && failed.runId() == own.runId()
                    ? reserve(entry, jobId, new StartCall.Retry(failed.runId()), read)
                    : notResumable(entry, jobId, read, own, now, policy);
        }
        return switch (resolved.task()) {
            case Task.Trigger trigger when failed == null -> reserve(entry, jobId, new StartCall.Trigger(), read);
            case Task.Trigger trigger
            when trigger.overrides().equals(Overrides.NONE) ->
                reserve(entry, jobId, new StartCall.Retry(failed.runId()), read);
            case Task.Trigger trigger ->
                DecisionBuilder.of(entry, now)
                        .rejected(
                                RejectReason.NOT_RETRYABLE,
                                "retry_from_failure: run " + failed.runId()
                                        + " failed and can be resumed, but dbt Cloud"
                                        + " resumes a run without overrides; leave out one of the two");
            case Task.Rerun rerun
            when failed != null -> reserve(entry, jobId, new StartCall.Retry(failed.runId()), read);
            case Task.Rerun rerun ->
                DecisionBuilder.of(entry, now)
                        .rejected(
                                RejectReason.NOT_RETRYABLE,
                                run == null
                                        ? "job " + jobId + " has no run to retry"
                                        : CommonDecisions.whyNot(run, read.whyNot()));
            case Task.Retry retry -> Decision.NOTHING;
            case Task.Cancel cancel -> Decision.NOTHING;
            case Task.Follow follow -> Decision.NOTHING;
        };
    }

    /**
     * The command's run cannot be resumed: dbt Cloud says so, or somebody has started a newer one. A trigger begins anew. A retry does not:
     * the run that it resumed may have had other steps than its job has.
     */
    private static Decision notResumable(
            RunEntry entry, long jobId, Input.RunRead read, RunSnapshot own, Instant now, Policy policy) {
        if (entry.openCommand().task() instanceof Task.Trigger) {
            return reserve(entry, jobId, new StartCall.Trigger(), read);
        }
        @Nullable RunSnapshot run = read.run();
        String why = run != null && run.runId() != own.runId()
                ? "the job has a newer run, " + run.runId()
                : CommonDecisions.whyNot(own, read.whyNot());
        return CollectDecisions.endAfterFailed(entry, "there is no other run, because " + why, now, policy);
    }

    private static Decision reserve(RunEntry entry, long jobId, StartCall call, Input.RunRead read) {
        return Decision.only(
                new Action.ReserveStart(entry.commandId(), entry.openCommand().target(), jobId, call, read.check()));
    }

    private static Decision start(
            RunEntry entry,
            RunState.Waiting state,
            Input.StartReserved may,
            Instant now,
            Policy policy,
            JobQueues queues) {
        ResolvedCommand resolved = entry.openCommand();
        if (resolved.jobId() == null) {
            return Decision.NOTHING;
        }
        @Nullable Decision over = CommonDecisions.overOrNull(entry, state, now, policy);
        if (over != null) {
            return over;
        }
        @Nullable Instant notBefore = IntervalDecisions.notBefore(entry, queues, now);
        if (notBefore != null) {
            return CommonDecisions.waitsUntil(entry, state, notBefore, now);
        }
        if (may.check() != null && may.check().isOld(now)) {
            return turn(entry, StartCheck.AGAIN);
        }
        StartAttempts starts = state.starts().begin(now, may.newestRunId());
        return DecisionBuilder.of(entry, now)
                .begun(starts.attempts(), resolved.jobId(), queues.countSharing(entry))
                .then(new Action.Start(
                        entry.commandId(),
                        starts.attempts(),
                        resolved.target(),
                        resolved.jobId(),
                        may.call(),
                        CommonDecisions.marker(entry, policy).inFrontOf(resolved.cause()),
                        resolved.task() instanceof Task.Trigger trigger ? trigger.overrides() : Overrides.NONE,
                        resolved.traceparent()))
                .to(new RunState.Starting(starts, may.call(), state.failures()));
    }

    static Decision starting(
            RunEntry entry, RunState.Starting state, Input.CommandInput input, Instant now, Policy policy) {
        return switch (input) {
            case Input.Started started
            when started.attempt() == state.attempt() -> FollowDecisions.started(entry, started.run(), now);
            case Input.StartRefused refused
            when refused.attempt() == state.attempt() ->
                refused(entry, state, refused.reason(), refused.message(), now, policy);
            case Input.StartFailed failed
            when failed.attempt() == state.attempt() -> startFailed(entry, state, failed.failure(), now, policy);
            // The owner that wrote the intent is gone, and with it the knowledge of what became of the call.
            case Input.Restored restored -> SearchDecisions.restored(entry, state.starts(), state.call(), now, policy);
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    private static Decision startFailed(
            RunEntry entry, RunState.Starting state, CallFailure failure, Instant now, Policy policy) {
        StartAttempts starts = state.starts().failed(failure);
        RunState.Waiting again = new RunState.Waiting(starts.surelyNot(), state.failures(), null);
        return switch (failure) {
            case CallFailure.Unclear unclear ->
                SearchDecisions.begin(entry, new RunState.Starting(starts, state.call(), 0), now, policy);
            case CallFailure.NotSent notSent -> surelyNot(entry, again, now, policy);
            case CallFailure.Limited limited -> surelyNot(entry, again, now, policy);
            case CallFailure.Suspended suspended -> surelyNot(entry, again, now, policy);
            case CallFailure.NotFound notFound ->
                refused(entry, state, notFound(state.call()), notFound.detail(), now, policy);
            case CallFailure.Refused refused ->
                refused(entry, state, RejectReason.REFUSED_BY_DBT_CLOUD, refused.detail(), now, policy);
        };
    }

    private static Decision surelyNot(RunEntry entry, RunState.Waiting again, Instant now, Policy policy) {
        @Nullable Decision over = CommonDecisions.overOrNull(entry, again, now, policy);
        return over == null
                ? CommonDecisions.later(DecisionBuilder.of(entry, now).notBegun(), again, now)
                : over;
    }

    /** A trigger that would rather have resumed a run triggers where that cannot be resumed, as after a newer run. */
    private static Decision refused(
            RunEntry entry, RunState.Starting state, RejectReason reason, String message, Instant now, Policy policy) {
        ResolvedCommand resolved = entry.openCommand();
        boolean mayTrigger = state.call() instanceof StartCall.Retry && !OF_JOB.contains(reason);
        if (mayTrigger && resolved.task() instanceof Task.Trigger trigger) {
            return DecisionBuilder.of(entry, now)
                    .notBegun()
                    .resolved(inFull(resolved.with(trigger.inFull()), entry))
                    .to(new RunState.Waiting(state.starts().surelyNot(), 0, null));
        }
        return entry.hasFailedRun()
                ? CollectDecisions.endAfterFailed(entry, "another run could not be started: " + message, now, policy)
                : DecisionBuilder.of(entry, now).notBegun().rejected(reason, message);
    }

    /** The same command; if it is another run of it that could not be resumed, with full runs only. */
    private static ResolvedCommand inFull(ResolvedCommand resolved, RunEntry entry) {
        @Nullable OnFailure onFailure = resolved.options().onFailure();
        return onFailure == null || !entry.hasFailedRun()
                ? resolved
                : resolved.on(resolved.options().with(onFailure.inFull()));
    }

    private static RejectReason notFound(StartCall call) {
        return switch (call) {
            case StartCall.Trigger trigger -> RejectReason.JOB_NOT_FOUND;
            case StartCall.Retry retry -> RejectReason.RUN_NOT_FOUND;
        };
    }
}
