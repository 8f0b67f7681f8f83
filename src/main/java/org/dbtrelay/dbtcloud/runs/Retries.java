package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.runs.RunLists.Page;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * What can be known of a retry without making one: whether a run can be retried, and whether it has been. A retry has no
 * cause that a marker could stand in, so one whose answer was lost is known by the run that it names as retried.
 */
public final class Retries {

    private final ApiCalls exchange;
    private final RunLists lists;

    public Retries(ApiCalls exchange, RunLists lists) {
        this.exchange = exchange;
        this.lists = lists;
    }

    public Retryability of(long accountId, long runId) throws DbtCloudException {
        return exchange.get(
                accountId,
                Priority.LOOK_UP,
                api -> api.run(accountId, runId, null),
                body -> retryability(Envelope.read(body).data(), accountId, null));
    }

    public Optional<Retryability> ofNewest(long accountId, long jobId) throws DbtCloudException {
        RunQuery newest = RunQuery.newestOfJob(jobId, 1);
        return exchange.get(accountId, Priority.LOOK_UP, api -> newest.on(api, accountId), body -> {
            List<JsonNode> rows = Envelope.read(body).rows();
            return rows.isEmpty() ? Optional.empty() : Optional.of(retryability(rows.getFirst(), accountId, jobId));
        });
    }

    /** Reads the job's runs upwards along an id cursor, which new runs do not shift. */
    public Optional<RunSnapshot> find(long accountId, long jobId, long retriedRunId, long aboveRunId)
            throws DbtCloudException {
        long cursor = aboveRunId;
        boolean more = true;
        while (more) {
            Page page = lists.page(accountId, Priority.LOOK_UP, RunQuery.ofJobAbove(jobId, cursor));
            if (page.unreadable() > 0) {
                throw new DbtCloudException(
                        new CallFailure.Unclear("dbt Cloud listed runs of job " + jobId + " that cannot be read."));
            }
            for (RunSnapshot run : page.runs()) {
                if (run.runId() > aboveRunId && isRetry(run, retriedRunId)) {
                    return Optional.of(run);
                }
            }
            long last = page.runs().stream().mapToLong(RunSnapshot::runId).max().orElse(cursor);
            more = last > cursor && !page.isLast(0);
            cursor = last;
        }
        return Optional.empty();
    }

    private static boolean isRetry(RunSnapshot run, long ofRunId) {
        return Objects.equals(run.retryingRunId(), ofRunId);
    }

    private static Retryability retryability(JsonNode row, long accountId, @Nullable Long jobId) throws IOException {
        RunJson run = RunJson.of(row);
        return new Retryability(run.toSnapshot(accountId, jobId), run.canRetry(), run.retryNotSupportedReason());
    }
}
