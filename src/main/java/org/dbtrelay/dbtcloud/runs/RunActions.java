package org.dbtrelay.dbtcloud.runs;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.GuardedBody;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * The calls that change something. Three of them start a run and keep to the same: over a connection of their own, within a hard limit at which
 * the request is torn down, sent only if the window is still open when the connection stands, never sent twice, and what is
 * not clear is called unclear.
 */
public final class RunActions {

    /** dbt Cloud's retry and rerun take no body; the request still has to pass the look at its window. */
    private static final byte[] NO_BODY = {};

    private final ApiCalls exchange;
    private final RunLists lists;
    private final NewestRuns newest;

    public RunActions(ApiCalls exchange, RunLists lists, NewestRuns newest) {
        this.exchange = exchange;
        this.lists = lists;
        this.newest = newest;
    }

    public RunSnapshot trigger(TriggerRequest request, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        try (permit) {
            return start(
                    request.accountId(),
                    request.jobId(),
                    new GuardedBody(json(request), stillAllowed),
                    permit,
                    (api, body) -> api.trigger(request.accountId(), request.jobId(), request.traceparent(), body));
        }
    }

    public RunSnapshot retryRun(
            long accountId, long runId, @Nullable String traceparent, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        return start(
                accountId,
                null,
                new GuardedBody(NO_BODY, stillAllowed),
                permit,
                (api, body) -> api.retryRun(accountId, runId, traceparent, body));
    }

    public RunSnapshot rerunJob(
            long accountId, long jobId, @Nullable String traceparent, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        return start(
                accountId,
                jobId,
                new GuardedBody(NO_BODY, stillAllowed),
                permit,
                (api, body) -> api.rerunJob(accountId, jobId, traceparent, body));
    }

    /** A refusal may only mean that the run has ended; if it has, that is the answer. */
    public RunSnapshot cancel(long accountId, long runId, @Nullable String traceparent) throws DbtCloudException {
        try {
            return exchange.post(
                    accountId,
                    exchange.acquire(accountId, Priority.CANCEL),
                    api -> api.cancel(accountId, runId, traceparent),
                    null,
                    answer -> RunLists.readRun(answer, accountId, null));
        } catch (DbtCloudException e) {
            if (!(e.failure() instanceof CallFailure.Refused refused) || !mayMeanEnded(refused.status())) {
                throw e;
            }
            RunSnapshot run = lists.run(accountId, runId, Priority.CANCEL, null);
            if (run.status().isTerminal()) {
                return run;
            }
            throw e;
        }
    }

    private static boolean mayMeanEnded(int status) {
        return status >= 400;
    }

    private RunSnapshot start(
            long accountId,
            @Nullable Long jobId,
            GuardedBody body,
            Permit permit,
            BiFunction<DbtCloudApi, GuardedBody, Uni<Response>> call)
            throws DbtCloudException {
        RunSnapshot run = exchange.post(
                accountId,
                permit,
                api -> call.apply(api, body),
                body,
                answer -> RunLists.readRun(answer, accountId, jobId));
        newest.heardOf(accountId, run.jobId(), run.runId());
        return run;
    }

    private static byte[] json(TriggerRequest request) throws DbtCloudException {
        try {
            return TriggerBody.of(request);
        } catch (IOException e) {
            throw new DbtCloudException(
                    new CallFailure.Refused("additional_run_config is no JSON object.", 400, "additional_run_config"),
                    e);
        }
    }
}
