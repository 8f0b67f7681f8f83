package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** Delivers webhooks: ten seconds for an answer of 2xx, else up to five more times, a second apart (the gap is a guess), none after the
 * subscription was deactivated. */
final class WebhookSender implements AutoCloseable {
    private static final int RETRIES = 5;

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    private final Clock clock;

    private final World world;

    WebhookSender(Clock clock, World world) {
        this.clock = clock;
        this.world = world;
    }

    /** Sends in the background. */
    void send(WebhookSubscription to, String eventId, String type, String jobId, byte[] body) {
        ObjectNode event = Envelope.object();
        event.put("id", eventId);
        event.put("subscription_id", to.id());
        event.put("account_identifier", "act_" + to.accountId());
        event.put("job_id", jobId);
        event.put("trigger_event_type", type);
        event.put("payload", new String(body, StandardCharsets.UTF_8));
        event.put("account_id", Long.toString(to.accountId()));
        attempt(to, event, body, RETRIES);
    }

    private void attempt(WebhookSubscription to, ObjectNode event, byte[] body, int retries) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(to.url()))
                .timeout(Duration.ofSeconds(10))
                .header("Content-Type", "application/json")
                .header("Authorization", WebhookPayload.signature(to.secret(), body))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        var _ = http.sendAsync(request, HttpResponse.BodyHandlers.discarding()).handle((response, failure) -> {
            int code = response == null ? 0 : response.statusCode();
            ObjectNode told = event.deepCopy().put("http_status_code", Integer.toString(code));
            to.delivered(told, code, clock.instant(), world.webhookPatience());
            if (code / 100 != 2 && retries > 0 && to.isActive()) {
                Executor later = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);
                later.execute(() -> attempt(to, event, body, retries - 1));
            }
            return null;
        });
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
