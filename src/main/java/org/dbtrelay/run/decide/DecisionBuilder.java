package org.dbtrelay.run.decide;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.event.StrayReason;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.JobStart;
import org.dbtrelay.run.state.Retries;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.Share;
import org.dbtrelay.run.state.Timeline;
import org.jspecify.annotations.Nullable;

/** Builds a decision: numbers the events and puts the new entry together. */
final class DecisionBuilder {

    private final String commandId;
    private final long offset;
    private final CommandHash commandHash;
    private final Instant acceptedAt;
    private final Instant now;
    private final List<RunEvent> events = new ArrayList<>();
    private final List<Action> actions = new ArrayList<>();
    private final List<Input.CommandInput> onward = new ArrayList<>();
    private final List<Long> strays;
    private final Target target;
    private int nextSequence;
    private boolean adopted;
    private boolean started;
    private boolean startsNow;
    private @Nullable String told;
    private @Nullable Retries retries;
    private @Nullable Share share;
    private @Nullable JobStart lastStart;
    private @Nullable ResolvedCommand resolved;

    private DecisionBuilder(RunEntry entry, @Nullable ResolvedCommand resolved, Target target, Instant now) {
        this.commandId = entry.commandId();
        this.offset = entry.offset();
        this.commandHash = entry.commandHash();
        this.acceptedAt = entry.acceptedAt();
        this.nextSequence = entry.nextSequence();
        this.adopted = entry.adopted();
        this.started = entry.started();
        this.told = entry.told();
        this.retries = entry.retries();
        this.share = entry.share();
        this.lastStart = entry.lastStart();
        this.strays = new ArrayList<>(entry.strays());
        this.target = target;
        this.resolved = resolved;
        this.now = now;
    }

    /** Starts from an entry that is open. */
    static DecisionBuilder of(RunEntry entry, Instant now) {
        ResolvedCommand resolved = entry.openCommand();
        return new DecisionBuilder(entry, resolved, resolved.target(), now);
    }

    /** Starts from an entry that is finished and has shed what it was about. */
    static DecisionBuilder ofFinished(RunEntry entry, Target target, Instant now) {
        return new DecisionBuilder(entry, null, target, now);
    }

    DecisionBuilder resolved(ResolvedCommand changed) {
        this.resolved = changed;
        return this;
    }

    DecisionBuilder adopted() {
        this.adopted = true;
        return this;
    }

    /**
     * An intent is recorded; its number is kept where another run may follow, its time where another start or command asks for it.
     *
     * @param others how many other commands it is for
     */
    DecisionBuilder begun(int attempt, long jobId, int others) {
        if (open().options().onFailure() != null) {
            retries = (retries == null ? Retries.NONE : retries).begun(attempt);
        }
        if (share != null) {
            share = share.leading(others);
        }
        if (share != null || open().options().minInterval() != null) {
            lastStart = new JobStart(target, jobId, now, null);
        }
        return this;
    }

    /** An intent has led to a run: the next start of the job is apart from it, however long the request was on its way. */
    DecisionBuilder started() {
        startsNow = true;
        lastStart = lastStart == null ? null : lastStart.answered(now);
        return this;
    }

    /** It has another run than before, by a request of its own or of somebody else. */
    DecisionBuilder newRun() {
        started = startsNow;
        return this;
    }

    /** The last intent has surely led to no run: it keeps no other start away. */
    DecisionBuilder notBegun() {
        lastStart = null;
        return this;
    }

    /** Its place among the commands that want one run together. */
    DecisionBuilder share(@Nullable Share place) {
        this.share = place;
        return this;
    }

    /** The run has failed, and there is to be another one, which is not found yet. */
    Decision retry(
            RunSnapshot run, @Nullable JobRunStatus previous, @Nullable RunFailure failure, RunEvent.Retry retry) {
        emit(
                EventType.RUN_ATTEMPT_FAILED,
                run,
                ofRun(afterFailed(run), previous, failure, null, null, attemptOf(run), retry));
        strays.add(run.runId());
        retries = (retries == null ? Retries.NONE : retries).after(run);
        adopted = false;
        return wakeAt(retry.at()).to(new RunState.Retrying(retry.at()));
    }

