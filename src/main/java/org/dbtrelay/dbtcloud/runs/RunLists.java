package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.databind.JsonNode;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.redaction.LongStringCut;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/** Single runs and pages of runs: one request each. */
public final class RunLists {

    /**
     * One page.
     *
     * @param runs the rows that could be read
     * @param unreadable how many could not: a row of a shape that nobody knew must not hide the others
     * @param totalCount rows of all pages, if the answer told
     */
    record Page(
            List<RunSnapshot> runs,
            int unreadable,
            @Nullable Integer totalCount) {

        int rows() {
            return runs.size() + unreadable;
        }

        /** Throws if it does not tell of all its runs of a job. */
        void mustBeWhole(long jobId) throws DbtCloudException {
            if (unreadable > 0) {
                throw new DbtCloudException(
                        new CallFailure.Unclear("dbt Cloud listed runs of job " + jobId + " that cannot be read."));
            }
        }

        /** Whether another page may follow this one, whose first row is number {@code offset} from 0. */
        boolean isLast(int offset) {
            if (rows() == 0) {
                return true;
            }
            return totalCount == null ? rows() < RunQuery.LARGEST_PAGE : offset + rows() >= totalCount;
        }
    }

    private final ApiCalls exchange;

    public RunLists(ApiCalls exchange) {
        this.exchange = exchange;
    }

    public Page page(long accountId, Priority priority, RunQuery query) throws DbtCloudException {
        return exchange.get(
                accountId, priority, api -> query.on(api, accountId), body -> readPage(body, accountId, query.jobId()));
    }

    public RunSnapshot run(long accountId, long runId, Priority priority, @Nullable String includeRelated)
            throws DbtCloudException {
        Function<DbtCloudApi, Uni<Response>> call = api -> api.run(accountId, runId, includeRelated);
        return exchange.get(accountId, priority, call, body -> readRun(body, accountId, null));
    }

    /** A run with its job, its trigger and its steps; each step's log is cut while it comes in. */
    public RunWithSteps withSteps(long accountId, long runId) throws DbtCloudException {
        return exchange.stream(
                accountId,
                Priority.FINAL_READ,
                api -> api.runStream(accountId, runId, "trigger,job,run_steps"),
                body -> {
                    Envelope envelope = Envelope.read(body == null ? null : new LongStringCut(body));
                    RunJson run = RunJson.of(envelope.data());
                    return new RunWithSteps(run.toSnapshot(accountId, null), run.toSteps());
                });
    }

    /**
     * All runs of the job that are queued, starting or running, oldest first.
     *
     * @throws DbtCloudException also when one of them cannot be read: who asks must not think that it is not there
     */
    public List<RunSnapshot> inFlight(long accountId, long jobId) throws DbtCloudException {
        List<RunSnapshot> all = new ArrayList<>();
        long cursor = 0;
        boolean more = true;
        while (more) {
            Page page = page(accountId, Priority.LOOK_UP, RunQuery.inFlightOfJob(jobId, cursor));
            page.mustBeWhole(jobId);
            all.addAll(page.runs());
            long last = page.runs().stream().mapToLong(RunSnapshot::runId).max().orElse(cursor);
            // A page that leads no further, against the order that was asked for, would come again for ever.
            more = last > cursor && !page.isLast(0);
            cursor = last;
        }
        return all;
    }

    public static RunSnapshot readRun(@Nullable InputStream body, long accountId, @Nullable Long jobId)
            throws IOException {
        return RunJson.of(Envelope.read(body).data()).toSnapshot(accountId, jobId);
    }

    private static Page readPage(@Nullable InputStream body, long accountId, @Nullable Long jobId) throws IOException {
        Envelope envelope = Envelope.read(body).asList();
        List<RunSnapshot> runs = new ArrayList<>();
        int unreadable = 0;
        for (JsonNode row : envelope.data()) {
            try {
                runs.add(RunJson.of(row).toSnapshot(accountId, jobId));
            } catch (UnreadableAnswer e) {
                unreadable++;
            }
        }
        return new Page(runs, unreadable, envelope.totalCount());
    }
}
