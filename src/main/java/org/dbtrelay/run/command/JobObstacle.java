package org.dbtrelay.run.command;

import java.util.Set;
import org.dbtrelay.run.job.JobDetails;
import org.jspecify.annotations.Nullable;

/**
 * Why a job cannot be triggered, as far as dbt Cloud's description of the job tells.
 *
 * @param message for a person; names the job
 */
public record JobObstacle(RejectReason reason, String message) {

    /**
     * The types of jobs that dbt Cloud runs only by itself or for somebody outside. A hybrid job has no execution steps: its
     * artifacts are uploaded. By dbt Cloud's documents; not tried against dbt Cloud.
     */
    private static final Set<String> NOT_TRIGGERABLE = Set.of("hybrid", "adaptive", "exposure_sync");

    /** The obstacle; null: nothing of what is known speaks against a trigger. */
    public static @Nullable JobObstacle of(JobDetails job) {
        String name = "job " + job.jobId() + " '" + job.name() + "' is ";
        if (job.deleted()) {
            return new JobObstacle(RejectReason.JOB_NOT_FOUND, name + "deleted in dbt Cloud");
        }
        String type = job.jobType();
        if (type != null && NOT_TRIGGERABLE.contains(type)) {
            return new JobObstacle(
                    RejectReason.JOB_NOT_TRIGGERABLE,
                    name + "of the type " + type + ", which dbt Cloud does not run for a trigger");
        }
        return job.deactivated()
                ? new JobObstacle(RejectReason.JOB_DEACTIVATED, name + "deactivated in dbt Cloud")
                : null;
    }
}
