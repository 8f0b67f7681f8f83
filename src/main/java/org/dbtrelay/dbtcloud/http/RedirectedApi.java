package org.dbtrelay.dbtcloud.http;

import io.quarkus.rest.client.reactive.Url;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.io.Closeable;
import java.io.InputStream;
import org.jboss.resteasy.reactive.RestResponse;

/** Reads what a redirect points to, as {@link DbtCloudApi} does; {@link Redirects} decides whether it may. */
public interface RedirectedApi extends Closeable {

    /** Reads from an absolute URL, which is percent-encoded already. */
    @GET
    @Produces(MediaType.WILDCARD)
    Uni<RestResponse<InputStream>> read(@Url String url);
}
