package org.dbtrelay.emulator;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A run as it is at one instant; immutable.
 *
 * @param seenAt the instant
 * @param statusCode as shown to clients, which a test may have set to a code that dbt Cloud does not document
 * @param status the true one
 * @param dequeuedAt null while it waits, like the next two null until they have come
 * @param blockedBy id of the job's run that executes, for a run that waits behind it
 * @param artifactsSaved whether {@code artifacts_saved} is true by now
 * @param artifactsReadable whether artifacts are served by now
 * @param retryRefusal null if the run can be retried, else dbt Cloud's reason
 * @param steps those that have begun by now
 */
public record RunView(
        long id,
        long triggerId,
        EmulatedJob job,
        RunTrigger trigger,
        RunPlan plan,
        Instant seenAt,
        int statusCode,
        RunStatus status,
        @Nullable String statusMessage,
        Instant createdAt,
        @Nullable Instant dequeuedAt,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        List<Long> blockedBy,
        boolean artifactsSaved,
        boolean artifactsReadable,
        @Nullable Long retryingRunId,
        @Nullable String retryRefusal,
        boolean cancelledByUser,
        List<StepView> steps) {

    /** The text that came with the trigger. */
    public String cause() {
        return trigger.cause();
    }

    /** The job's id. */
    public long jobId() {
        return job.id();
    }

    /** Whether the run has ended. */
    public boolean isFinal() {
        return status.isFinal();
    }
}
