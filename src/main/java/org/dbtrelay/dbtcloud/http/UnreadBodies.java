package org.dbtrelay.dbtcloud.http;

import io.vertx.core.http.HttpClientRequest;
import jakarta.ws.rs.client.ClientRequestContext;
import jakarta.ws.rs.client.ClientResponseContext;
import jakarta.ws.rs.client.ClientResponseFilter;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jboss.resteasy.reactive.client.handlers.VertxClientInputStream;
import org.jboss.resteasy.reactive.client.impl.ClientRequestContextImpl;

/**
 * Breaks the connection of a streamed body that is closed before its end. The REST client would fetch the rest and drop it,
 * which for an artifact that turned out to be too large is the very thing that closing it should prevent.
 */
final class UnreadBodies implements ClientResponseFilter {

    @Override
    public void filter(ClientRequestContext request, ClientResponseContext response) {
        if (request instanceof ClientRequestContextImpl context
                && response.getEntityStream() instanceof VertxClientInputStream body) {
            response.setEntityStream(
                    new Body(body, context.getRestClientRequestContext().getHttpClientRequest()));
        }
    }

    private static final class Body extends FilterInputStream {
        private final HttpClientRequest request;
        private boolean ended;

        Body(InputStream body, HttpClientRequest request) {
            super(body);
            this.request = request;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = super.read(target, offset, length);
            ended |= count < 0;
            return count;
        }

        @Override
        public void close() throws IOException {
            if (!ended) {
                ended = true;
                request.reset();
            }
            super.close();
        }
    }
}
