package org.dbtrelay.lineage.send;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.OpenLineageConfig;
import org.dbtrelay.metrics.RelayMetrics;
import org.jspecify.annotations.Nullable;

/** Posts events to a server, one after another, as the specification of OpenLineage's API has it ({@code POST /api/v1/lineage}). */
public final class ServerOutlet implements Outlet {

    private static final String USUAL_PATH = "/api/v1/lineage";
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration ANSWER = Duration.ofSeconds(30);
    private static final int LONGEST_KEY = 8192;

    private final URI address;
    private final Optional<String> key;
    private final Optional<Path> keyFile;
    private final HttpClient client;
    private final Outage outage;

    /** A server at an address of the configuration. */
    public ServerOutlet(URI url, OpenLineageConfig config, Monotonic monotonic, RelayMetrics metrics) {
        boolean isBare = url.getRawPath() == null
                || url.getRawPath().isEmpty()
                || url.getRawPath().equals("/");
        this.address = isBare ? url.resolve(USUAL_PATH) : url;
        this.key = config.apiKey();
        this.keyFile = config.apiKeyFile();
        this.client = HttpClient.newBuilder()
                .connectTimeout(CONNECT)
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        this.outage = new Outage("server", monotonic, metrics);
    }

    @Override
    public void send(List<Encoded> events) throws InterruptedException {
        for (Encoded event : events) {
            while (!isDealtWith(event)) {
                // It waits before it says so.
            }
        }
    }

    private boolean isDealtWith(Encoded event) throws InterruptedException {
        String trouble;
        try {
            int status = client.send(request(event), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
            if (status >= 200 && status < 300) {
                outage.took(1);
                return true;
            }
            if (isRefusal(status)) {
                outage.refused("HTTP " + status);
                return true;
            }
            trouble = "HTTP " + status;
        } catch (IOException e) {
            trouble = e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
        }
        outage.failed(trouble);
        return false;
    }

    /** The server does not want this event; of other answers a person may mend the reason. */
    private static boolean isRefusal(int status) {
        return status == 400 || status == 409 || status == 413 || status == 415 || status == 422;
    }

    private HttpRequest request(Encoded event) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address)
                .timeout(ANSWER)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(event.json()));
        @Nullable String secret = secret();
        if (secret != null) {
            request.header("Authorization", "Bearer " + secret);
        }
        return request.build();
    }

    private @Nullable String secret() throws IOException {
        if (keyFile.isEmpty()) {
            return key.orElse(null);
        }
        // It may be a mounted secret, which changes.
        try (var file = Files.newInputStream(keyFile.get())) {
            String read = new String(file.readNBytes(LONGEST_KEY), StandardCharsets.UTF_8).strip();
            if (read.isEmpty() || read.chars().anyMatch(c -> c <= ' ' || c >= 127)) {
                throw new IOException("relay.openlineage.api-key-file holds no key");
            }
            return read;
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
