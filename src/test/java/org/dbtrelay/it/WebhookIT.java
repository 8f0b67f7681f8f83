package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.common.record.CompressionType;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.WebhookPayload;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RecordBatches;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** dbt Cloud tells of its runs by itself: it is heard at once, on whichever instance, and never believed. */
class WebhookIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> IDS =
            IntStream.range(0, 9).mapToObj(i -> "told-" + i).toList();

    private final HttpClient http = HttpClient.newHttpClient();
    private RelayStage stage;
    private OneRunEach commands;
    private Deployment relay;
    private String secret;
    private String subscription;

    @BeforeEach
    void begin() throws Exception {
        World world = World.jaffleShop();
        IDS.forEach(id -> world.job(EmulatedJob.named(id)
                .plan(RunPlan.unending().queued(Duration.ofMillis(200)).starting(Duration.ofMillis(300)))));
        stage = RelayStage.of(WebhookIT.class, world);
        JsonNode created = subscriptions("POST", "subscriptions", "http://127.0.0.1:9/nobody");
        secret = created.path("hmac_secret").asText();
        subscription = "subscription/" + created.path("id").asText();
        Path file = Files.writeString(stage.directory().resolve("webhook-secret"), secret + "\n");
        relay = stage.deployment("told").set("relay.connections.default.webhook-secret-file", file.toString());
        commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
    }

    @AfterEach
    void end() {
        stage.close();
        http.close();
    }

    /** The account's webhooks go to one address. The relay looks of its own accord after a quarter of an hour. */
    @Test
    void whoeverIsToldTheOwnerPolls() throws Exception {
        tellsWhenHintsArrive(relay).set("relay.poll.interval", "1h").set("kafka.compression.type", "gzip");
        try (RelayProcess first = relay.start().relay();
                RelayProcess second = relay.start().relay()) {
            OwnedPartitions.awaitShared(first, second, 3);
            awaitHints(first, second);
            subscriptions("PUT", subscription, receiver(first) + "default");

            commands.send(IDS);
            commands.awaitRunning(IDS);
            commands.finish(IDS);
            commands.assertSucceeded(IDS);

            assertThat(ends(first, "webhook") + ends(second, "webhook")).isEqualTo(IDS.size());
            assertThat(ends(first, "webhook")).isPositive();
            assertThat(ends(second, "webhook")).isPositive();
            assertThat(ends(first, "poll") + ends(second, "poll")).isZero();
            assertThat(RecordBatches.codecs(stage.kafkaDirectory(), relay.topic("hints")))
                    .containsOnly(CompressionType.GZIP);
        }
    }

    static Deployment tellsWhenHintsArrive(Deployment relay) {
        return relay.set("quarkus.log.category.\"org.dbtrelay.webhook.HintTopic\".level", "DEBUG");
    }

    /** An instance hears of no hint that was given before it reads them, and the next poll is far. */
    static void awaitHints(RelayProcess... relays) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(relays)
                        .allSatisfy(each -> assertThat(each.lines())
                                .anyMatch(line -> line.contains("Hints of other instances arrive"))));
    }

    @Test
    void whatTheyClaimIsNotBelieved() throws Exception {
        relay.set("relay.poll.interval", "1h").start();
        subscriptions("PUT", subscription, receiver(relay.relay()) + "default");
        commands.send(IDS.subList(0, 1));
        commands.awaitRunning(IDS.subList(0, 1));
        long run = commands.runs(IDS.getFirst()).getFirst().id();

        assertThat(told("wev_a", "job.run.errored", run)).isEqualTo(204);
        assertThat(told("wev_b", "job.run.completed", run)).isEqualTo(204);
        assertThat(told("wev_b", "job.run.completed", run)).isEqualTo(204);
        assertThat(told("wev_c", "job.run.started", 4711)).as("a run of nobody").isEqualTo(204);
        assertThat(send("default", "{\"eventType\":\"job.run.started\"}"))
                .as("a test")
                .isEqualTo(204);
        assertThat(send("default", "no JSON")).isEqualTo(204);
        assertThat(send(
                        "default",
                        body("wev_d", "job.run.errored", run, stage.dbtCloud().accountId() + 1)))
                .as("another account")
                .isEqualTo(204);
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(webhooks("taken")).as("beside those that are true").isGreaterThanOrEqualTo(3);
            assertThat(webhooks("repeated")).isEqualTo(1);
            assertThat(webhooks("no_run")).isEqualTo(2);
            assertThat(webhooks("other_account")).isEqualTo(1);
        });

        assertThat(relay.history().typesOf(IDS.getFirst())).endsWith("run.running");
        stage.dbtCloud().finishRun(run, RunStatus.SUCCESS);
        assertThat(told("wev_e", "job.run.started", run)).as("out of order").isEqualTo(204);
        commands.assertSucceeded(IDS.subList(0, 1));
    }

    @Test
    void whoHasNoSecretIsNotHeard() throws Exception {
        relay.set("relay.api.open", "false")
                .set("relay.api.keys.ops", "0123456789abcdef0123")
                .start();
        String body = body("wev_a", "job.run.started", 1, stage.dbtCloud().accountId());

        assertThat(post("default", body, signed(body)))
                .as("no API key is needed")
                .isEqualTo(204);
        assertThat(post("default", body, null)).isEqualTo(401);
        assertThat(post("default", body, "0".repeat(64))).isEqualTo(401);
        assertThat(post("default", body + " ", signed(body))).isEqualTo(401);
        assertThat(post("nowhere", body, signed(body))).isEqualTo(404);
        assertThat(post("default", body, "no signature at all")).isEqualTo(401);
        String large = body + " ".repeat(64 * 1024);
        assertThat(post("default", large, signed(large))).isEqualTo(413);
        assertThat(webhooks("wrong_signature")).isEqualTo(4);
        assertThat(relay.relay().lines()).noneMatch(line -> line.contains(secret) || line.contains("ERROR"));
    }

    @Test
    void withoutThemItIsPolledAsBefore() throws Exception {
        relay.start();

        commands.send(IDS.subList(0, 3));
        commands.awaitRunning(IDS.subList(0, 3));
        commands.finish(IDS.subList(0, 3));
        commands.assertSucceeded(IDS.subList(0, 3));

        assertThat(ends(relay.relay(), "poll")).isEqualTo(3);
        assertThat(ends(relay.relay(), "webhook")).isZero();
    }

    private JsonNode subscriptions(String method, String path, String url) throws Exception {
        String wanted = "{\"name\":\"relay\",\"active\":true,\"client_url\":\"" + url
                + "\",\"event_types\":[\"job.run.started\",\"job.run.completed\",\"job.run.errored\"]}";
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(URI.create(stage.dbtCloud().baseUrl() + "/api/v3/accounts/"
                                + stage.dbtCloud().accountId() + "/webhooks/" + path))
                        .header("Authorization", "Token " + stage.dbtCloud().token())
                        .method(method, HttpRequest.BodyPublishers.ofString(wanted))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).isIn(200, 201);
        return JSON.readTree(answer.body()).path("data");
    }

    private static String receiver(RelayProcess relay) {
        return relay.url().resolve("/webhooks/dbt-cloud/").toString();
    }

    private int told(String eventId, String type, long runId) throws Exception {
        return send("default", body(eventId, type, runId, stage.dbtCloud().accountId()));
    }

    private static String body(String eventId, String type, long runId, long accountId) {
        return "{\"accountId\":%d,\"eventId\":\"%s\",\"eventType\":\"%s\",\"data\":{\"runId\":\"%d\",\"runStatusCode\":20}}"
                .formatted(accountId, eventId, type, runId);
    }

    private int send(String connection, String body) throws Exception {
        return post(connection, body, signed(body));
    }

    private String signed(String body) {
        return WebhookPayload.signature(secret, body.getBytes(StandardCharsets.UTF_8));
    }

    private int post(String connection, String body, String signature) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(receiver(relay.relay()) + connection))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (signature != null) {
            request.header("Authorization", signature);
        }
        return relay.relay().send(request.build()).statusCode();
    }

    private static double ends(RelayProcess relay, String by) throws IOException {
        return metric(relay, "relay_run_ends_seen_total\\{[^}]*by=\"" + by + "\"[^}]*}");
    }

    private double webhooks(String outcome) throws IOException {
        return metric(
                relay.relay(),
                "relay_webhooks_total\\{[^}]*connection=\"default\"[^}]*outcome=\"" + outcome + "\"[^}]*}");
    }

    private static double metric(RelayProcess relay, String name) throws IOException {
        Matcher line = Pattern.compile("(?m)^" + name + " (\\S+)$")
                .matcher(relay.get(relay.managementUrl().resolve("/q/metrics")).body());
        return line.find() ? Double.parseDouble(line.group(1)) : 0;
    }
}
