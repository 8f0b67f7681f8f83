package org.dbtrelay.webhook;

import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Optional;
import org.dbtrelay.dbtcloud.Connections;
import org.dbtrelay.dbtcloud.DbtCloudClient;
import org.dbtrelay.dbtcloud.WebhookSignature;
import org.jspecify.annotations.Nullable;

/**
 * Where dbt Cloud sends its webhooks. Their signature is what lets them in, so no API key is asked for. dbt Cloud counts an
 * answer after more than ten seconds as a failure: it gets it at once, and what is to be done is done afterwards.
 */
@Path("/webhooks/dbt-cloud/{connection}")
@PermitAll
@RunOnVirtualThread
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
     * @return 204; 401 for a wrong signature; 404 where the connection is unknown or has no secret; 413 for a large body
     */
    @POST
    public Response receive(
            @PathParam("connection") String connection,
            @HeaderParam(HttpHeaders.AUTHORIZATION) @Nullable String signature,
            byte[] body) {
        Optional<DbtCloudClient> client = connections.find(connection);
        Optional<WebhookSignature> expected = connections.webhookSignature(connection);
        if (client.isEmpty() || expected.isEmpty()) {
            return Response.status(Response.Status.NOT_FOUND).build();
        }
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
