package org.dbtrelay.dbtcloud.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.handler.proxy.ProxyConnectException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.Truncate;
import org.jspecify.annotations.Nullable;

/**
 * The one place that tells what a bad answer or an exception means. The meanings are rule 6 of the ledger protocol; what
 * dbt Cloud answers when is in part documented, in part observed by other clients (its published specification describes
 * no error at all), so bodies are read as trees of any shape.
 */
public final class FailureMapper {

    /** dbt Cloud's shut-out after its limit was passed, where it does not say how long. */
    static final Duration DEFAULT_PAUSE = Duration.ofMinutes(5);

    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);
    private static final int LONGEST_DETAIL = 500;
    private static final String WRONG_HOST =
            " dbt Cloud gives the same answer to a good token at the wrong host: check relay.connections.*.host against"
                    + " the account's access URL.";

    /** dbt Cloud says "The API is not accessible to unpaid accounts." (seen by users of other clients, 2023 and 2025). */
    private static final Pattern OF_PLAN = Pattern.compile(
            "\\b(unpaid|(?:paid|free|trial|developer) (?:plan|tier|account)s?|upgrade|subscription)\\b",
            Pattern.CASE_INSENSITIVE);

    /** The end of what is told of a 401 that is about the account's plan. */
    public static final String PLAN = " The account's plan has no API; dbt Cloud gives it from Starter on.";

    private static final String PROXY_WANTS_PASSWORD = " The proxy wants another name or password.";
    private static final String MAY_HAVE_MOVED = ". Check relay.connections.*.host, which may have moved.";

    /** dbt Cloud's words in a 403 that is about the token or its account, whatever was asked for. */
    private static final Set<String> OF_TOKEN = Set.of("token is not scoped to account", "invalid token");

    private static final Pattern FIRST_QUOTED = Pattern.compile("'([A-Za-z0-9_]{1,64})'");

    private final ApiToken token;
    private final Clock clock;

    /** For a connection: messages never hold its token. */
    public FailureMapper(ApiToken token, Clock clock) {
        this.token = token;
        this.clock = clock;
    }

    /**
     * The meaning of an answer whose status is neither 2xx nor 3xx. The API answers with no page: who does stands in front of
     * it, and does not know what dbt Cloud has, or has done.
     */
    CallFailure of(ErrorResponse answer) {
        CallFailure failure = byStatus(answer);
        boolean denies = failure instanceof CallFailure.NotFound || failure instanceof CallFailure.Refused;
        return denies && answer.isPage() ? new CallFailure.Unclear(failure.detail()) : failure;
    }

    private CallFailure byStatus(ErrorResponse answer) {
        JsonNode body = answer.json();
        String detail = detail(answer, body);
        int status = answer.status();
        if (status == 401) {
            return new CallFailure.Suspended(withHint(detail, body), status);
        }
        if (status == 403) {
            return isOfConnection(body)
                    ? new CallFailure.Suspended(detail, status)
                    : new CallFailure.Refused(detail, status, null);
        }
        if (status == 404) {
            return new CallFailure.NotFound(detail);
        }
        if (status == 407) {
            return new CallFailure.Suspended(sentence(detail) + PROXY_WANTS_PASSWORD, status);
        }
        if (status == 429) {
            return new CallFailure.Limited(detail, pause(answer.retryAfter()));
        }
        if (status >= 400 && status < 500 && status != 408) {
            return new CallFailure.Refused(detail, status, field(body));
        }
        return new CallFailure.Unclear(detail);
    }

    /** The meaning of a redirect that a read does not follow; {@code rule} is the end of a sentence. */
    public CallFailure redirectRefused(int status, @Nullable String location, String rule) {
        return new CallFailure.Refused(
                clean(redirect(status, location) + ". It is not followed: " + rule + MAY_HAVE_MOVED), status, null);
    }

    /**
     * The meaning of a redirect in answer to what starts, retries or cancels a run; none is followed. 301, 307 and 308 ask for
     * the same request at another place, so nothing was done here. 303 says that it was done and where to see the result, and
     * servers send 302 for it as well (RFC 9110, 15.4.3 and 15.4.4), so a run may have been made; of the others nobody knows.
     */
    public CallFailure redirectedChange(int status, @Nullable String location) {
        String detail = clean(redirect(status, location)
                + ". It is not followed: what starts, retries or cancels a run is sent to the configured host only"
                + MAY_HAVE_MOVED);
        return status == 301 || status == 307 || status == 308
                ? new CallFailure.Refused(detail, status, null)
                : new CallFailure.Unclear(detail);
    }

    /** The meaning of a page in place of an answer, after a redirect that was followed. */
    CallFailure redirectedToPage(int status, URI target) {
        return new CallFailure.Refused(
                clean(redirect(status, target.toString()) + ", where there is a page, perhaps one to log in"
                        + MAY_HAVE_MOVED),
                status,
                null);
    }

    /**
     * The meaning of a bad answer from where a redirect led to, away from the configured host and so without the token. A
     * refusal there says nothing of the token, the account or the run.
     */
    CallFailure elsewhere(ErrorResponse answer, int redirect, URI target) {
        CallFailure there = byStatus(answer);
        return switch (there) {
            case CallFailure.Unclear _, CallFailure.NotSent _, CallFailure.Limited _ -> there;
            case CallFailure.Suspended _, CallFailure.NotFound _, CallFailure.Refused _ ->
                new CallFailure.Refused(
                        clean(redirect(redirect, target.toString()) + ", which answered " + answer.status()
                                + "; the token is sent to the configured host only" + MAY_HAVE_MOVED),
                        redirect,
                        null);
        };
    }

    private static String redirect(int status, @Nullable String location) {
        String host = Redirects.hostOf(location);
        return "dbt Cloud answered " + status + (host == null ? "" : " and points to " + host);
    }

    /** The meaning of an answer to a read that is too large to be held: to ask again would bring the same. */
    CallFailure tooLarge(int status, BoundedStream.TooLarge why) {
        return new CallFailure.Refused(
                "dbt Cloud answered " + status + " with " + why.getMessage()
                        + ", which is not read: ask for less (include_related, limit).",
                status,
                null);
    }

    /** The meaning of a 2xx answer that cannot be read. */
    CallFailure unreadable(int status, @Nullable String contentType, IOException why) {
        String reason = why instanceof Envelope.UnreadableAnswer || why instanceof BoundedStream.TooLarge
                ? why.getMessage()
                : "a body that broke off: " + name(why);
        return new CallFailure.Unclear(clean("dbt Cloud answered " + status + " with " + reason
                + (contentType == null ? "" : " (" + contentType + ")")
                + "."));
    }

    /**
     * The meaning of an exception instead of an answer.
     *
     * @param notSent whether it is sure that no byte of the request was sent
     */
    CallFailure of(Throwable thrown, boolean notSent) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof ApiToken.Unreadable unreadable) {
                return new CallFailure.Suspended(clean(String.valueOf(unreadable.getMessage())), 0);
            }
            // It does not tell the status in another way. No tunnel, so nothing of the request was sent.
            if (cause instanceof ProxyConnectException
                    && String.valueOf(cause.getMessage()).contains("status: 407")) {
                return new CallFailure.Suspended("No tunnel to dbt Cloud." + PROXY_WANTS_PASSWORD, 407);
            }
        }
        String detail = clean(describe(thrown));
        return notSent ? new CallFailure.NotSent(detail) : new CallFailure.Unclear(detail);
    }

    /** No answer, because the relay stops. */
    CallFailure stopping(boolean notSent) {
        String detail = "The relay is stopping.";
        return notSent ? new CallFailure.NotSent(detail) : new CallFailure.Unclear(detail);
    }

    /** No answer in time. */
    CallFailure late(Duration limit, boolean notSent) {
        String detail = "No answer from dbt Cloud within " + limit.toMillis() + " ms.";
        return notSent ? new CallFailure.NotSent(detail) : new CallFailure.Unclear(detail);
    }

    /** Whether an exception of this kind comes before the request is sent, as far as its type tells. */
    public static boolean isBeforeSending(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            // Netty's proxy and connect time-out exceptions are ConnectExceptions too.
            if (cause instanceof UnknownHostException
                    || cause instanceof ConnectException
                    || cause instanceof NoRouteToHostException
                    || cause instanceof javax.net.ssl.SSLHandshakeException) {
                return true;
            }
        }
        return false;
    }

    private static String describe(Throwable thrown) {
        String what = "The connection failed";
        Throwable root = thrown;
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            what = switch (cause) {
                case UnknownHostException _ -> "The host is unknown";
                case ConnectException _ -> "No connection";
                case SSLException _ -> "TLS failed";
                case GuardedBody.Stopped _ -> "Not sent";
                case InterruptedException _ -> "Interrupted";
                default -> what;
            };
            root = cause;
        }
        return what + ": " + name(root) + (root.getMessage() == null ? "" : ": " + root.getMessage());
    }

    private static String name(Throwable thrown) {
        return thrown.getClass().getSimpleName();
    }

    /**
     * Whether a 403 is about the connection: its token is another account's, or its address is not let in. Any other one, also
     * one that no rule foresaw, is about the job, run or artifact that was asked for: it must not stop what others asked for.
     */
    private static boolean isOfConnection(JsonNode body) {
        String words = ErrorResponse.userMessage(body).toLowerCase(Locale.ROOT);
        return body.path("data").path("account_access_denied").asBoolean(false)
                || OF_TOKEN.stream().anyMatch(words::contains);
    }

    private static @Nullable String field(JsonNode body) {
        JsonNode data = body.path("data");
        if (data.isObject() && !data.isEmpty()) {
            return data.fieldNames().next();
        }
        if (data.isTextual()) {
            Matcher quoted = FIRST_QUOTED.matcher(data.textValue());
            return quoted.find() ? quoted.group(1) : null;
        }
        return null;
    }

    private Duration pause(@Nullable String retryAfter) {
        if (retryAfter == null) {
            return DEFAULT_PAUSE;
        }
        Duration asked = DEFAULT_PAUSE;
        try {
            asked = retryAfter.strip().matches("\\d{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(retryAfter.strip()))
                    : Duration.between(
                            clock.instant(),
                            ZonedDateTime.parse(retryAfter.strip(), DateTimeFormatter.RFC_1123_DATE_TIME));
        } catch (DateTimeException e) {
            return DEFAULT_PAUSE;
        }
        if (asked.compareTo(Duration.ofSeconds(1)) < 0) {
            return Duration.ofSeconds(1);
        }
        return asked.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : asked;
    }

    private String detail(ErrorResponse answer, JsonNode body) {
        StringBuilder text = new StringBuilder("dbt Cloud answered ").append(answer.status());
        if (body.isObject()) {
            String message = ErrorResponse.userMessage(body);
            if (!message.isBlank()) {
                text.append(": ").append(message);
            }
            JsonNode data = body.path("data");
            if (!data.isMissingNode() && !data.isNull() && !(data.isContainerNode() && data.isEmpty())) {
                text.append(" (")
                        .append(data.isTextual() ? data.textValue() : data.toString())
                        .append(')');
            }
        } else if (!answer.body().isBlank()) {
            String type = answer.contentType() == null ? "no content type" : answer.contentType();
            text.append(" with a body that is not the API's (")
                    .append(type.toLowerCase(Locale.ROOT))
                    .append(')');
        }
        return clean(text.toString());
    }

    /** A 401 with what its words give to think. Other ones than these say enough themselves. */
    private static String withHint(String detail, JsonNode body) {
        String words = ErrorResponse.userMessage(body);
        if (OF_PLAN.matcher(words).find()) {
            return sentence(detail) + PLAN;
        }
        return words.toLowerCase(Locale.ROOT).contains("invalid token") ? sentence(detail) + WRONG_HOST : detail;
    }

    private static String sentence(String text) {
        return text.matches(".*[.!?…]") ? text : text + ".";
    }

    /** One bounded line without control characters and without the token, which neither a cut nor a control character may hide. */
    private String clean(String text) {
        String line = token.blotOut(Redaction.beginning(4 * LONGEST_DETAIL, token.blotOut(text)))
                .replaceAll("[\\p{Cc}\\s]+", " ")
                .strip();
        return Truncate.withEllipsis(LONGEST_DETAIL, line);
    }
}
