package org.dbtrelay.run.event;

import java.time.Instant;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RetryReason;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.jspecify.annotations.Nullable;

/**
 * Something to tell the world about a command.
 *
 * @param sequence 0, 1, 2 … within the command, without a gap
 * @param observedAt when the relay saw it
 * @param accountId null as long as it is not known; likewise job and run
 * @param context the command's context, JSON as text
 * @param trace the trace that the command belongs to
 * @param coalescedInto the id of the command whose run it shares; null: it shares none, or the run is its own
 * @param coalesced for how many other commands its run was started, too; null: for none
 */
public record RunEvent(
        EventType type,
        String commandId,
        int sequence,
        Instant observedAt,
        String connection,
        @Nullable Long accountId,
        @Nullable Long jobId,
        @Nullable Long runId,
        @Nullable String context,
        @Nullable TraceContext trace,
        @Nullable String coalescedInto,
        @Nullable Integer coalesced,
        Body body) {

    /** The same event with the names that are known; it tells of a run. */
    public RunEvent with(RunNames names) {
        return body instanceof OfRun ofRun
                ? new RunEvent(
                        type,
                        commandId,
                        sequence,
                        observedAt,
                        connection,
                        accountId,
                        jobId,
                        runId,
                        context,
                        trace,
                        coalescedInto,
                        coalesced,
                        ofRun.with(names))
                : this;
    }

    /** Who wanted it to be told. */
    public Origin origin() {
        return Origin.of(commandId);
    }

    /** Whether it tells of a run's end, whose delay is measured. */
    public boolean isEndOfRun() {
        return type.runStatus() != null;
    }

    /** The part of an event that depends on its kind. */
    public sealed interface Body {}

    /**
     * Of {@code command.*}.
     *
     * @param verb what the command asked for
     * @param reason null unless it was rejected
     * @param message for a person; null where there is nothing to say
     * @param status of the run that it was about; null where there is none
     */
    public record OfCommand(
            String verb,
            @Nullable RejectReason reason,
            @Nullable String message,
            @Nullable JobRunStatus status) implements Body {}

    /**
     * Of {@code run.*}.
     *
     * @param run null if the command ended without one
     * @param previousStatus null on the first poll
     * @param cause the producer's cause, without the marker
     * @param adopted the run was found, not started, by this command
     * @param failure null unless the run failed
     * @param reason the wire name of the reason of a cancellation or an abandonment
     * @param message for a person; null where dbt Cloud's status message says all
     * @param attempt the number of the run among the runs of the command, from 1; null without a run, and for a stray run
     * @param names of what the run's ids mean, as far as they are known when the event is written
     * @param retry the run that is to follow; null unless the event tells of it
     */
    public record OfRun(
            @Nullable RunSnapshot run,
            @Nullable JobRunStatus previousStatus,
            @Nullable String jobName,
            @Nullable String cause,
            boolean adopted,
            @Nullable RunFailure failure,
            @Nullable String reason,
            @Nullable String message,
            @Nullable Integer attempt,
            RunNames names,
            @Nullable Retry retry)
            implements Body {

        private OfRun with(RunNames known) {
            return new OfRun(
                    run, previousStatus, jobName, cause, adopted, failure, reason, message, attempt, known, retry);
        }
    }

    /**
     * Another run is to follow.
     *
     * @param at not before then
     */
    public record Retry(Instant at, RetryReason reason) {}

    /** Of {@code artifact.ready}. */
    public record OfArtifact(StoredArtifact artifact) implements Body {}

    /** Of {@code artifact.unavailable}. */
    public record OfMissingArtifact(WantedArtifact artifact, UnavailableReason reason, String message)
            implements Body {}
}
