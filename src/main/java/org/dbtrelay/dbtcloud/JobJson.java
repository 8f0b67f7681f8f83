package org.dbtrelay.dbtcloud;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Objects;
import org.dbtrelay.dbtcloud.Envelope.UnreadableAnswer;
import org.dbtrelay.run.JobDetails;
import org.jspecify.annotations.Nullable;

/** A job as dbt Cloud sends it, as far as the relay reads it. */
record JobJson(
        @Nullable Long id,
        @JsonProperty("account_id") @Nullable Long accountId,
        @JsonProperty("project_id") @Nullable Long projectId,
        @JsonProperty("environment_id") @Nullable Long environmentId,
        @Nullable String name,
        @Nullable Boolean deactivated) {

    /**
     * The job as the relay knows it.
     *
     * @param askedAccount the account of the request, for answers that name none
     * @throws UnreadableAnswer if it has no id, project or environment
     */
    JobDetails toDetails(long askedAccount) throws UnreadableAnswer {
        if (id == null || projectId == null || environmentId == null) {
            throw new UnreadableAnswer("a job without id, project or environment");
        }
        return new JobDetails(
                id,
                Objects.requireNonNullElse(accountId, askedAccount),
                projectId,
                environmentId,
                Objects.requireNonNullElse(name, ""),
                Boolean.TRUE.equals(deactivated));
    }
}
