package org.dbtrelay.api;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.dbtrelay.dbtcloud.connection.ConnectionCheckResult;
import org.dbtrelay.dbtcloud.connection.ConnectionState;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The connections to dbt Cloud: how they stand, a test, and the switch that stops them. */
@Path("/api/connections")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "connections")
public class ConnectionResource {

    private static final RelayLog AUDIT = RelayLog.of(RelayLog.AUDIT);

    private static final String ONE_INSTANCE =
            "suspended on this instance only, until it is resumed or the process ends; with"
                    + " several instances, suspend it on each";

    private final Connections connections;

    ConnectionResource(Connections connections) {
        this.connections = connections;
    }

    /** A connection, over HTTP; {@code note} says how far {@code suspended_since} holds. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Connection(
            String name,
            String host,
            long accountId,
            @Nullable Instant suspendedSince,
            @Nullable String note,
            List<Refused> refused,
            @Nullable Instant coolingDownUntil) {

        static Connection of(DbtCloudClient client) {
            ConnectionState state = ConnectionState.of(client);
            return new Connection(
                    state.name(),
                    state.host().toString(),
                    state.accountId(),
                    state.suspendedSince(),
                    state.suspendedSince() == null ? null : ONE_INSTANCE,
                    state.refused().stream()
                            .map(one -> new Refused(one.accountId(), one.since(), one.detail()))
                            .toList(),
                    state.coolingDownUntil());
        }
    }

    /** An account that dbt Cloud refuses. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Refused(long accountId, Instant since, String detail) {}

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
        return connections.all().stream().map(Connection::of).toList();
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
    @Operation(
            operationId = "suspendConnection",
            summary = "Start nothing over a connection",
            description =
                    "From this instance, until the connection is resumed or the process ends. Waiting commands go on waiting.")
    public Connection suspend(@PathParam("connection") String connection) {
        DbtCloudClient client = connections.named(connection);
        client.manualSuspension().begin();
        AUDIT.warn(
                "A person suspended a connection: this instance starts nothing over it until it is resumed",
                pair(LogKey.CONNECTION, connection));
        return Connection.of(client);
    }

    /** Ends it. */
    @POST
    @Path("{connection}/resume")
    @Operation(
            operationId = "resumeConnection",
            summary = "Let a connection that was suspended go on",
            description = "Ends what suspendConnection has begun, on this instance.")
    public Connection resume(@PathParam("connection") String connection) {
        DbtCloudClient client = connections.named(connection);
        client.manualSuspension().end();
        AUDIT.info("A person resumed a connection", pair(LogKey.CONNECTION, connection));
        return Connection.of(client);
    }
}
