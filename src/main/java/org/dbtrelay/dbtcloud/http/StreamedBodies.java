package org.dbtrelay.dbtcloud.http;

import jakarta.ws.rs.client.ClientRequestContext;
import jakarta.ws.rs.client.ClientResponseContext;
import jakarta.ws.rs.client.ClientResponseFilter;
import org.dbtrelay.config.Monotonic;
import org.jboss.resteasy.reactive.client.handlers.VertxClientInputStream;
import org.jboss.resteasy.reactive.client.impl.ClientRequestContextImpl;

/** Puts a {@link StreamedBody} around the body of each answer. */
final class StreamedBodies implements ClientResponseFilter {

    private final Monotonic monotonic;

    StreamedBodies(Monotonic monotonic) {
        this.monotonic = monotonic;
    }

    @Override
    public void filter(ClientRequestContext request, ClientResponseContext response) {
        if (request instanceof ClientRequestContextImpl context
                && response.getEntityStream() instanceof VertxClientInputStream body) {
            response.setEntityStream(new StreamedBody(
                    body,
                    response.getLength(),
                    context.getRestClientRequestContext().getHttpClientRequest()::reset,
                    monotonic));
        }
    }
}
