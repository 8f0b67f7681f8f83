package org.dbtrelay.api;

import io.quarkus.rest.client.reactive.Url;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Response;
import java.io.Closeable;
import java.util.Map;
import org.jboss.resteasy.reactive.RestQuery;

/** What instances ask of each other: what the API serves with {@code scope=instance}. */
@Path("/api")
interface InstanceApi extends Closeable {

    @GET
    @Path("commands")
    Response commands(@Url String instance, @RestQuery Map<String, String> query);

    @GET
    @Path("commands/{command_id}")
    Response command(
            @Url String instance, @PathParam("command_id") String commandId, @QueryParam("scope") String scope);

    @GET
    @Path("commands/{command_id}")
    Response news(
            @Url String instance, @PathParam("command_id") String commandId, @RestQuery Map<String, String> query);

    @POST
    @Path("commands/{command_id}/end")
    Response end(@Url String instance, @PathParam("command_id") String commandId, @QueryParam("scope") String scope);

    @GET
    @Path("instances")
    Response instances(@Url String instance, @QueryParam("scope") String scope);

    @GET
    @Path("activity")
    Response activity(@Url String instance, @QueryParam("scope") String scope);
}
