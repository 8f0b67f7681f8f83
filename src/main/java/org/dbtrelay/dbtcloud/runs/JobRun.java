package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * A run with all that dbt Cloud tells of it.
 *
 * @param canRetry whether it could be retried from its point of failure
 * @param retryNotSupportedReason why not, see {@link Retryability}
 * @param blockedBy the runs that it waits for in the queue
 * @param json all that dbt Cloud sent, with whatever was included
 */
public record JobRun(
        RunSnapshot snapshot,
        boolean canRetry,
        @Nullable String retryNotSupportedReason,
        List<Long> blockedBy,
        ObjectNode json) {

    /** Copies the list. */
    public JobRun {
        blockedBy = List.copyOf(blockedBy);
    }

    static JobRun of(ObjectNode json, long askedAccount) throws UnreadableAnswer {
        RunJson run = RunJson.of(json);
        List<Long> blockedBy = new ArrayList<>();
        for (JsonNode id : json.path("blocked_by")) {
            blockedBy.add(id.asLong());
        }
        return new JobRun(
                run.toSnapshot(askedAccount, null), run.canRetry(), run.retryNotSupportedReason(), blockedBy, json);
    }

    /** The run's id. */
    public long id() {
        return snapshot.runId();
    }

    /** The run's status. */
    public JobRunStatus status() {
        return snapshot.status();
    }

    /** The reference to the run. */
    public JobRunRef ref() {
        return new JobRunRef(snapshot.accountId(), snapshot.runId());
    }
}
