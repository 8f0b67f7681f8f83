package org.dbtrelay.run.job;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What one look at a dbt Cloud run saw. Times are dbt Cloud's own; what it had not set is null.
 *
 * @param runId 64 bits: dbt Cloud hands out ids above 2^31
 * @param jobName null unless the answer carried the job
 * @param statusMessage dbt Cloud's free text; the only place that tells a time-out from a cancellation
 * @param url the page of the run in dbt Cloud ({@code href}), as dbt Cloud gave it
 * @param artifactsSaved false until dbt Cloud has stored the artifacts of an ended run
 * @param triggerCause the cause the run was triggered with; null unless the answer carried the trigger
 * @param retryingRunId the run that this one retries
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
        @Nullable Long retryingRunId) {}
