package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;

/** A call or a timer that follows the commit. */
public sealed interface Action {

    /** The command that it serves. */
    String commandId();

    /** An action that leaves the partition, which can only set timers by itself. */
    sealed interface External extends Action {}

    /** A call to dbt Cloud that starts nothing. It comes back as one {@link Input}, but for {@link CancelOther}. */
    sealed interface Call extends External {
        /** The account that is asked. */
        Target target();
    }

    /** Offer {@link Input.TimerFired} at the given time. */
    record SetTimer(String commandId, Instant at) implements Action {}

    /** Look the job up by its names. */
    record LookUpJob(String commandId, Target target, JobNames names) implements Call {}

    /**
     * Read the job; tells whether it can be read at all.
     *
     * @param urgent a command waits for it; else it comes after the polls of runs
     */
    record ReadJob(String commandId, Target target, long jobId, boolean urgent) implements Call {}

    /** Read the run. */
    record ReadRun(String commandId, Target target, long runId) implements Call {}

    /** Read the job's newest run. */
    record ReadNewestRun(String commandId, Target target, long jobId, StartCheck check) implements Call {}

    /** List the job's runs in flight. */
    record ListInFlight(String commandId, Target target, long jobId, StartCheck check) implements Call {}

    /**
     * When a run more may be in flight, ask the account's budget for a request and a connection, then offer
     * {@link Input.StartReserved}.
     *
     * @param check upon which the start depends; null: upon none
     */
    record ReserveStart(
            String commandId,
            Target target,
            long jobId,
            StartCall call,
            @Nullable StartCheck check) implements External {}

    /**
     * Send what starts the run, if that is not longer after the decision than the send window.
     *
     * @param cause with the marker in front; only a trigger takes it, and the overrides
     * @param traceparent of the command's trace; null: it belongs to none
     */
    record Start(
            String commandId,
            int attempt,
            Target target,
            long jobId,
            StartCall call,
            String cause,
            Overrides overrides,
            @Nullable String traceparent)
            implements External {}

    /**
     * Search the job's runs, newest first, for the marker. A run that is below both bounds cannot be it.
     *
     * @param aboveRunId null: only the other bound
     * @param except ids of runs that it is not: they were told of before
     */
    record SearchMarker(
            String commandId,
            int attempt,
            Target target,
            long jobId,
            String marker,
            @Nullable Long aboveRunId,
            Instant notCreatedBefore,
            Set<Long> except)
            implements Call {
        public SearchMarker {
            except = Set.copyOf(except);
        }
    }

    /**
     * Search the job's runs for the one that a retry has started.
     *
     * @param aboveRunId it is younger than this one
     */
    record SearchRetry(String commandId, int attempt, Target target, long jobId, long retriedRunId, long aboveRunId)
            implements Call {}

    /**
     * Poll the run with the next batch that is read after the given time.
     *
     * @param failures how many polls in a row have failed before this one
     */
    record SchedulePoll(String commandId, Target target, long runId, Instant due, int failures) implements External {}

    /**
     * Read the run with its steps and, if it failed, why, because it has ended. The relay waits for parts that are not there yet, but
     * {@link #END_HELD_BACK} at most.
     *
     * @param run as it was seen to have ended
     */
    record ReadEnd(String commandId, Target target, RunSnapshot run) implements Call {}

    /** So long the details of a run's end may hold back the event that tells of it. */
    Duration END_HELD_BACK = Duration.ofSeconds(10);

    /**
     * Read once more what was missing when the run's end was told.
     *
     * @param attempt comes back in {@link Input.EndExplained}
     * @param due not before then
     */
    record ExplainEnd(String commandId, Target target, RunSnapshot run, int attempt, Instant due) implements Call {}

    /**
     * Cancel the run.
     *
     * @param traceparent of the command's trace; null: it belongs to none
     */
    record CancelRun(
            String commandId,
            Target target,
            long runId,
            @Nullable String traceparent) implements Call {}

    /**
     * Cancel a run that stands in the command's way; nothing comes back, because the relay lists the runs again.
     *
     * @param traceparent of the command's trace; null: it belongs to none
     */
    record CancelOther(
            String commandId,
            Target target,
            long runId,
            @Nullable String traceparent) implements Call {}

    /** Cancel the run if it is still queued; the command does not depend on what comes of it. */
    record CancelQueued(String commandId, Target target, long runId) implements Call {}

    /**
     * Ask for artifacts and store what is there.
     *
     * @param begun when the steps of the run began, by their numbers, if they have just been read; else empty
     */
    record CollectArtifacts(
            String commandId,
            Target target,
            RunSnapshot run,
            List<WantedArtifact> artifacts,
            Map<Integer, Instant> begun)
            implements Call {}
}
