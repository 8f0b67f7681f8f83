package org.dbtrelay.dbtcloud.http;

import io.smallrye.mutiny.Uni;
import java.io.InputStream;
import org.jboss.resteasy.reactive.RestResponse;

/** One endpoint with its parameters. */
@FunctionalInterface
public interface ApiCall {

    /** The call, which is sent when it is subscribed to. */
    Uni<RestResponse<InputStream>> on(DbtCloudApi api);
}
