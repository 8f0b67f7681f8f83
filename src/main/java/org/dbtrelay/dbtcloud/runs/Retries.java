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
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a run can be retried, and whether it has been. A retry has no cause that could hold a marker, so a retry whose
 * answer was lost is known by the run that it names as retried.
 */
public final class Retries {

    /** More fields of the run for the same request. */
    private static final String INCLUDED = "trigger,job,audit";

    private final ApiCalls calls;
    private final RunCalls lists;

    /** Reads over one connection. */
    public Retries(ApiCalls calls, RunCalls lists) {
        this.calls = calls;
        this.lists = lists;
    }

    /** Whether dbt Cloud would retry a run. */
    public Retryability of(long accountId, long runId) throws DbtCloudException {
        return calls.get(accountId, Priority.LOOK_UP, api -> api.run(accountId, runId, INCLUDED), body -> {
            Retryability read = retryability(Envelope.read(body).data(), accountId, null);
            Envelope.mustBe(runId, read.run().runId(), "run");
            return read;
        });
    }

    /** Whether dbt Cloud would retry the job's newest run; empty if it has none. */
    public Optional<Retryability> ofNewest(long accountId, long jobId) throws DbtCloudException {
        RunQuery newest = RunQuery.newest(jobId);
        return calls.get(accountId, Priority.LOOK_UP, api -> newest.on(api, accountId), body -> {
            List<JsonNode> rows = Envelope.read(body).rows();
            return rows.isEmpty() ? Optional.empty() : Optional.of(retryability(rows.getFirst(), accountId, jobId));
        });
    }

    /**
     * Searches the run of a retry whose fate is unclear: the job's runs upwards along an id cursor, which new runs do not shift.
     *
     * @param aboveRunId the account's highest run id before the intent
     * @return the oldest run above that id that retries the given one
     */
    public Optional<RunSnapshot> find(long accountId, long jobId, long retriedRunId, long aboveRunId)
            throws DbtCloudException {
        for (RunQuery next = RunQuery.ofJobAbove(jobId, aboveRunId); next != null; ) {
            RunPage page = lists.page(accountId, Priority.LOOK_UP, next);
            page.mustBeWhole(jobId);
            for (RunSnapshot run : page.runs()) {
                if (run.runId() > aboveRunId && isRetry(run, retriedRunId)) {
                    return Optional.of(run);
                }
            }
            next = next.after(page);
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
