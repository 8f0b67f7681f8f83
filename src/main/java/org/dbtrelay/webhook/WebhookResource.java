package org.dbtrelay.webhook;

import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.webhook.WebhookSignature;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/**
 * Receives dbt Cloud's webhooks. Their signature authenticates them, so no API key is required. dbt Cloud counts an answer after more than
 * ten seconds as a failure, so the relay answers at once and processes the webhook afterwards.
 */
@Path("/webhooks/dbt-cloud/{connection}")
@PermitAll
@RunOnVirtualThread
@Tag(name = "webhooks")
public class WebhookResource {

    /** A webhook has one or two KiB. */
    private static final int LARGEST = 64 * 1024;

    private final Connections connections;
    private final Webhooks webhooks;

    WebhookResource(Connections connections, Webhooks webhooks) {
        this.connections = connections;
        this.webhooks = webhooks;
    }

    /**
     * Takes a webhook.
     *
     * @param connection the connection whose secret has signed it
     * @param signature of the body's bytes
     * @param unread the body, which is read when the connection is known
     * @return 204; 401 for a wrong signature; 404 where the connection is unknown or has no secret; 413 for a large body
     */
    @POST
    @Operation(
            operationId = "receiveWebhook",
            summary = "Take a webhook",
            description =
                    "dbt Cloud sends it, signed with the connection's secret; the relay takes it as a hint to poll its run.")
    @RequestBody(
            description = "A webhook as dbt Cloud sends it",
            content = @Content(mediaType = MediaType.APPLICATION_JSON, schema = @Schema(type = SchemaType.OBJECT)))
    @APIResponse(responseCode = "204", description = "Accepted; the relay polls the run afterwards")
    @APIResponse(responseCode = "401", description = "The signature in Authorization is wrong")
    @APIResponse(responseCode = "404", description = "The connection is unknown, or has no webhook secret")
    @APIResponse(responseCode = "413", description = "The body is larger than 64 KiB")
    public Response receive(
            @PathParam("connection") String connection,
            @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String signature,
            InputStream unread)
            throws IOException {
        Optional<DbtCloudClient> client = connections.find(connection);
        Optional<WebhookSignature> expected = connections.webhookSignature(connection);
        if (client.isEmpty() || expected.isEmpty()) {
            return Response.status(Response.Status.NOT_FOUND).build();
        }
        // Without a signature nothing of the body is read, and never more than a webhook can have.
        if (signature == null || !signature.matches("[0-9a-f]{64}")) {
            webhooks.refused(connection);
            return Response.status(Response.Status.UNAUTHORIZED).build();
        }
        byte[] body = unread.readNBytes(LARGEST + 1);
        if (body.length > LARGEST) {
            return Response.status(Response.Status.REQUEST_ENTITY_TOO_LARGE).build();
        }
        if (!expected.get().isOf(body, signature)) {
            webhooks.refused(connection);
            return Response.status(Response.Status.UNAUTHORIZED).build();
        }
        Thread.startVirtualThread(() -> webhooks.signed(client.get(), body));
        return Response.noContent().build();
    }
}
