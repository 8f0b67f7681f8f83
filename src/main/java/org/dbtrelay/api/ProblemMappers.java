package org.dbtrelay.api;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Turns what went wrong into problem documents. */
final class ProblemMappers {

    private static final RelayLog LOG = RelayLog.of(ProblemMappers.class);

    @ServerExceptionMapper
    Response known(WebApplicationException e) {
        Response.Status status = Response.Status.fromStatusCode(e.getResponse().getStatus());
        return status == null
                ? e.getResponse()
                : Problem.response(status, e.getMessage() == null ? status.getReasonPhrase() : e.getMessage());
    }

    @ServerExceptionMapper
    Response fault(RuntimeException e) {
        LOG.error(
                "A request to the HTTP API failed",
                e,
                pair(LogKey.REASON, e.getClass().getSimpleName()));
        return Problem.response(Response.Status.INTERNAL_SERVER_ERROR, "a fault of the relay; its log has the details");
    }
}
