package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.redaction.LongStringCut;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/** Reads single runs and pages of runs, and cancels a run. */
public final class RunCalls {

    private final ApiCalls calls;

    /** Calls over one connection. */
    public RunCalls(ApiCalls calls) {
        this.calls = calls;
    }

    RunPage page(long accountId, Priority priority, RunQuery query) throws DbtCloudException {
        return calls.get(
                accountId, priority, api -> query.on(api, accountId), body -> readPage(body, accountId, query));
    }

    /** Asks an account for its newest run, only to see whether host, token and account are right. */
    public void probe(long accountId) throws DbtCloudException {
        page(accountId, Priority.LOOK_UP, RunQuery.newest(null));
    }

    /** Reads a run once. */
    public RunSnapshot run(long accountId, long runId, Priority priority) throws DbtCloudException {
        return run(accountId, runId, priority, null);
    }

    /**
     * Cancels a run. A running one may still be running in the answer; only a poll tells when it has ended. dbt Cloud does not
     * document its answer for a run that has ended: if it refuses, the run is read, and if it has ended, that is the answer.
     *
     * @param traceparent of the trace that the request belongs to; a header of the request
     * @throws DbtCloudException the refusal, if the run has not ended
     */
    public RunSnapshot cancel(long accountId, long runId, @Nullable String traceparent) throws DbtCloudException {
        try {
            return calls.post(
                    accountId,
                    calls.acquire(accountId, Priority.CANCEL),
                    api -> api.cancel(accountId, runId, traceparent),
                    null,
                    answer -> theRun(runId, readRun(answer, accountId, null)));
        } catch (DbtCloudException e) {
            if (!(e.failure() instanceof CallFailure.Refused refused) || refused.status() < 400) {
                throw e;
            }
            RunSnapshot run = run(accountId, runId, Priority.CANCEL);
            if (run.status().isTerminal()) {
                return run;
            }
            throw e;
        }
    }

    RunSnapshot run(long accountId, long runId, Priority priority, @Nullable String includeRelated)
            throws DbtCloudException {
        return calls.get(
                accountId,
                priority,
                api -> api.run(accountId, runId, includeRelated),
                body -> theRun(runId, readRun(body, accountId, null)));
    }

    /**
     * Reads a run with its job, its trigger, its audit and its steps; each step's log is cut to its last 4 KiB while it comes in,
     * and to the lines before it that name failed nodes.
     */
    public RunWithSteps withSteps(long accountId, long runId) throws DbtCloudException {
        return withSteps(accountId, runId, Priority.FINAL_READ);
    }

    /** As {@link #withSteps(long, long)}, in more or less of a hurry. */
    public RunWithSteps withSteps(long accountId, long runId, Priority priority) throws DbtCloudException {
        return calls.stream(
                accountId, priority, api -> api.run(accountId, runId, "trigger,job,audit,run_steps"), body -> {
                    Envelope envelope = Envelope.read(new LongStringCut(body, StepLog.WORDS));
                    RunJson run = RunJson.of(envelope.data());
                    return new RunWithSteps(theRun(runId, run.toSnapshot(accountId, null)), run.toSteps());
                });
    }

    /**
     * All runs of the job that are queued, starting or running, oldest first.
     *
     * @throws DbtCloudException also if one of them cannot be read: the caller must not take it for absent
     */
    public List<RunSnapshot> inFlight(long accountId, long jobId) throws DbtCloudException {
        List<RunSnapshot> all = new ArrayList<>();
        for (RunQuery next = RunQuery.inFlightOfJob(jobId); next != null; ) {
            RunPage page = page(accountId, Priority.LOOK_UP, next);
            page.mustBeWhole(jobId);
            all.addAll(page.runs());
            next = next.after(page);
        }
        return all;
    }

    private static RunSnapshot theRun(long runId, RunSnapshot answered) throws UnreadableAnswer {
        Envelope.mustBe(runId, answered.runId(), "run");
        return answered;
    }

    static RunSnapshot readRun(InputStream body, long accountId, @Nullable Long jobId) throws IOException {
        return RunJson.of(Envelope.read(body).data()).toSnapshot(accountId, jobId);
    }

    private static RunPage readPage(InputStream body, long accountId, RunQuery query) throws IOException {
        Envelope envelope = Envelope.read(body).asList();
        List<RunSnapshot> runs = new ArrayList<>();
        int unreadable = 0;
        for (JsonNode row : envelope.data()) {
            try {
                runs.add(RunJson.of(row).toSnapshot(accountId, query.jobId()));
            } catch (UnreadableAnswer e) {
                unreadable++;
            }
        }
        return new RunPage(runs, unreadable, envelope.isLastPage(query.offset(), query.limit()));
    }
}
