package org.dbtrelay.api;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.dbtrelay.config.Role;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/**
 * How much the relay's own log tells, until the process ends. Only the relay's own categories: what libraries would tell of a
 * request may hold its token. The audit log cannot be turned down.
 */
@Path("/api/log-levels")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "log")
public class LogLevelResource {

    private static final RelayLog AUDIT = RelayLog.of(RelayLog.AUDIT);
    private static final Pattern CATEGORY = Pattern.compile("org\\.dbtrelay(\\.\\w+)*");
    private static final List<String> LEVELS = List.of("ERROR", "WARN", "INFO", "DEBUG");

    /** A level; {@code null} for that of the category above. */
    public record LogLevel(@Nullable String level) {}

    /** The relay's categories that have a level of their own. */
    @GET
    @Operation(
            operationId = "listLogLevels",
            summary = "Levels of the log",
            description = "The relay's log categories that have a level of their own, and theirs, on this instance.")
    public Map<String, String> all() {
        return RelayLog.levels().entrySet().stream()
                .filter(entry -> CATEGORY.matcher(entry.getKey()).matches())
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (one, other) -> one, TreeMap::new));
    }

    /** Gives a category a level. */
    @PUT
    @Path("{category}")
    @Needs(Role.OPERATOR)
    @Consumes(MediaType.APPLICATION_JSON)
    @Operation(
            operationId = "setLogLevel",
            summary = "Change a level of the log",
            description =
                    "ERROR, WARN, INFO or DEBUG for one of the relay's log categories, or null for the level of the"
                            + " category above; on this instance, until it is restarted.")
    @APIResponse(
            responseCode = "200",
            description = "All levels as they are now; the audit log says who changed what to what")
    @APIResponse(responseCode = "400", description = "It is no category of the relay's, the audit log, or no level")
    public Response change(
            @PathParam("category") String category, @Nullable LogLevel wanted, @Context SecurityContext caller) {
        if (!CATEGORY.matcher(category).matches() || category.equals(RelayLog.AUDIT)) {
            return Problem.response(
                    Response.Status.BAD_REQUEST,
                    "category: org.dbtrelay or one below it, but not " + RelayLog.AUDIT
                            + "; others are set by quarkus.log.category and a restart");
        }
        String level = wanted == null ? null : wanted.level();
        if (wanted == null || (level != null && !LEVELS.contains(level))) {
            return Problem.response(
                    Response.Status.BAD_REQUEST,
                    "level: send {\"level\": \"DEBUG\"}, with one of " + String.join(", ", LEVELS)
                            + ", or null for the level of the category above");
        }
        AUDIT.info(
                "A person changed a log level",
                pair(LogKey.CATEGORY, category),
                pair(LogKey.LEVEL, level),
                pair(LogKey.KEY, Caller.nameOf(caller)));
        RelayLog.level(category, level);
        return Response.ok(all()).build();
    }
}
