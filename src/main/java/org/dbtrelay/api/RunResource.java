package org.dbtrelay.api;

import static org.dbtrelay.api.Filters.id;
import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.dbtrelay.dbtcloud.runs.JobRun;
import org.dbtrelay.dbtcloud.runs.JobRunFilter;
import org.dbtrelay.dbtcloud.runs.JobRuns;
import org.dbtrelay.dbtcloud.runs.RetryDetails;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** dbt Cloud's runs and their artifacts, to read. To start, retry, cancel or follow one, send a command. */
@Path("/api/connections/{connection}/accounts/{account_id}/runs")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "dbt Cloud")
public class RunResource {

    private static final RelayLog LOG = RelayLog.of(RunResource.class);

    private final Connections connections;
    private final LogReads logs;
    private final Monotonic time;

    RunResource(Connections connections, LogReads logs, Monotonic time) {
        this.connections = connections;
        this.logs = logs;
        this.time = time;
    }

    /** The step with which a retry would begin, and the steps that were skipped. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Retry(String failedStep, List<String> skippedSteps) {}

    /** List runs. */
    @GET
    @Operation(
            operationId = "listRuns",
            summary = "The runs of an account",
            description =
                    "Oldest first, unless order_by says otherwise. It has all filters of dbt Cloud's list of runs, by"
                            + " its names; lists are written with commas.")
    @Parameter(name = "job_definition_id", in = ParameterIn.QUERY, description = "Only of this job")
    @Parameter(name = "project_id", in = ParameterIn.QUERY, description = "Only of this project")
    @Parameter(name = "environment_id", in = ParameterIn.QUERY, description = "Only of this environment")
    @Parameter(name = "status__in", in = ParameterIn.QUERY, description = "Only with one of these status codes")
    @Parameter(name = "created_at__range", in = ParameterIn.QUERY, description = "Created between these two times")
    @Parameter(name = "finished_at__range", in = ParameterIn.QUERY, description = "Ended between these two times")
    @Parameter(name = "id__gt", in = ParameterIn.QUERY, description = "Only above this id")
    @Parameter(name = "pk__in", in = ParameterIn.QUERY, description = "Only these")
    @Parameter(
            name = "order_by",
            in = ParameterIn.QUERY,
            description = "id, created_at or finished_at, with a minus for the newest first")
    @Parameter(name = "include_related", in = ParameterIn.QUERY, description = "trigger, job, audit, debug_logs")
    @Parameter(name = "limit", in = ParameterIn.QUERY, description = "Rows of the page, 1 to 100 (default)")
    @Parameter(name = "cursor", in = ParameterIn.QUERY, description = "The next_cursor of the page before")
    public ResourcePage runs(
            @PathParam("connection") String connection,
            @PathParam("account_id") String accountId,
            @Context UriInfo uri,
            @Context RoutingContext request)
            throws DbtCloudException {
        Filters filters = Filters.of(uri, Filters.OF_RUNS);
        JobRunFilter filter = JobRunFilter.all();
        for (Map.Entry<String, String> parameter : filters.filters().entrySet()) {
            filter = filter.parameter(parameter.getKey(), parameter.getValue());
        }
        Listing<JobRun> runs = connections.named(connection).jobRuns().listJobRuns(id("account_id", accountId), filter);
        return logs.read(
                related(filters.filters().get("include_related")),
                request,
                () -> ResourcePage.of(runs, filters, JobRun::json));
    }

    /** Get run. */
    @GET
    @Path("{run_id}")
    @Operation(
            operationId = "getRun",
            summary = "A run",
            description = "As dbt Cloud sends it, with what include_related names.")
    @Parameter(
            name = "include_related",
            in = ParameterIn.QUERY,
            description = "What more to tell, with commas: trigger, job, environment, repository, run_steps, audit …")
    public ObjectNode run(
            @PathParam("connection") String connection,
            @PathParam("account_id") String accountId,
            @PathParam("run_id") String runId,
            @Context UriInfo uri,
            @Context RoutingContext request)
            throws DbtCloudException {
        List<String> related =
                related(Filters.single(uri, Set.of("include_related"), Set.of()).get("include_related"));
        JobRuns runs = connections.named(connection).jobRuns();
        return logs.read(
                related,
                request,
                () -> runs.getJobRun(id("account_id", accountId), id("run_id", runId), related)
                        .json());
    }

    private static List<String> related(@Nullable String include) {
        return include == null
                ? List.of()
                : Arrays.stream(include.split(",", -1))
                        .map(String::strip)
                        .filter(word -> !word.isEmpty())
                        .toList();
    }

