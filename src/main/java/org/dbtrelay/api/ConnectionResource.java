package org.dbtrelay.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.dbtrelay.config.Role;
import org.dbtrelay.control.Switches;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.dbtcloud.connection.ConnectionCheckResult;
import org.dbtrelay.dbtcloud.connection.ConnectionState;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.run.job.JobOfConnection;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The connections to dbt Cloud: how they stand, a test, and the switch that stops them. */
@Path("/api/connections")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "connections")
public class ConnectionResource {

    private static final int LONGEST_REASON = 200;

    /** It goes into the log, a line for each record. */
    private static final Pattern REASON = Pattern.compile("\\P{Cntrl}{1," + LONGEST_REASON + "}");

    private final Connections connections;
    private final Switches switches;
    private final JobSwitches jobs;

    ConnectionResource(Connections connections, Switches switches, JobSwitches jobs) {
        this.connections = connections;
        this.switches = switches;
        this.jobs = jobs;
    }

    /** A connection, over HTTP; {@code note} says how far {@code suspended_since} holds, if that is not everywhere. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Connection(
            String name,
            String host,
            long accountId,
            @Nullable Instant suspendedSince,
            @Nullable String suspendedBy,
            @Nullable String suspendedReason,
            @Nullable String note,
            List<Refused> refused,
            @Nullable Instant coolingDownUntil,
            List<SuspendedJob> suspendedJobs) {

        static Connection of(DbtCloudClient client, Map<JobOfConnection, Switched> jobs, @Nullable String note) {
            ConnectionState state = ConnectionState.of(client);
            Switched suspended = state.suspended();
            return new Connection(
                    state.name(),
                    state.host().toString(),
                    state.accountId(),
                    suspended == null ? null : suspended.since(),
                    suspended == null ? null : suspended.by(),
                    suspended == null ? null : suspended.reason(),
                    suspended == null && jobs.isEmpty() ? null : note,
                    state.refused().stream()
                            .map(one -> new Refused(one.accountId(), one.since(), one.detail()))
                            .toList(),
                    state.coolingDownUntil(),
                    jobs.entrySet().stream()
                            .map(each -> SuspendedJob.of(each.getKey(), each.getValue()))
                            .sorted(Comparator.comparingLong(SuspendedJob::jobId))
                            .toList());
        }
    }

    /** An account that dbt Cloud refuses. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Refused(long accountId, Instant since, String detail) {}

    /** A job that a person has suspended. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record SuspendedJob(
            long jobId,
            Instant since,
            @Nullable String by,
            @Nullable String reason) {

        static SuspendedJob of(JobOfConnection job, Switched switched) {
            return new SuspendedJob(job.jobId(), switched.since(), switched.by(), switched.reason());
        }
    }

    /** The result of a connection test, over HTTP. */
    public record Tested(boolean ok, List<String> suspects, String message) {}

    /** All of them. */
    @GET
    @Operation(
            operationId = "listConnections",
            summary = "The configured connections",
            description =
                    "How each stands on this instance: suspended, refused or shut out by dbt Cloud. Never a token.")
    public List<Connection> all() {
        return connections.all().stream().map(this::connection).toList();
    }

    /** Tries one. */
    @GET
    @Path("{connection}/test")
    @Operation(
            operationId = "testConnection",
            summary = "Try a connection",
            description =
                    "Asks dbt Cloud at most four times, each once, and names all parts of the connection that may be wrong.")
    public Tested test(@PathParam("connection") String connection) {
        ConnectionCheckResult test = connections.named(connection).testConnection();
        return new Tested(
                test.ok(),
                test.suspects().stream()
                        .sorted()
                        .map(suspect -> suspect.name().toLowerCase(Locale.ROOT))
                        .toList(),
                test.message());
    }

    /** The kill switch. */
    @POST
    @Path("{connection}/suspend")
    @Needs(Role.OPERATOR)
    @Operation(
            operationId = "suspendConnection",
            summary = "Start nothing over a connection",
            description =
                    "On all instances, also after a restart, until the connection is resumed. Waiting commands go on waiting; runs in flight are followed.")
    @APIResponse(responseCode = "200", description = "It is suspended; a note says if not on all instances")
    @APIResponse(
            responseCode = "503",
            description =
                    "It is suspended on this instance, but Kafka did not confirm that the others know; send it again")
    public Response suspend(
            @PathParam("connection") String connection,
            @Parameter(description = "Why, for those who meet it: at most " + LONGEST_REASON + " characters")
                    @QueryParam("reason")
                    @Nullable
                    String reason,
            @Context SecurityContext caller) {
        DbtCloudClient client = connections.named(connection);
        check(reason);
        return turned(
                client,
                "the connection is suspended on this instance, but perhaps not on the others",
                () -> switches.suspend(client, Caller.nameOf(caller), reason));
    }

