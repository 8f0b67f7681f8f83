package org.dbtrelay.emulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A plain HTTP client for the tests of the emulator. */
final class EmulatorClient implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final DbtCloudEmulator emulator;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    EmulatorClient(DbtCloudEmulator emulator) {
        this.emulator = emulator;
    }

    /** An answer with its body read as JSON when asked. */
    record Reply(int status, String body, HttpResponse<String> response) {
        JsonNode json() {
            try {
                return MAPPER.readTree(body);
            } catch (JsonProcessingException e) {
                throw new UncheckedIOException(e);
            }
        }

        JsonNode data() {
            return json().path("data");
        }
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    String account() {
        return "/api/v2/accounts/" + emulator.accountId() + "/";
    }

    String account3() {
        return "/api/v3/accounts/" + emulator.accountId() + "/";
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(emulator.baseUrl() + path))
                .header("Authorization", "Token " + emulator.token())
                .timeout(Duration.ofSeconds(20));
    }

    /** GET below the account's v2 path. */
    Reply get(String path) {
        return send(request(account() + path).GET());
    }

    Reply post(String path, String body) {
        return send(request(account() + path).POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    Reply trigger(long jobId, String cause) {
        return post("jobs/" + jobId + "/run/", "{\"cause\": \"" + cause + "\"}");
    }

    JsonNode run(long id) {
        return get("runs/" + id + "/").data();
    }

    Reply send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), response.body(), response);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    HttpClient http() {
        return http;
    }

    @Override
    public void close() {
        http.close();
    }
}
