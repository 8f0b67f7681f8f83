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
 * which for an artifact that turned out to be too large is the very thing that closing it should prevent. A body that has come whole
 * is only ended: its connection may serve another request already, and breaking it would break that one.
 */
final class UnreadBodies implements ClientResponseFilter {

    @Override
    public void filter(ClientRequestContext request, ClientResponseContext response) {
        if (request instanceof ClientRequestContextImpl context
                && response.getEntityStream() instanceof VertxClientInputStream body) {
            response.setEntityStream(new Body(
                    body,
                    response.getLength(),
                    context.getRestClientRequestContext().getHttpClientRequest()));
        }
    }

    private static final class Body extends FilterInputStream {
        private final int length;
        private final HttpClientRequest request;
        private long bytes;
        private boolean ended;

        /** {@code length}: -1 if nobody has told it. */
        Body(InputStream body, int length, HttpClientRequest request) {
            super(body);
            this.length = length;
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
            bytes += Math.max(count, 0);
            return count;
        }

        @Override
        public void close() throws IOException {
            if (!ended && bytes == length) {
                // Its end is there, too, so this does not wait.
                ended = read() < 0;
            }
            if (!ended) {
                ended = true;
                request.reset();
            }
            super.close();
        }
    }
}
