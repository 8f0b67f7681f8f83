package org.dbtrelay.dbtcloud.resources;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Objects;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.http.WireFields;
import org.dbtrelay.run.job.JobDetails;

/** A job as dbt Cloud sends it, as far as the relay reads it. */
public record JobJson(WireFields fields) {

    /** {@code state} of what is deleted; 1 is active. */
    private static final long DELETED = 2;

    /**
     * Of a row, or of the data of an answer.
     *
     * @throws UnreadableAnswer if it is no object
     */
    public static JobJson of(JsonNode row) throws UnreadableAnswer {
        if (!row.isObject()) {
            throw new UnreadableAnswer("an answer without data");
        }
        return new JobJson(new WireFields(row, "job"));
    }

    /**
     * The job as the relay knows it.
     *
     * @param askedAccount the account of the request, for answers that name none
     * @throws UnreadableAnswer if it has no id, project or environment
     */
    public JobDetails toDetails(long askedAccount) throws UnreadableAnswer {
        Long id = fields.strict("id");
        Long projectId = fields.strict("project_id");
        Long environmentId = fields.strict("environment_id");
        if (id == null || projectId == null || environmentId == null) {
            throw new UnreadableAnswer("a job without id, project or environment");
        }
        return new JobDetails(
                id,
                Objects.requireNonNullElse(fields.number("account_id"), askedAccount),
                projectId,
                environmentId,
                Objects.requireNonNullElse(fields.text("name"), ""),
                fields.flag("deactivated"),
                Objects.equals(fields.number("state"), DELETED),
                fields.text("job_type"));
    }
}