    /** Get what a retry would begin with. */
    @GET
    @Path("{run_id}/retry")
    @Operation(
            operationId = "getRetryDetails",
            summary = "What a retry would begin with",
            description = "The dbt command at which a retry of a failed run would begin, and those that were skipped.")
    public Retry retryDetails(
            @PathParam("connection") String connection,
            @PathParam("account_id") String accountId,
            @PathParam("run_id") String runId)
            throws DbtCloudException {
        RetryDetails details =
                connections.named(connection).jobRuns().retryDetails(id("account_id", accountId), id("run_id", runId));
        return new Retry(details.failedStep(), details.skippedSteps());
    }

    /** List artifacts. */
    @GET
    @Path("{run_id}/artifacts")
    @Operation(
            operationId = "listArtifacts",
            summary = "The paths of a run's artifacts",
            description = "All of them, on one page.")
    public ResourcePage artifacts(
            @PathParam("connection") String connection,
            @PathParam("account_id") String accountId,
            @PathParam("run_id") String runId)
            throws DbtCloudException {
        return ResourcePage.whole(connections
                .named(connection)
                .artifacts()
                .listJobRunArtifacts(id("account_id", accountId), id("run_id", runId)));
    }

    /** Get artifact: passed on while it comes in. */
    @GET
    @Path("{run_id}/artifacts/{path: .+}")
    @Produces(MediaType.WILDCARD)
    @Operation(
            operationId = "getArtifact",
            summary = "An artifact, streamed",
            description = "Its bytes, passed on while they come in.")
    @Parameter(
            name = "step",
            in = ParameterIn.QUERY,
            description = "The index of the step that made it, from 1; without it dbt Cloud gives the last step's")
    public Response artifact(
            @PathParam("connection") String connection,
            @PathParam("account_id") String accountId,
            @PathParam("run_id") String runId,
            @PathParam("path") String path,
            @Context UriInfo uri,
            @Context RoutingContext request)
            throws DbtCloudException {
        ArtifactBody body = connections
                .named(connection)
                .artifacts()
                .getJobRunArtifact(id("account_id", accountId), id("run_id", runId), path, step(uri));
        // A client may go away before anything is passed on; then the slot must come back here. Not while it is
        // passed on: whoever closes a stream that another thread reads leaves that one waiting.
        AtomicBoolean taken = new AtomicBoolean();
        request.addEndHandler(_ -> {
            if (taken.compareAndSet(false, true)) {
                Thread.startVirtualThread(() -> closed(body));
            }
        });
        // Gone while dbt Cloud was asked: nobody calls the handler any more.
        if (request.response().closed() && taken.compareAndSet(false, true)) {
            closed(body);
        }
        Response.ResponseBuilder answer = Response.ok()
                .type(mediaType(body.contentType()))
                .header("X-Content-Type-Options", "nosniff")
                .header(HttpHeaders.CONTENT_DISPOSITION, "attachment");
        if (request.request().method().equals(HttpMethod.HEAD)) {
            taken.set(true);
            closed(body);
            return answer.build();
        }
        body.contentLength().ifPresent(length -> answer.header(HttpHeaders.CONTENT_LENGTH, length));
        return answer.entity((StreamingOutput) out -> {
                    if (taken.compareAndSet(false, true)) {
                        try (body) {
                            Downloads.passOn(body.stream(), out, request, time);
                        }
                    }
                })
                .build();
    }

    /** Whoever stands before dbt Cloud writes what it likes; what is no media type could not be passed on. */
    private static MediaType mediaType(@Nullable String told) {
        try {
            return told == null ? MediaType.APPLICATION_OCTET_STREAM_TYPE : MediaType.valueOf(told);
        } catch (IllegalArgumentException e) {
            return MediaType.APPLICATION_OCTET_STREAM_TYPE;
        }
    }

    private static void closed(ArtifactBody body) {
        try {
            body.close();
        } catch (IOException e) {
            LOG.debug("An artifact's stream did not close", pair(LogKey.DETAIL, e));
        }
    }

    private static @Nullable Integer step(UriInfo uri) {
        String step = Filters.single(uri, Set.of("step"), Set.of()).get("step");
        if (step == null) {
            return null;
        }
        if (!step.matches("[1-9][0-9]{0,5}")) {
            throw new BadParameter("step", "it must be a number from 1");
        }
        return Integer.valueOf(step);
    }
}
