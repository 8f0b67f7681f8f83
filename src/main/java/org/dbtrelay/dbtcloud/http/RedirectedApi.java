package org.dbtrelay.dbtcloud.http;

import io.quarkus.rest.client.reactive.Url;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.Closeable;

/**
 * Reads what a redirect points to; {@link Redirects} decides whether it may. As in {@link DbtCloudApi} the one method holds
 * the whole body and can be cancelled, the other streams it.
 */
public interface RedirectedApi extends Closeable {

    /** Reads from an absolute URL, which is percent-encoded already. */
    @GET
    @Produces(MediaType.WILDCARD)
    Uni<Response> read(@Url String url);

    /** The same as a stream. */
    @GET
    @Produces(MediaType.WILDCARD)
    Response stream(@Url String url);
}