    /** Ends it. */
    @POST
    @Path("{connection}/resume")
    @Needs(Role.OPERATOR)
    @Operation(
            operationId = "resumeConnection",
            summary = "Let a connection that was suspended go on",
            description = "Ends what suspendConnection has begun, on all instances.")
    @APIResponse(responseCode = "200", description = "It goes on")
    @APIResponse(responseCode = "503", description = "Kafka did not confirm it; send it again")
    public Response resume(@PathParam("connection") String connection, @Context SecurityContext caller) {
        DbtCloudClient client = connections.named(connection);
        return turned(
                client, "the connection may still be suspended", () -> switches.resume(client, Caller.nameOf(caller)));
    }

    /** The kill switch of one job. */
    @POST
    @Path("{connection}/jobs/{job_id}/suspend")
    @Needs(Role.OPERATOR)
    @Operation(
            operationId = "suspendJob",
            summary = "Start no run of a job",
            description =
                    "On all instances, also after a restart, until the job is resumed. Its commands wait, and hold up no"
                            + " others; runs in flight are followed. dbt Cloud's own schedule is not touched.")
    @APIResponse(responseCode = "200", description = "It is suspended; a note says if not on all instances")
    @APIResponse(
            responseCode = "503",
            description =
                    "It is suspended on this instance, but Kafka did not confirm that the others know; send it again")
    public Response suspendJob(
            @PathParam("connection") String connection,
            @PathParam("job_id") String jobId,
            @Parameter(description = "Why, for those who meet it: at most " + LONGEST_REASON + " characters")
                    @QueryParam("reason")
                    @Nullable
                    String reason,
            @Context SecurityContext caller) {
        DbtCloudClient client = connections.named(connection);
        check(reason);
        JobOfConnection job = new JobOfConnection(client.name(), Filters.id("job_id", jobId));
        return turned(
                client,
                "the job is suspended on this instance, but perhaps not on the others",
                () -> switches.suspend(job, Caller.nameOf(caller), reason));
    }

    /** Ends it. */
    @POST
    @Path("{connection}/jobs/{job_id}/resume")
    @Needs(Role.OPERATOR)
    @Operation(
            operationId = "resumeJob",
            summary = "Let a job that was suspended go on",
            description = "Ends what suspendJob has begun, on all instances.")
    @APIResponse(responseCode = "200", description = "It goes on")
    @APIResponse(responseCode = "503", description = "Kafka did not confirm it; send it again")
    public Response resumeJob(
            @PathParam("connection") String connection,
            @PathParam("job_id") String jobId,
            @Context SecurityContext caller) {
        DbtCloudClient client = connections.named(connection);
        JobOfConnection job = new JobOfConnection(client.name(), Filters.id("job_id", jobId));
        return turned(client, "the job may still be suspended", () -> switches.resume(job, Caller.nameOf(caller)));
    }

    /** What a switch is asked to do. */
    private interface Turn {
        void now() throws Switches.NotTold;
    }

    /** The connection as it is then, or what may be so because Kafka did not confirm it. */
    private Response turned(DbtCloudClient client, String unconfirmed, Turn turn) {
        try {
            turn.now();
            return Response.ok(connection(client)).build();
        } catch (Switches.NotTold e) {
            return Problem.response(
                    Response.Status.SERVICE_UNAVAILABLE, unconfirmed + ": " + e.getMessage() + "; send it again");
        }
    }

    private static void check(@Nullable String reason) {
        if (reason != null && !REASON.matcher(reason).matches()) {
            throw new BadParameter(
                    "reason", "must have 1 to " + LONGEST_REASON + " printable characters, or be absent");
        }
    }

    private Connection connection(DbtCloudClient client) {
        return Connection.of(
                client,
                jobs.all().entrySet().stream()
                        .filter(each -> each.getKey().connection().equals(client.name()))
                        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)),
                switches.whyHereOnly()
                        .map(why -> "on this instance only, until it is resumed or the process ends: " + why)
                        .orElse(null));
    }
}
