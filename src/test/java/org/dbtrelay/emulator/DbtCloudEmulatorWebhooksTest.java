package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Webhook subscriptions and what is sent to them. */
class DbtCloudEmulatorWebhooksTest {
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Delivery(String authorization, byte[] body) {
        JsonNode json() {
            try {
                return new ObjectMapper().readTree(body);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private final List<Delivery> deliveries = new CopyOnWriteArrayList<>();
    private final AtomicInteger refusals = new AtomicInteger();
    private DbtCloudEmulator emulator;
    private EmulatorClient client;
    private HttpServer receiver;

    @BeforeEach
    void start() throws IOException {
        emulator = DbtCloudEmulator.builder().clock(clock).start();
        client = new EmulatorClient(emulator);
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/hook", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            deliveries.add(new Delivery(exchange.getRequestHeaders().getFirst("Authorization"), body));
            exchange.sendResponseHeaders(refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0 ? 500 : 204, -1);
            exchange.close();
        });
        receiver.start();
    }

    @AfterEach
    void stop() {
        client.close();
        emulator.close();
        receiver.stop(0);
    }

    @Test
    void deactivatesASubscriptionWhoseDeliveriesFail() {
        emulator.world().webhookPatience(3);
        String id = subscribed("").data().path("id").asText();
        refusals.set(3);
        client.send(client.request(client.account3() + "webhooks/subscription/" + id + "/test"));
        await().atMost(Duration.ofSeconds(20))
                .until(() -> !subscription(id).path("active").asBoolean());
        assertThat(subscription(id).path("deactivate_reason").asText()).isEqualTo("3 deliveries in a row have failed");
        assertThat(deliveries).as("no more of them").hasSize(3);
    }

    @Test
    void deactivatesASubscriptionThatHasFailedForAWeek() {
        String id = subscribed("").data().path("id").asText();
        refusals.set(1);
        client.send(client.request(client.account3() + "webhooks/subscription/" + id + "/test"));
        await().atMost(Duration.ofSeconds(20)).until(() -> deliveries.size() == 2);
        clock.advance(Duration.ofDays(8));
        refusals.set(1);
        client.send(client.request(client.account3() + "webhooks/subscription/" + id + "/test"));
        await().atMost(Duration.ofSeconds(20)).until(() -> deliveries.size() == 4);
        assertThat(subscription(id).path("active").asBoolean())
                .as("a success between them")
                .isTrue();

        refusals.set(1_000);
        client.send(client.request(client.account3() + "webhooks/subscription/" + id + "/test"));
        await().atMost(Duration.ofSeconds(20)).until(() -> deliveries.size() == 5);
        clock.advance(Duration.ofDays(8));
        await().atMost(Duration.ofSeconds(20))
                .until(() -> !subscription(id).path("active").asBoolean());
        assertThat(subscription(id).path("deactivate_reason").asText())
                .isEqualTo("all deliveries of 7 days have failed");
    }

    private JsonNode subscription(String id) {
        return client.send(client.request(client.account3() + "webhooks/subscription/" + id))
                .data();
    }

    private EmulatorClient.Reply subscribed(String extra) {
        String url = "http://127.0.0.1:" + receiver.getAddress().getPort() + "/hook";
        return client.send(client.request(client.account3() + "webhooks/subscriptions")
                .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"relay\",\"active\":true,\"client_url\":\"" + url
                        + "\",\"event_types\":[\"job.run.started\",\"job.run.completed\",\"job.run.errored\"]"
                        + extra + "}")));
    }

    private List<String> types() {
        return deliveries.stream()
                .map(delivery -> delivery.json().path("eventType").asText())
                .toList();
    }

    @Test
    void aRunsStartAndEndAreSentSigned() {
        EmulatorClient.Reply created = subscribed("");
        assertThat(created.status()).isEqualTo(201);
        String secret = created.data().path("hmac_secret").asText();
        long job = emulator.world().jobNamed("Daily build").id();
        emulator.planNextRun(job, RunPlan.succeeding().artifactsSavedAfter(Duration.ofSeconds(30)));
        long run = client.trigger(job, "orders landed").data().path("id").asLong();

        clock.advance(Duration.ofSeconds(2));
        await().until(() -> types().equals(List.of("job.run.started")));
        clock.advance(Duration.ofSeconds(10));
        clock.advance(Duration.ofSeconds(23));
        await().until(() -> types().equals(List.of("job.run.started", "job.run.completed")));

        Delivery completed = deliveries.getLast();
        assertThat(completed.authorization()).isEqualTo(WebhookPayload.signature(secret, completed.body()));
        JsonNode body = completed.json();
        assertThat(body.path("accountId").asLong()).isEqualTo(emulator.accountId());
        assertThat(body.path("timestamp").asText()).isEqualTo("2026-11-22T10:00:35.000000000Z");
        assertThat(body.path("data").path("runId").isTextual()).isTrue();
        assertThat(body.path("data").path("runId").asText()).isEqualTo(Long.toString(run));
        assertThat(body.path("data").path("runStatus").asText()).isEqualTo("Success");
        assertThat(body.path("data").path("runReason").asText()).isEqualTo("orders landed");
        assertThat(body.path("data").path("runStartedAt").asText()).isEqualTo("2026-11-22T10:00:02Z");
        assertThat(body.path("data").path("runFinishedAt").asText()).isEqualTo("2026-11-22T10:00:05Z");
    }

    @Test
    void anErrorIsSentTwiceInTwoKindsAndACancelNotAtAll() {
        long broken = emulator.world().jobNamed("Broken build").id();
        subscribed(",\"job_ids\":[" + broken + "]");
        long other = emulator.world().jobNamed("Daily build").id();
        client.trigger(other, "not subscribed");
        client.trigger(broken, "x");
        clock.advance(Duration.ofMinutes(1));
        await().until(() -> types().size() == 3);
        assertThat(types()).containsExactlyInAnyOrder("job.run.started", "job.run.errored", "job.run.completed");
        JsonNode errored = deliveries.stream()
                .map(Delivery::json)
                .filter(body -> "job.run.errored".equals(body.path("eventType").asText()))
                .findFirst()
                .orElseThrow();
        assertThat(errored.path("data").path("runStatus").asText()).isEqualTo("Errored");
        assertThat(errored.path("data").has("runErroredAt")).isTrue();
        assertThat(errored.path("data").has("runFinishedAt")).isFalse();

        long cancelled = client.trigger(broken, "y").data().path("id").asLong();
        client.post("runs/" + cancelled + "/cancel/", "");
        client.trigger(broken, "z");
        clock.advance(Duration.ofMinutes(1));
        await().until(() -> types().size() == 6);
        assertThat(deliveries.stream()
                        .map(delivery ->
                                delivery.json().path("data").path("runReason").asText()))
                .doesNotContain("y", "not subscribed");
    }

    @Test
    void aFailedDeliveryIsRepeatedWithTheSameEvent() {
        String id = subscribed("").data().path("id").asText();
        refusals.set(1);
        EmulatorClient.Reply tested =
                client.send(client.request(client.account3() + "webhooks/subscription/" + id + "/test"));
        assertThat(tested.data().path("event_id").asText()).startsWith("wev_");
        await().until(() -> deliveries.size() == 2);
        assertThat(deliveries.getFirst().json()).isEqualTo(deliveries.getLast().json());
        String path = client.account3() + "webhooks/subscription/" + id;
        await().untilAsserted(() -> assertThat(
                        client.send(client.request(path + "/events")).data().findValuesAsText("http_status_code"))
                .containsExactly("500", "204"));
        assertThat(client.send(client.request(path))
                        .data()
                        .path("http_status_code")
                        .asText())
                .isEqualTo("204");
    }

    @Test
    void subscriptionsAreListedChangedAndDeleted() {
        String id = subscribed("").data().path("id").asText();
        String path = client.account3() + "webhooks/subscription/" + id;
        EmulatorClient.Reply list = client.send(client.request(client.account3() + "webhooks/subscriptions"));
        assertThat(list.data()).hasSize(1);
        assertThat(list.data().get(0).has("hmac_secret")).isFalse();
        assertThat(list.json().path("status").toString()).isEqualTo("{\"code\":200}");
        EmulatorClient.Reply changed = client.send(
                client.request(path)
                        .PUT(
                                HttpRequest.BodyPublishers.ofString(
                                        "{\"name\":\"other\",\"active\":false,\"client_url\":\"http://127.0.0.1:1/\",\"event_types\":[\"job.run.errored\"]}")));
        assertThat(changed.data().path("active").asBoolean()).isFalse();
        assertThat(client.send(client.request(path).DELETE()).data().path("id").asText())
                .isEqualTo(id);
        assertThat(client.send(client.request(path)).status()).isEqualTo(404);
        assertThat(client.send(client.request(client.account3() + "webhooks/subscriptions")
                                .POST(HttpRequest.BodyPublishers.ofString("{\"name\":\"x\"}")))
                        .status())
                .isEqualTo(400);
    }
}
