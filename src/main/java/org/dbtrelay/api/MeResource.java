package org.dbtrelay.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import org.dbtrelay.config.Role;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Who asks. */
@Path("/api/me")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "access")
public class MeResource {

    /**
     * Who asks, over HTTP.
     *
     * @param name of the key or the person; null: the API is open, and nobody knows
     * @param role viewer, sender or operator
     * @param signIn key, openid_connect or open
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Me(@Nullable String name, String role, String signIn) {}

    /** Who asks. */
    @GET
    @Operation(
            operationId = "getMe",
            summary = "Who I am",
            description =
                    "The name of the key or the person, the role (viewer, sender or operator), and by what the relay"
                            + " knows: key, openid_connect, or open if it asks for none.")
    public Me me(@Context SecurityContext context) {
        return context instanceof Caller caller
                ? new Me(caller.name(), caller.role().wireName(), caller.signIn())
                : new Me(null, Role.OPERATOR.wireName(), "open");
    }
}