    /** The number of a run of the command among its runs, from 1. */
    private int attemptOf(RunSnapshot run) {
        return retries == null ? 1 : isLastFailed(run) ? retries.failed() : retries.failed() + 1;
    }

    private boolean isLastFailed(RunSnapshot run) {
        return retries != null && retries.last() != null && retries.last().runId() == run.runId();
    }

    /** The run with the run of the command that failed before it, which dbt Cloud tells only of those that it resumes. */
    private @Nullable RunSnapshot afterFailed(@Nullable RunSnapshot run) {
        return run == null || retries == null || retries.last() == null || isLastFailed(run)
                ? run
                : run.retryOf(retries.last().runId());
    }

    DecisionBuilder then(Action action) {
        actions.add(action);
        return this;
    }

    /** Tells another command of the partition something. */
    DecisionBuilder tell(Input.CommandInput input) {
        onward.add(input);
        return this;
    }

    DecisionBuilder emit(EventType type, @Nullable RunSnapshot run, RunEvent.Body body) {
        return emit(type, run == null ? null : run.jobId(), run == null ? null : run.runId(), body);
    }

    private DecisionBuilder emit(EventType type, @Nullable Long jobId, @Nullable Long runId, RunEvent.Body body) {
        told = Timeline.add(told, nextSequence, type, acceptedAt, now);
        events.add(new RunEvent(
                type,
                commandId,
                nextSequence++,
                now,
                target.connection(),
                target.accountId(),
                jobId != null ? jobId : resolved == null ? null : resolved.jobId(),
                runId,
                resolved == null ? null : resolved.context(),
                resolved == null ? null : resolved.trace(),
                share == null ? null : share.into(),
                share == null || share.joined() == 0 ? null : share.joined(),
                body));
        return this;
    }

    /** Offers {@link Input.TimerFired} at a time. */
    DecisionBuilder wakeAt(Instant at) {
        return then(new Action.SetTimer(commandId, at));
    }

    /** Polls a run with the next batch after a time. */
    DecisionBuilder watch(RunSnapshot run, Instant due) {
        return then(new Action.SchedulePoll(commandId, target, run.runId(), due, 0));
    }

    /** Polls a run that is not known yet, with the next batch. */
    DecisionBuilder poll(long runId) {
        return then(new Action.SchedulePoll(commandId, target, runId, now, 0));
    }

    /** Reads a run with its steps, because it has ended. */
    DecisionBuilder readEnd(RunSnapshot run) {
        return then(new Action.ReadEnd(commandId, target, run));
    }

    /** Cancels a run. */
    DecisionBuilder cancel(RunSnapshot run) {
        return then(new Action.CancelRun(commandId, target, run.runId(), open().traceparent()));
    }

    DecisionBuilder accepted() {
        return emit(EventType.COMMAND_ACCEPTED, null, new RunEvent.OfCommand(verb(), null, null, null));
    }

    /** The command ends as rejected. */
    Decision rejected(RejectReason reason, String message) {
        return emit(EventType.COMMAND_REJECTED, null, new RunEvent.OfCommand(verb(), reason, message, null))
                .finish(EventType.COMMAND_REJECTED, reason.wireName(), null);
    }

    /**
     * The command ends as completed.
     *
     * @param runId of the run that it was about; null: there is none
     * @param status of that run; null: there is none, or nobody knows
     */
    Decision completed(@Nullable Long runId, @Nullable JobRunStatus status, String message) {
        return emit(EventType.COMMAND_COMPLETED, null, runId, new RunEvent.OfCommand(verb(), null, message, status))
                .finish(EventType.COMMAND_COMPLETED, null, runId);
    }

