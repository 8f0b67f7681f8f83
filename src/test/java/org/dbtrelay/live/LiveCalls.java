package org.dbtrelay.live;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.config.Monotonic;

/**
 * Bare requests to dbt Cloud's API, at most one a second and at most {@link #MOST} in all: the account's limit is 5,000 a
 * minute, and other programs need it. Nothing is repeated, no redirect is followed, and a 429 ends everything.
 */
final class LiveCalls {

    /** More requests are not sent. */
    static final int MOST = 600;

    private static final Duration GAP = Duration.ofSeconds(1);
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(10))
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
    private final URI host;
    private final String token;
    private final Clock clock;
    private final Monotonic monotonic;
    private int sent;

    LiveCalls(URI host, String token, Clock clock, Monotonic monotonic) {
        this.host = host;
        this.token = token;
        this.clock = clock;
        this.monotonic = monotonic;
    }

    /** The probe must not go on; the message tells a person why. */
    static final class Stopped extends Exception {
        private static final long serialVersionUID = 1L;

        Stopped(String message) {
            super(message);
        }
    }

    /**
     * An answer.
     *
     * @param json missing if the body is no JSON
     * @param sentAt by this machine's clock, as {@code answeredAt}
     */
    record Answer(HttpResponse<String> http, JsonNode json, Instant sentAt, Instant answeredAt) {
        int status() {
            return http.statusCode();
        }

        boolean isGood() {
            return status() / 100 == 2;
        }

        JsonNode data() {
            return json.path("data");
        }

        /** Status, content type and dbt Cloud's own short message, and no more of the body. */
        String inShort() {
            String message = json.path("status").path("user_message").asText("");
            return status() + " "
                    + http.headers().firstValue("content-type").orElse("without content type")
                    + (json.isMissingNode() ? ", no JSON" : json.has("status") ? ", in an envelope" : ", JSON")
                    + (message.isEmpty() ? "" : ": \"" + message + "\"");
        }
    }

    int sent() {
        return sent;
    }

    Answer get(String path) throws Stopped {
        return send(path, builder(path).GET());
    }

    Answer post(String path, String body) throws Stopped {
        return send(
                path, builder(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body)));
    }

    Answer post(String path) throws Stopped {
        return send(path, builder(path).POST(BodyPublishers.noBody()));
    }

    void pause(Duration time) throws Stopped {
        try {
            monotonic.pause(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stopped("interrupted");
        }
    }

    /** The text without the token, wherever it comes from. */
    String withoutToken(String text) {
        return text.replace(token, "***");
    }

    private HttpRequest.Builder builder(String path) {
        return HttpRequest.newBuilder(host.resolve(path))
                .timeout(TIMEOUT)
                .header("Authorization", "Token " + token)
                .header("Accept", "application/json")
                .header("User-Agent", "dbt-cloud-relay-live-probe");
    }

    private Answer send(String path, HttpRequest.Builder request) throws Stopped {
        if (sent == MOST) {
            throw new Stopped("more than " + MOST + " requests would be needed");
        }
        pause(GAP);
        sent++;
        Instant sentAt = clock.instant();
        HttpResponse<String> response;
        try {
            response = http.send(request.build(), BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Stopped("interrupted");
        } catch (IOException e) {
            throw new Stopped("no answer to " + path + ": " + e);
        }
        Answer answer = new Answer(response, json(response.body()), sentAt, clock.instant());
        if (answer.status() == 429) {
            throw new Stopped("dbt Cloud limits the account: " + answer.inShort() + "; Retry-After: "
                    + response.headers().firstValue("retry-after").orElse("none"));
        }
        if (answer.status() == 401) {
            throw new Stopped("dbt Cloud refuses the token, which a good token at the wrong host looks like too: "
                    + answer.inShort());
        }
        return answer;
    }

    private static JsonNode json(String body) {
        try {
            return JSON.readTree(body);
        } catch (IOException e) {
            return MissingNode.getInstance();
        }
    }
}
