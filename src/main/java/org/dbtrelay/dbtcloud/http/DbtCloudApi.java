package org.dbtrelay.dbtcloud.http;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.Encoded;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.Closeable;
import java.util.Map;
import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of dbt Cloud's Administrative API that the relay calls, one method each, with the paths and slashes of the
 * published specification. A null query parameter is left out: dbt Cloud answers 400 to parameters it does not know.
 *
 * <p>Every method gives the bare {@link Response}, whatever its status: what an answer means is decided in one place, the
 * {@link FailureMapper}, and a body that is no JSON must not be mistaken for a refusal. The methods that give a {@code Uni}
 * hold the whole body and can be cancelled, which is what makes a limit on the whole call possible ({@link ApiCalls} is
 * the only caller); the ones that give a plain {@code Response} stream it.
 */
@Path("/api")
@Produces(MediaType.APPLICATION_JSON)
public interface DbtCloudApi extends Closeable {

    // resources

    /** Get job. */
    @GET
    @Path("/v2/accounts/{account_id}/jobs/{id}/")
    Uni<Response> job(@PathParam("account_id") long accountId, @PathParam("id") long jobId);

    /** List accounts. */
    @GET
    @Path("/v3/accounts/")
    Uni<Response> listAccounts();

    /** Get account; only in v2. */
    @GET
    @Path("/v2/accounts/{account_id}/")
    Uni<Response> account(@PathParam("account_id") long accountId);

    /** List projects. */
    @GET
    @Path("/v3/accounts/{account_id}/projects/")
    Uni<Response> projects(@PathParam("account_id") long accountId, @RestQuery Map<String, String> filters);

    /** Get project. */
    @GET
    @Path("/v3/accounts/{account_id}/projects/{id}/")
    Uni<Response> project(@PathParam("account_id") long accountId, @PathParam("id") long projectId);

    /** List environments of a project. */
    @GET
    @Path("/v3/accounts/{account_id}/projects/{project_id}/environments/")
    Uni<Response> environments(
            @PathParam("account_id") long accountId,
            @PathParam("project_id") long projectId,
            @RestQuery Map<String, String> filters);

    /** Get environment. */
    @GET
    @Path("/v3/accounts/{account_id}/projects/{project_id}/environments/{id}/")
    Uni<Response> environment(
            @PathParam("account_id") long accountId,
            @PathParam("project_id") long projectId,
            @PathParam("id") long environmentId);

    /** Retrieve account connection, with what says which database it is; the list of connections does not have that. */
    @GET
    @Path("/v3/accounts/{account_id}/connections/{id}/")
    Uni<Response> connection(@PathParam("account_id") long accountId, @PathParam("id") long connectionId);

    /** List jobs. */
    @GET
    @Path("/v2/accounts/{account_id}/jobs/")
    Uni<Response> jobs(@PathParam("account_id") long accountId, @RestQuery Map<String, String> filters);

    /** Get what a retry of a run would begin with. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/{run_id}/retry/")
    Uni<Response> retryDetails(@PathParam("account_id") long accountId, @PathParam("run_id") long runId);

    // what changes something: called on a client without keep-alive

    /** Trigger job run. A null header is left out. */
    @POST
    @Path("/v2/accounts/{account_id}/jobs/{job_id}/run/")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<Response> trigger(
            @PathParam("account_id") long accountId,
            @PathParam("job_id") long jobId,
            @HeaderParam("traceparent") @Nullable String traceparent,
            GuardedBody body);

    /** Retry run: from its point of failure. Without a body; a null header is left out. */
    @POST
    @Path("/v2/accounts/{account_id}/runs/{run_id}/retry/")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<Response> retryRun(
            @PathParam("account_id") long accountId,
            @PathParam("run_id") long runId,
            @HeaderParam("traceparent") @Nullable String traceparent,
            GuardedBody nothing);

    /** Rerun job: its newest run from its point of failure if that failed, else all of it. As a retry. */
    @POST
    @Path("/v2/accounts/{account_id}/jobs/{job_id}/rerun/")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<Response> rerunJob(
            @PathParam("account_id") long accountId,
            @PathParam("job_id") long jobId,
            @HeaderParam("traceparent") @Nullable String traceparent,
            GuardedBody nothing);

    /** Cancel run. A null header is left out. */
    @POST
    @Path("/v2/accounts/{account_id}/runs/{run_id}/cancel/")
    Uni<Response> cancel(
            @PathParam("account_id") long accountId,
            @PathParam("run_id") long runId,
            @HeaderParam("traceparent") @Nullable String traceparent);

    /** Create webhook subscription. No slash at the end, here and in the next two. */
    @POST
    @Path("/v3/accounts/{account_id}/webhooks/subscriptions")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<Response> createWebhookSubscription(@PathParam("account_id") long accountId, GuardedBody body);

    /** Update webhook subscription. */
    @PUT
    @Path("/v3/accounts/{account_id}/webhooks/subscription/{subscription_id}")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<Response> changeWebhookSubscription(
            @PathParam("account_id") long accountId,
            @PathParam("subscription_id") String subscriptionId,
            GuardedBody body);

    /** Delete webhook subscription. */
    @DELETE
    @Path("/v3/accounts/{account_id}/webhooks/subscription/{subscription_id}")
    Uni<Response> deleteWebhookSubscription(
            @PathParam("account_id") long accountId, @PathParam("subscription_id") String subscriptionId);

    // webhooks

    /** List webhook subscriptions. */
    @GET
    @Path("/v3/accounts/{account_id}/webhooks/subscriptions")
    Uni<Response> webhookSubscriptions(@PathParam("account_id") long accountId, @RestQuery Map<String, String> filters);

    // runs

    /** Get run; {@code include_related} is a comma list. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/{id}/")
    Uni<Response> run(
            @PathParam("account_id") long accountId,
            @PathParam("id") long runId,
            @QueryParam("include_related") @Nullable String includeRelated);

    /** Get run as a stream: with its steps it can hold megabytes of logs. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/{id}/")
    Response runStream(
            @PathParam("account_id") long accountId,
            @PathParam("id") long runId,
            @QueryParam("include_related") @Nullable String includeRelated);

    /** List runs. The array filters {@code status__in} and {@code pk__in} are JSON arrays. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/")
    Uni<Response> runs(@PathParam("account_id") long accountId, @RestQuery Map<String, String> filters);

    /** List runs as a stream: with their logs they can have megabytes. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/")
    Response runsStream(@PathParam("account_id") long accountId, @RestQuery Map<String, String> filters);

    // artifacts

    /** List run artifacts. The specification knows no {@code step} here. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/{run_id}/artifacts/")
    Uni<Response> artifacts(@PathParam("account_id") long accountId, @PathParam("run_id") long runId);

    /** Get run artifact as a stream; {@code remainder} is percent-encoded already. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/{run_id}/artifacts/{remainder}")
    @Produces(MediaType.WILDCARD)
    Response artifact(
            @PathParam("account_id") long accountId,
            @PathParam("run_id") long runId,
            @PathParam("remainder") @Encoded String remainder,
            @QueryParam("step") @Nullable Integer step);
}
