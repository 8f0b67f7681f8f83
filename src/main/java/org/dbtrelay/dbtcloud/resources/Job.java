package org.dbtrelay.dbtcloud.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.run.job.JobDetails;
import org.jspecify.annotations.Nullable;

/**
 * A job as dbt Cloud defines it.
 *
 * @param json all that dbt Cloud sent, with its steps, its schedule and its settings
 */
public record Job(JobDetails details, @Nullable String description, ObjectNode json) {

    static Job of(ObjectNode json, long askedAccount) throws UnreadableAnswer {
        return new Job(JobJson.of(json).toDetails(askedAccount), Rows.text(json, "description"), json);
    }

    /** The job's id. */
    public long id() {
        return details.jobId();
    }

    /** The job's name. */
    public String name() {
        return details.name();
    }
}
