package org.dbtrelay.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/**
 * An error as RFC 9457 has it.
 *
 * @param type always {@code about:blank}: the status says what kind it is
 * @param failure of a call to dbt Cloud: {@code not_sent}, {@code limited}, {@code suspended}, {@code not_found}, {@code
 *     refused} or {@code unclear}; absent for anything else
 * @param parameter the parameter or field that is wrong, where one is
 * @param neededRole the role that the caller lacks, where that is what is wrong
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Problem(
        String type,
        String title,
        int status,
        String detail,
        @Nullable String failure,
        @Nullable String parameter,
        @Nullable String neededRole) {

    static final String MEDIA_TYPE = "application/problem+json";

    static Response response(Response.Status status, String detail) {
        return response(status.getStatusCode(), detail, null, null).build();
    }

    /** The caller may not do this. */
    static Response forbidden(String neededRole, String detail) {
        Response.Status status = Response.Status.FORBIDDEN;
        return Response.status(status)
                .type(MEDIA_TYPE)
                .entity(new Problem(
                        "about:blank",
                        status.getReasonPhrase(),
                        status.getStatusCode(),
                        detail,
                        null,
                        null,
                        neededRole))
                .build();
    }

    static Response.ResponseBuilder response(
            int status, String detail, @Nullable String failure, @Nullable String parameter) {
        Response.@Nullable Status known = Response.Status.fromStatusCode(status);
        String title = known == null ? "Error " + status : known.getReasonPhrase();
        return Response.status(status)
                .type(MEDIA_TYPE)
                .entity(new Problem("about:blank", title, status, detail, failure, parameter, null));
    }
}