    /** The command ends as cancelled before it had a run. */
    Decision cancelled(CancelReason reason, String message) {
        return emit(EventType.RUN_CANCELLED, null, ofRun(null, null, null, reason.wireName(), message))
                .finish(EventType.RUN_CANCELLED, reason.wireName(), null);
    }

    /** The command ends, and its run goes on for others. */
    Decision left(RunSnapshot run, String message) {
        String reason = CancelReason.LEFT_TO_OTHERS.wireName();
        return emit(EventType.RUN_CANCELLED, null, ofRun(null, null, null, reason, message))
                .finish(EventType.RUN_CANCELLED, reason, run.runId());
    }

    /** The command ends as abandoned. */
    Decision abandon(@Nullable RunSnapshot run, AbandonReason reason, String message) {
        return emit(EventType.RUN_ABANDONED, run, ofRun(run, null, null, reason.wireName(), message))
                .finish(EventType.RUN_ABANDONED, reason.wireName(), run == null ? null : run.runId());
    }

    private String verb() {
        return open().task().verb();
    }

    /** Tells of a run's status, if it is one that there is an event for. */
    DecisionBuilder status(RunSnapshot run, @Nullable JobRunStatus previous) {
        return switch (run.status()) {
            case JobRunStatus.Known known -> emit(EventType.of(known), run, ofRun(run, previous, null, null, null));
            case JobRunStatus.Unknown unknown -> this;
        };
    }

    RunEvent.OfRun ofRun(
            @Nullable RunSnapshot run,
            @Nullable JobRunStatus previous,
            @Nullable RunFailure failure,
            @Nullable String reason,
            @Nullable String message) {
        return ofRun(afterFailed(run), previous, failure, reason, message, run == null ? null : attemptOf(run), null);
    }

    private RunEvent.OfRun ofRun(
            @Nullable RunSnapshot run,
            @Nullable JobRunStatus previous,
            @Nullable RunFailure failure,
            @Nullable String reason,
            @Nullable String message,
            @Nullable Integer attempt,
            RunEvent.@Nullable Retry retry) {
        return new RunEvent.OfRun(
                run,
                previous,
                resolved == null ? null : resolved.jobName(),
                resolved == null ? null : resolved.cause(),
                adopted,
                failure,
                reason,
                message,
                attempt,
                RunNames.NONE,
                retry);
    }

    /** A run that has the command's marker and is not its run. */
    void stray(RunSnapshot run, StrayReason reason, String message) {
        strays.add(run.runId());
        emit(EventType.RUN_STRAY, run, ofRun(run, null, null, reason.wireName(), message, null, null));
    }

    private ResolvedCommand open() {
        return Objects.requireNonNull(resolved, "of a finished entry");
    }

    /** The decision, with the entry in its new, open state. */
    Decision to(RunState state) {
        return new Decision(entry(open(), state), null, events, actions, onward, null);
    }

    /** The decision about an entry that is and stays finished. */
    Decision toFinished(RunState.Finished state) {
        return new Decision(entry(null, state), null, events, actions, onward, null);
    }

    /** The entry as it would be in a state. */
    RunEntry entry(RunState state) {
        return entry(open(), state);
    }

    private RunEntry entry(@Nullable ResolvedCommand current, RunState state) {
        return new RunEntry(
                commandId,
                offset,
                commandHash,
                acceptedAt,
                nextSequence,
                adopted,
                started,
                strays,
                retries,
                share,
                lastStart,
                current,
                state,
                told);
    }

    /** The decision that changes nothing but has something to do. */
    Decision unchanged() {
        return new Decision(null, null, events, actions, onward, null);
    }

    /** The decision that ends the command: the entry sheds its command and is forgotten after the retention. */
    Decision finish(EventType outcome, @Nullable String reason, @Nullable Long runId) {
        return toFinished(new RunState.Finished(outcome, reason, runId, now, open().connection(), open().jobId()));
    }
}
