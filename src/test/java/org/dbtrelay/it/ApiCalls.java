package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.dbtrelay.testkit.RelayProcess;

/**
 * Calls of the relay's API over HTTP by somebody.
 *
 * @param authorization the header that says who it is; null: it is not sent
 */
record ApiCalls(String authorization) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Of somebody with that key. */
    static ApiCalls with(String key) {
        return new ApiCalls("Bearer " + key);
    }

    HttpResponse<String> get(RelayProcess process, String path, String... headers) {
        return send(process, "GET", path, "", headers);
    }

    HttpResponse<String> post(RelayProcess process, String path, String body) {
        return send(process, "POST", path, body, "Content-Type", "application/json");
    }

    /** A request of any kind; an empty body is none. */
    HttpResponse<String> send(RelayProcess process, String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(process.url().resolve(path))
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return process.send(request.build());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What {@code GET} of it gives, which has to be an answer. */
    JsonNode read(RelayProcess process, String path) {
        return json(get(process, path));
    }

    /** The body of an answer with the status 200. */
    static JsonNode json(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return body(answer);
    }

    /** The body of any answer. */
    static JsonNode body(HttpResponse<String> answer) {
        try {
            return JSON.readTree(answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
