package org.dbtrelay.dbtcloud.http;

import io.vertx.core.http.HttpClientRequest;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Type;
import org.jboss.resteasy.reactive.client.impl.RestClientRequestContext;
import org.jboss.resteasy.reactive.client.spi.ClientMessageBodyWriter;

/**
 * Writes a {@link GuardedBody}. The REST client calls it when it holds the connection, right before it sends, so this is
 * where a request that is late can still be stopped. A stopped request gives its connection back: the REST client itself
 * would leave it taken.
 */
final class GuardedBodyWriter implements ClientMessageBodyWriter<GuardedBody> {

    @Override
    public boolean isWriteable(Class<?> type, Type genericType, Annotation[] annotations, MediaType mediaType) {
        return type == GuardedBody.class;
    }

    @Override
    public void writeTo(
            GuardedBody body,
            Class<?> type,
            Type genericType,
            Annotation[] annotations,
            MediaType mediaType,
            MultivaluedMap<String, Object> headers,
            OutputStream out,
            RestClientRequestContext context)
            throws IOException {
        if (!body.release()) {
            HttpClientRequest request = context.getHttpClientRequest();
            request.exceptionHandler(_ -> {}).reset();
            // It has not been used, so it would be kept for the next request, which would then not have a fresh one.
            var _ = request.connection().close();
            throw new GuardedBody.Stopped();
        }
        out.write(body.json());
    }

    @Override
    public void writeTo(
            GuardedBody body,
            Class<?> type,
            Type genericType,
            Annotation[] annotations,
            MediaType mediaType,
            MultivaluedMap<String, Object> headers,
            OutputStream out) {
        throw new UnsupportedOperationException("Only for the REST client.");
    }
}
