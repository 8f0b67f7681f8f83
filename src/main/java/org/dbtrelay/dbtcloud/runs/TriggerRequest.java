package org.dbtrelay.dbtcloud.runs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request to trigger a job. Fields that are null are left out of its body.
 *
 * @param cause dbt Cloud's {@code cause}, with the marker in front, at most 255 characters
 * @param stepsOverride dbt commands instead of the job's own
 * @param schemaOverride the schema instead of the job's own
 * @param additionalRunConfigJson a JSON object as text with any further field of dbt Cloud's body; it cannot replace the
 *     three fields above
 * @param traceparent of the trace that the request belongs to, as W3C Trace Context has it; a header of the request
 */
public record TriggerRequest(
        long accountId,
        long jobId,
        String cause,
        @Nullable List<String> stepsOverride,
        @Nullable String schemaOverride,
        @Nullable String additionalRunConfigJson,
        @Nullable String traceparent) {

    /** Copies the list. */
    public TriggerRequest {
        stepsOverride = stepsOverride == null ? null : List.copyOf(stepsOverride);
    }
}
