package org.dbtrelay.run.job;

/**
 * A job as the relay needs it before a trigger.
 *
 * @param deactivated dbt Cloud starts no runs of it any more (it does so after 100 failed runs in a row)
 */
public record JobDetails(
        long jobId, long accountId, long projectId, long environmentId, String name, boolean deactivated) {}
