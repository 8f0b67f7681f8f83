package org.dbtrelay.run.command;

import org.dbtrelay.run.job.JobNames;

/** How a command names its job. */
public sealed interface JobSelector {

    /** By dbt Cloud's id, 64 bits. */
    record ById(long jobId) implements JobSelector {}

    /** By exact names; not exactly one match is a rejection. */
    record ByNames(JobNames names) implements JobSelector {}
}
