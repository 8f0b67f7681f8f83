package org.dbtrelay.run.job;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A run of dbt Cloud as one response describes it. Times are dbt Cloud's own; fields that it had not set are null.
 *
 * @param runId 64 bits: dbt Cloud hands out ids above 2^31
 * @param jobName null unless the answer carried the job
 * @param statusMessage dbt Cloud's free text; the only place that tells a time-out from a cancellation
 * @param url the page of the run in dbt Cloud ({@code href}), as dbt Cloud gave it
 * @param artifactsSaved false until dbt Cloud has stored the artifacts of an ended run
 * @param triggerCause the cause the run was triggered with; null unless the answer carried the trigger
 * @param retryingRunId the run that this one retries
 * @param details for events
 */
public record RunSnapshot(
        long runId,
        long accountId,
        @Nullable Long projectId,
        @Nullable Long environmentId,
        long jobId,
        @Nullable String jobName,
        JobRunStatus status,
        @Nullable String statusMessage,
        @Nullable String url,
        @Nullable Instant createdAt,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        boolean artifactsSaved,
        @Nullable String triggerCause,
        @Nullable Long retryingRunId,
        RunDetails details) {

    /** The same run as one that came after another had failed, if dbt Cloud does not tell of another. */
    public RunSnapshot retryOf(long failedRunId) {
        return retryingRunId != null
                ? this
                : new RunSnapshot(
                        runId,
                        accountId,
                        projectId,
                        environmentId,
                        jobId,
                        jobName,
                        status,
                        statusMessage,
                        url,
                        createdAt,
                        startedAt,
                        finishedAt,
                        artifactsSaved,
                        triggerCause,
                        failedRunId,
                        details);
    }

    /** The same run, with the details that only an earlier answer told: not every answer carries job, trigger and audit. */
    public RunSnapshot after(RunSnapshot earlier) {
        return new RunSnapshot(
                runId,
                accountId,
                projectId,
                environmentId,
                jobId,
                jobName,
                status,
                statusMessage,
                url,
                createdAt,
                startedAt,
                finishedAt,
                artifactsSaved,
                triggerCause,
                retryingRunId,
                details.after(earlier.details));
    }
}
