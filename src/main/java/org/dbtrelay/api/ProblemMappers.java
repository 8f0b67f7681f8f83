package org.dbtrelay.api;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Turns what went wrong into problem documents. */
final class ProblemMappers {

    private static final String NOT_THE_JSON = "the body is not the JSON that is wanted here";

    private static final RelayLog LOG = RelayLog.of(ProblemMappers.class);

    @ServerExceptionMapper
    Response known(WebApplicationException e, ContainerRequestContext request) {
        Response.Status status = Response.Status.fromStatusCode(e.getResponse().getStatus());
        return status == null ? e.getResponse() : Problem.response(status, detail(e, status, request));
    }

    /** Jackson's own, which the extension for it would answer without a word. */
    @ServerExceptionMapper
    Response notTheJson(MismatchedInputException e) {
        return Problem.response(Response.Status.BAD_REQUEST, NOT_THE_JSON);
    }

    /** The words of the framework are for those who write the resource. */
    private static String detail(WebApplicationException e, Response.Status status, ContainerRequestContext request) {
        String path = request.getUriInfo().getPath();
        return switch (status) {
            case UNSUPPORTED_MEDIA_TYPE ->
                "content-type: '" + mediaType(request) + "' is not read here; send "
                        + MediaType.APPLICATION_JSON
                        + (path.equals("/api/commands") ? " or " + CommandResource.CLOUD_EVENT : "");
            case NOT_ACCEPTABLE -> "accept: answers here are " + MediaType.APPLICATION_JSON;
            case METHOD_NOT_ALLOWED -> request.getMethod() + " is not done here; docs/http.md lists paths and methods";
            // The resources' own words stay; RESTEasy's are of a "target resource method".
            case NOT_FOUND ->
                words(e, status).contains("target resource") || words(e, status).startsWith("HTTP 404")
                        ? "there is nothing at this path"
                        : words(e, status);
            case BAD_REQUEST -> e.getCause() instanceof JsonProcessingException ? NOT_THE_JSON : words(e, status);
            default -> words(e, status);
        };
    }

    private static String mediaType(ContainerRequestContext request) {
        String header = request.getHeaderString(HttpHeaders.CONTENT_TYPE);
        return header == null ? "" : header.replaceAll(";.*", "").strip();
    }

    private static String words(WebApplicationException e, Response.Status status) {
        return e.getMessage() == null ? status.getReasonPhrase() : e.getMessage();
    }

    /** An error of the JVM, too: the framework would answer it in a form of its own. */
    @ServerExceptionMapper({RuntimeException.class, Error.class})
    Response fault(Throwable e) {
        LOG.error(
                "A request to the HTTP API failed",
                e,
                pair(LogKey.REASON, e.getClass().getSimpleName()));
        return Problem.response(
                Response.Status.INTERNAL_SERVER_ERROR, "internal error; the relay's log has the details");
    }
}
