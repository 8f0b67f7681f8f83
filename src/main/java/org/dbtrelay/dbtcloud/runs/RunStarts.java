package org.dbtrelay.dbtcloud.runs;

import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.ManualSuspension;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.GuardedBody;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/**
 * The calls that start a run. Each goes over a connection of its own, within the connection's {@code read-timeout} as a hard
 * limit at which the request is torn down. It is sent only if the window is still open when the connection stands, and it is
 * never sent twice. An answer that cannot be understood is {@linkplain CallFailure.Unclear unclear}.
 */
public final class RunStarts {

    /** dbt Cloud's retry and rerun take no body; the request still passes the check of its window. */
    private static final byte[] NO_BODY = {};

    private final ApiCalls calls;
    private final NewestRuns newest;
    private final ManualSuspension manualSuspension;

    /** Starts runs over one connection, unless a person has suspended it. */
    public RunStarts(ApiCalls calls, NewestRuns newest, ManualSuspension manualSuspension) {
        this.calls = calls;
        this.newest = newest;
        this.manualSuspension = manualSuspension;
    }

    /**
     * Asks for a permit: nothing may wait between the recorded intent and the request. It is given when neither connection nor
     * account is suspended and the budget has a request. Cancelling the future gives up the place in the queue.
     */
    public CompletableFuture<Permit> reserve(long accountId, Priority priority) {
        return manualSuspension.whenOver(() -> calls.suspension(accountId)
                .whenOpen(() -> calls.budget(accountId).reserve(priority)));
    }

    /** As {@link #reserve}, but a permit that can be given at once; null: nothing has been asked for. */
    public @Nullable Permit reserveAtOnce(long accountId, Priority priority) {
        return manualSuspension.ifNotHeld(() ->
                calls.suspension(accountId).ifOpen(() -> calls.budget(accountId).reserveAtOnce(priority)));
    }

    /** The account's newest run before a start: the bound below which a search need not go. */
    public NewestRuns newest() {
        return newest;
    }

    /**
     * Triggers a job.
     *
     * @param permit is closed
     * @param stillAllowed asked when the connection stands and the next thing is the request; false: nothing is sent, the
     *     failure is {@link CallFailure.NotSent}. It is called on an event loop: it must not block
     * @return the new run
     */
    public RunSnapshot trigger(TriggerRequest request, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        try (permit) {
            return start(
                    request.accountId(),
                    request.jobId(),
                    new GuardedBody(json(request), manualSuspension.guard(stillAllowed)),
                    permit,
                    (api, body) -> api.trigger(request.accountId(), request.jobId(), request.traceparent(), body));
        }
    }

    /**
     * Retries a failed run from its point of failure: a new run. The parameters are those of {@link #trigger}. A retry that is
     * not possible is {@link CallFailure.Refused}.
     */
    public RunSnapshot retryRun(
            long accountId, long runId, @Nullable String traceparent, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        return start(
                accountId,
                null,
                new GuardedBody(NO_BODY, manualSuspension.guard(stillAllowed)),
                permit,
                (api, body) -> api.retryRun(accountId, runId, traceparent, body));
    }

    /**
     * Reruns a job: its newest run from the point of failure if that failed, else <b>a full new run</b>, as the published
     * specification has it. The parameters are those of {@link #trigger}.
     */
    public RunSnapshot rerunJob(
            long accountId, long jobId, @Nullable String traceparent, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        return start(
                accountId,
                jobId,
                new GuardedBody(NO_BODY, manualSuspension.guard(stillAllowed)),
                permit,
                (api, body) -> api.rerunJob(accountId, jobId, traceparent, body));
    }

    private RunSnapshot start(
            long accountId,
            @Nullable Long jobId,
            GuardedBody body,
            Permit permit,
            BiFunction<DbtCloudApi, GuardedBody, Uni<RestResponse<InputStream>>> call)
            throws DbtCloudException {
        RunSnapshot run = calls.post(
                accountId,
                permit,
                api -> call.apply(api, body),
                body,
                answer -> RunCalls.readRun(answer, accountId, jobId));
        newest.heardOf(accountId, run.runId());
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
