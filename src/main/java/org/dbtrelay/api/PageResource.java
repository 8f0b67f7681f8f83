package org.dbtrelay.api;

import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import java.util.Map;
import java.util.Optional;
import org.dbtrelay.api.PageFiles.PageFile;
import org.dbtrelay.config.RelayConfig;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.jspecify.annotations.Nullable;

/**
 * The page for people. Its files need no key: they tell nothing. What they show they ask of the API, with the key of the person
 * who looks.
 */
@Path("/")
@PermitAll
@RunOnVirtualThread
public class PageResource {

    /** Only its own files run and are loaded, it is in nobody's frame, and no text becomes markup or code. */
    static final String POLICY = String.join(
            "; ",
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'");

    static final Map<String, String> HEADERS = Map.of(
            "Content-Security-Policy",
            POLICY,
            "X-Content-Type-Options",
            "nosniff",
            "Referrer-Policy",
            "no-referrer",
            "X-Frame-Options",
            "DENY",
            "Cross-Origin-Resource-Policy",
            "same-origin",
            // Asked for each time, and sent only if it has changed: a new version of the relay has a new page at once.
            HttpHeaders.CACHE_CONTROL,
            "no-cache");

    private final boolean enabled;
    private final PageFiles files;

    PageResource(RelayConfig config, PageFiles files) {
        this.enabled = config.page().enabled();
        this.files = files;
    }

    /** The page. */
    @GET
    @Operation(hidden = true)
    public Response index(@Context Request request) {
        return file(PageFiles.INDEX, request);
    }

    /** What it loads. */
    @GET
    @Path("page/{name}")
    @Operation(hidden = true)
    public Response part(@PathParam("name") String name, @Context Request request) {
        return name.equals(PageFiles.INDEX) ? nothing() : file(name, request);
    }

    private Response file(String name, Request request) {
        Optional<PageFile> found = enabled ? files.named(name) : Optional.empty();
        if (found.isEmpty()) {
            return nothing();
        }
        EntityTag tag = new EntityTag(found.get().tag());
        Response.@Nullable ResponseBuilder unchanged = request.evaluatePreconditions(tag);
        Response.ResponseBuilder answer = unchanged != null
                ? unchanged
                : Response.ok(found.get().content()).type(found.get().type());
        HEADERS.forEach(answer::header);
        return answer.tag(tag).build();
    }

    private static Response nothing() {
        return Problem.response(Response.Status.NOT_FOUND, "there is nothing at this path");
    }
}
