package org.dbtrelay.run.job;

import org.jspecify.annotations.Nullable;

/**
 * A job as the relay needs it before a trigger.
 *
 * @param deactivated dbt Cloud starts no runs of it any more (it does so after 100 failed runs in a row)
 * @param deleted dbt Cloud still shows it, and all of it, but starts no runs of it ({@code state} 2)
 * @param jobType dbt Cloud's word for its kind; null if the answer has none
 */
public record JobDetails(
        long jobId,
        long accountId,
        long projectId,
        long environmentId,
        String name,
        boolean deactivated,
        boolean deleted,
        @Nullable String jobType) {}
