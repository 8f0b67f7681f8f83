package org.dbtrelay.api;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.UnknownConnectionException;
import org.dbtrelay.dbtcloud.resources.DbtCloudResourceLookupException;
import org.dbtrelay.run.job.CallFailure;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/**
 * Turns failed calls of dbt Cloud into problem documents with dbt Cloud's words. A fault of the request keeps dbt Cloud's
 * status; a fault of the connection or of dbt Cloud is a 502, because the client can do nothing about it.
 */
final class DbtCloudProblems {

    private static final int CLIENT_ERRORS = 400;
    private static final int SERVER_ERRORS = 500;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int BAD_GATEWAY = 502;

    @ServerExceptionMapper
    Response failed(DbtCloudException e) {
        String detail = e.failure().detail();
        return switch (e.failure()) {
            case CallFailure.NotFound _ ->
                Problem.response(404, detail, "not_found", null).build();
            case CallFailure.Refused refused ->
                Problem.response(statusOf(refused.status()), detail, "refused", refused.field())
                        .build();
            case CallFailure.Limited limited ->
                Problem.response(TOO_MANY_REQUESTS, detail, "limited", null)
                        .header(HttpHeaders.RETRY_AFTER, seconds(limited.pause()))
                        .build();
            case CallFailure.Suspended _ ->
                Problem.response(BAD_GATEWAY, detail, "suspended", null).build();
            case CallFailure.NotSent _ ->
                Problem.response(BAD_GATEWAY, detail, "not_sent", null).build();
            case CallFailure.Unclear _ ->
                Problem.response(BAD_GATEWAY, detail, "unclear", null).build();
        };
    }

    @ServerExceptionMapper
    Response notExactlyOne(DbtCloudResourceLookupException e) {
        Response.Status status = e.matches() == 0 ? Response.Status.NOT_FOUND : Response.Status.CONFLICT;
        return Problem.response(status.getStatusCode(), String.valueOf(e.getMessage()), null, e.resource() + "_name")
                .build();
    }

    @ServerExceptionMapper
    Response unknownConnection(UnknownConnectionException e) {
        return Problem.response(Response.Status.NOT_FOUND, String.valueOf(e.getMessage()));
    }

    @ServerExceptionMapper
    Response badParameter(BadParameter e) {
        return Problem.response(CLIENT_ERRORS, String.valueOf(e.getMessage()), null, e.parameter())
                .build();
    }

    private static int statusOf(int refused) {
        return refused >= CLIENT_ERRORS && refused < SERVER_ERRORS ? refused : BAD_GATEWAY;
    }

    private static long seconds(Duration pause) {
        return Math.max(1, pause.plusMillis(999).toSeconds());
    }
}
