package org.dbtrelay.run.job;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Why a call to dbt Cloud gave no answer that can be used, told by what it means for what was asked. The distinction that
 * matters most: after {@link NotSent}, {@link Limited}, {@link Suspended}, {@link NotFound} and {@link Refused} a trigger
 * has surely started nothing; after {@link Unclear} it may have.
 */
public sealed interface CallFailure {

    /** What happened, for a person: without token and without body. */
    String detail();

    /** Whether it tells nothing about what was asked for, only that dbt Cloud cannot be asked just now. */
    default boolean cutsOff() {
        return switch (this) {
            case NotSent notSent -> true;
            case Limited limited -> true;
            case Suspended suspended -> true;
            case NotFound notFound -> false;
            case Refused refused -> false;
            case Unclear unclear -> false;
        };
    }

    /** No byte of the request reached dbt Cloud: refused connection, DNS, TLS handshake, stopped before the socket. */
    record NotSent(String detail) implements CallFailure {}

    /**
     * 429: the account's request limit was passed and dbt Cloud shuts it out.
     *
     * @param pause how long to stay away: {@code Retry-After}, or five minutes where there is none
     */
    record Limited(String detail, Duration pause) implements CallFailure {}

    /**
     * 401, or a 403 of which dbt Cloud says that it is about token, account or address: not the command's fault, the connection has to be mended.
     * dbt Cloud answers 401 for a good token at the wrong host as well.
     */
    record Suspended(String detail, int status) implements CallFailure {}

    /** 404: absent, or the token may not see it; dbt Cloud does not tell the two apart. */
    record NotFound(String detail) implements CallFailure {}

    /**
     * Any other 4xx but 408: dbt Cloud will not do this.
     *
     * @param field the request field or query parameter that dbt Cloud names, if it names one
     */
    record Refused(String detail, int status, @Nullable String field) implements CallFailure {}

    /** Time-out, reset, 408, 5xx, HTML, an answer that cannot be read: it may have happened or not. */
    record Unclear(String detail) implements CallFailure {}
}
