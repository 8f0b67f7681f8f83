package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The relay makes the webhook subscription itself and keeps it working; in front of its instances stands an ingress. */
class ManagedWebhookIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> IDS =
            IntStream.range(0, 6).mapToObj(i -> "managed-" + i).toList();

    /** Less than the deliveries of one event. */
    private static final int PATIENCE_OF_DBT_CLOUD = 3;

    private final AtomicBoolean isBroken = new AtomicBoolean();
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<URI> instances = new CopyOnWriteArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();
    private HttpServer ingress;
    private RelayStage stage;
    private OneRunEach commands;
    private Deployment relay;

    @BeforeEach
    void begin() throws Exception {
        ingress = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        ingress.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        ingress.createContext("/", this::passOn);
        ingress.start();
        World world = World.jaffleShop().webhookPatience(PATIENCE_OF_DBT_CLOUD);
        IDS.forEach(id -> world.job(EmulatedJob.named(id)
                .plan(RunPlan.unending().queued(Duration.ofMillis(200)).starting(Duration.ofMillis(300)))));
        stage = RelayStage.of(ManagedWebhookIT.class, world);
        relay = WebhookIT.tellsWhenHintsArrive(stage.deployment("managed"))
                .set("relay.connections.default.webhook.manage", "true")
                .set(
                        "relay.connections.default.webhook.url",
                        "http://127.0.0.1:" + ingress.getAddress().getPort())
                .set("relay.connections.default.webhook.interval", "2s")
                .set("relay.poll.interval", "1h");
        commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
    }

    @AfterEach
    void end() {
        stage.close();
        ingress.stop(0);
        http.close();
    }

    @Test
    void theSubscriptionIsThereAndStaysActive() throws Exception {
        ObjectNode foreign = (ObjectNode) JSON.readTree("""
                {"name": "Slack", "description": "of somebody else", "active": false, "client_url": "http://127.0.0.1:9/",
                 "event_types": ["job.run.errored"]}
                """);
        JsonNode others = call("POST", "subscriptions", foreign);
        others = call("GET", "subscription/" + others.path("id").asText(), null);
        JsonNode made;
        try (RelayProcess first = relay.start().relay();
                RelayProcess second = relay.start().relay()) {
            OwnedPartitions.awaitShared(first, second, 3);
            WebhookIT.awaitHints(first, second);
            instances.addAll(List.of(first.url(), second.url()));
            await().atMost(PATIENCE).until(() -> ours().size() == 1);
            made = ours().getFirst();
            assertThat(made.path("active").asBoolean()).isTrue();
            assertThat(made.path("client_url").asText()).endsWith("/webhooks/dbt-cloud/default");

            runs(IDS.subList(0, 2));
            assertThat(endsByWebhook(first) + endsByWebhook(second)).isEqualTo(2);

            ObjectNode deactivated = made.deepCopy();
            deactivated.put("active", false);
            call("PUT", "subscription/" + made.path("id").asText(), deactivated);
            await().atMost(PATIENCE)
                    .until(() -> ours().getFirst().path("active").asBoolean());
            await().atMost(PATIENCE)
                    .until(() -> metrics(first, second)
                            .contains("relay_webhook_subscription_changes_total{change=\"activated\""));

            isBroken.set(true);
            call("GET", "subscription/" + made.path("id").asText() + "/test", null);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(Stream.of(first, second).flatMap(each -> each.lines().stream()))
                            .as("why dbt Cloud has deactivated it")
                            .anyMatch(line ->
                                    line.contains("dbt Cloud gives as reason: 3 deliveries in a row have failed")));
            isBroken.set(false);
            await().atMost(PATIENCE).untilAsserted(() -> {
                assertThat(ours().getFirst().path("active").asBoolean()).isTrue();
                assertThat(ours().getFirst().path("deactivate_reason").isNull()).isTrue();
            });

            call("DELETE", "subscription/" + made.path("id").asText(), null);
            String gone = made.path("id").asText();
            await().atMost(PATIENCE)
                    .until(() -> ours().size() == 1
                            && !ours().getFirst().path("id").asText().equals(gone));
            made = ours().getFirst();
            runs(IDS.subList(2, 4));
            assertThat(endsByWebhook(first) + endsByWebhook(second)).isEqualTo(4);
            first.kill();
            second.kill();
        }
        try (RelayProcess third = relay.start().relay()) {
            WebhookIT.awaitHints(third);
            instances.clear();
            instances.add(third.url());
            runs(IDS.subList(4, 6));
            assertThat(endsByWebhook(third)).isEqualTo(2);
            assertThat(ours().getFirst().path("id")).as("the same as before").isEqualTo(made.path("id"));
        }
        assertThat(call("GET", "subscription/" + others.path("id").asText(), null))
                .as("of somebody else")
                .isEqualTo(others);
        String secret = "secret-of-" + made.path("id").asText();
        assertThat(relay.relay().lines()).noneMatch(line -> line.contains("secret-of-"));
        assertThat(filesWith(stage.kafkaDirectory(), secret))
                .as("not even in Kafka")
                .isEmpty();
    }

    @Test
    void aTokenThatMayNotIsTold() throws Exception {
        stage.dbtCloud().faults().always().on(Endpoint.LIST_WEBHOOKS).status(403);
        relay.set("relay.poll.interval", "1s").start();
        await().atMost(PATIENCE)
                .until(() -> relay.relay()
                        .get(relay.relay().managementUrl().resolve("/q/health/ready"))
                        .body()
                        .contains("webhook.manage: the webhook subscription is not as it should be"));
        assertThat(metrics(relay.relay())).contains("relay_webhook_subscription_broken{connection=\"default\"} 1.0");
        runs(IDS.subList(0, 1));
        assertThat(relay.relay().isReady()).isTrue();
        assertThat(ours()).isEmpty();
    }

    private void runs(List<String> ids) throws IOException {
        commands.send(ids);
        commands.awaitRunning(ids);
        commands.finish(ids);
        commands.assertSucceeded(ids);
    }

    private List<JsonNode> ours() throws Exception {
        stage.dbtCloud().faults().clear();
        List<JsonNode> ours = new ArrayList<>();
        for (JsonNode each : call("GET", "subscriptions", null)) {
            if (each.path("description").asText().contains("[relay:managed/default]")) {
                ours.add(each);
            }
        }
        return ours;
    }

    private JsonNode call(String method, String path, ObjectNode body) throws Exception {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(URI.create(stage.dbtCloud().baseUrl() + "/api/v3/accounts/"
                                + stage.dbtCloud().accountId() + "/webhooks/" + path))
                        .header("Authorization", "Token " + stage.dbtCloud().token())
                        .method(
                                method,
                                body == null
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body.toString()))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).isIn(200, 201);
        return JSON.readTree(answer.body()).path("data");
    }

    /** The ingress: each request goes to another instance. */
    private void passOn(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (isBroken.get()) {
                exchange.getRequestBody().readAllBytes();
                exchange.sendResponseHeaders(502, -1);
                return;
            }
            URI to = instances.get(turn.getAndIncrement() % instances.size());
            HttpResponse<byte[]> answer = http.send(
                    HttpRequest.newBuilder(to.resolve(exchange.getRequestURI().getPath()))
                            .header("Content-Type", "application/json")
                            .header(
                                    "Authorization",
                                    String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")))
                            .POST(HttpRequest.BodyPublishers.ofByteArray(
                                    exchange.getRequestBody().readAllBytes()))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            exchange.sendResponseHeaders(answer.statusCode(), -1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static double endsByWebhook(RelayProcess relay) throws IOException {
        return metrics(relay)
                .lines()
                .filter(line -> line.startsWith("relay_run_ends_seen_total{") && line.contains("by=\"webhook\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private static String metrics(RelayProcess... relays) throws IOException {
        StringBuilder all = new StringBuilder();
        for (RelayProcess relay : relays) {
            all.append(relay.get(relay.managementUrl().resolve("/q/metrics")).body());
        }
        return all.toString();
    }

    private static List<Path> filesWith(Path directory, String text) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text)) {
                    found.add(file);
                }
            }
        }
        return found;
    }
}
