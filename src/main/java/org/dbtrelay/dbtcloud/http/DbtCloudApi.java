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
import java.io.Closeable;
import java.io.InputStream;
import java.util.Map;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of dbt Cloud's Administrative API that the relay calls, one method each, with the paths and slashes of the
 * published specification. A null query parameter is left out: dbt Cloud answers 400 to parameters it does not know.
 *
 * <p>Every method gives the bare answer, whatever its status: what an answer means is decided in one place, the
 * {@link FailureMapper}, and a body that is no JSON must not be mistaken for a refusal. The answer is there as soon as its
 * head is, and its body comes in while it is read ({@link StreamedBody}): the REST client holds the bodies of other types
 * whole, however large they are. {@link ApiCalls} is the only caller; it bounds and closes them.
 */
@Path("/api")
@Produces(MediaType.APPLICATION_JSON)
public interface DbtCloudApi extends Closeable {

    // resources

    /** Get job. */
    @GET
    @Path("/v2/accounts/{account_id}/jobs/{id}/")
    Uni<RestResponse<InputStream>> job(@PathParam("account_id") long accountId, @PathParam("id") long jobId);

    /** List accounts. */
    @GET
    @Path("/v3/accounts/")
    Uni<RestResponse<InputStream>> listAccounts();

    /** Get account; only in v2. */
    @GET
    @Path("/v2/accounts/{account_id}/")
    Uni<RestResponse<InputStream>> account(@PathParam("account_id") long accountId);

    /** List projects. */
    @GET
    @Path("/v3/accounts/{account_id}/projects/")
    Uni<RestResponse<InputStream>> projects(
            @PathParam("account_id") long accountId, @RestQuery Map<String, String> filters);

    /** Get project. */
    @GET
    @Path("/v3/accounts/{account_id}/projects/{id}/")
    Uni<RestResponse<InputStream>> project(@PathParam("account_id") long accountId, @PathParam("id") long projectId);

    /** List environments of a project. */
    @GET
    @Path("/v3/accounts/{account_id}/projects/{project_id}/environments/")
    Uni<RestResponse<InputStream>> environments(
            @PathParam("account_id") long accountId,
            @PathParam("project_id") long projectId,
            @RestQuery Map<String, String> filters);

    /** Get environment. */
    @GET
    @Path("/v3/accounts/{account_id}/projects/{project_id}/environments/{id}/")
    Uni<RestResponse<InputStream>> environment(
            @PathParam("account_id") long accountId,
            @PathParam("project_id") long projectId,
            @PathParam("id") long environmentId);

    /** Retrieve account connection, with what says which database it is; the list of connections does not have that. */
    @GET
    @Path("/v3/accounts/{account_id}/connections/{id}/")
    Uni<RestResponse<InputStream>> connection(
            @PathParam("account_id") long accountId, @PathParam("id") long connectionId);

    /** List jobs. */
    @GET
    @Path("/v2/accounts/{account_id}/jobs/")
    Uni<RestResponse<InputStream>> jobs(
            @PathParam("account_id") long accountId, @RestQuery Map<String, String> filters);

    /** Get what a retry of a run would begin with. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/{run_id}/retry/")
    Uni<RestResponse<InputStream>> retryDetails(
            @PathParam("account_id") long accountId, @PathParam("run_id") long runId);

    // what changes something: called on a client without keep-alive

    /** Trigger job run. A null header is left out. */
    @POST
    @Path("/v2/accounts/{account_id}/jobs/{job_id}/run/")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<RestResponse<InputStream>> trigger(
            @PathParam("account_id") long accountId,
            @PathParam("job_id") long jobId,
            @HeaderParam("traceparent") @Nullable String traceparent,
            GuardedBody body);

    /** Retry run: from its point of failure. Without a body; a null header is left out. */
    @POST
    @Path("/v2/accounts/{account_id}/runs/{run_id}/retry/")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<RestResponse<InputStream>> retryRun(
            @PathParam("account_id") long accountId,
            @PathParam("run_id") long runId,
            @HeaderParam("traceparent") @Nullable String traceparent,
            GuardedBody nothing);

    /** Rerun job: its newest run from its point of failure if that failed, else all of it. As a retry. */
    @POST
    @Path("/v2/accounts/{account_id}/jobs/{job_id}/rerun/")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<RestResponse<InputStream>> rerunJob(
            @PathParam("account_id") long accountId,
            @PathParam("job_id") long jobId,
            @HeaderParam("traceparent") @Nullable String traceparent,
            GuardedBody nothing);

    /** Cancel run. A null header is left out. */
    @POST
    @Path("/v2/accounts/{account_id}/runs/{run_id}/cancel/")
    Uni<RestResponse<InputStream>> cancel(
            @PathParam("account_id") long accountId,
            @PathParam("run_id") long runId,
            @HeaderParam("traceparent") @Nullable String traceparent);

    /** Create webhook subscription. No slash at the end, here and in the next two. */
    @POST
    @Path("/v3/accounts/{account_id}/webhooks/subscriptions")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<RestResponse<InputStream>> createWebhookSubscription(@PathParam("account_id") long accountId, GuardedBody body);

    /** Update webhook subscription. */
    @PUT
    @Path("/v3/accounts/{account_id}/webhooks/subscription/{subscription_id}")
    @Consumes(MediaType.APPLICATION_JSON)
    Uni<RestResponse<InputStream>> changeWebhookSubscription(
            @PathParam("account_id") long accountId,
            @PathParam("subscription_id") String subscriptionId,
            GuardedBody body);

    /** Delete webhook subscription. */
    @DELETE
    @Path("/v3/accounts/{account_id}/webhooks/subscription/{subscription_id}")
    Uni<RestResponse<InputStream>> deleteWebhookSubscription(
            @PathParam("account_id") long accountId, @PathParam("subscription_id") String subscriptionId);

    // webhooks

    /** List webhook subscriptions. */
    @GET
    @Path("/v3/accounts/{account_id}/webhooks/subscriptions")
    Uni<RestResponse<InputStream>> webhookSubscriptions(
            @PathParam("account_id") long accountId, @RestQuery Map<String, String> filters);

    // runs

    /** Get run; {@code include_related} is a comma list. With its steps it can hold megabytes of logs. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/{id}/")
    Uni<RestResponse<InputStream>> run(
            @PathParam("account_id") long accountId,
            @PathParam("id") long runId,
            @QueryParam("include_related") @Nullable String includeRelated);

    /**
     * List runs. The array filters {@code status__in} and {@code pk__in} are JSON arrays. With their logs they can have
     * megabytes.
     */
    @GET
    @Path("/v2/accounts/{account_id}/runs/")
    Uni<RestResponse<InputStream>> runs(
            @PathParam("account_id") long accountId, @RestQuery Map<String, String> filters);

    // artifacts

    /** List run artifacts. The specification knows no {@code step} here. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/{run_id}/artifacts/")
    Uni<RestResponse<InputStream>> artifacts(@PathParam("account_id") long accountId, @PathParam("run_id") long runId);

    /** Get run artifact; {@code remainder} is percent-encoded already. */
    @GET
    @Path("/v2/accounts/{account_id}/runs/{run_id}/artifacts/{remainder}")
    @Produces(MediaType.WILDCARD)
    Uni<RestResponse<InputStream>> artifact(
            @PathParam("account_id") long accountId,
            @PathParam("run_id") long runId,
            @PathParam("remainder") @Encoded String remainder,
            @QueryParam("step") @Nullable Integer step);
}
