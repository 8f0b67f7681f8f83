package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.StreamSupport;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The relay starts before what it needs: it stays alive, says what it waits for, and goes on by itself when that is there. */
class OutageAtStartIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration SEVERAL_TOPIC_CHECKS = Duration.ofSeconds(8);
    private static final Duration SEVERAL_PROBES = Duration.ofSeconds(4);

    private static RelayStage stage;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(OutageAtStartIT.class, world());
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void brokerComesLater() {
        stage.kafka().stop();
        Deployment relay = stage.deployment("no-broker");
        RelayProcess process = relay.launch();

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(reasons(process, "partitions"))
                        .hasEntrySatisfying(
                                "topics",
                                reason -> assertThat(reason).startsWith("Kafka does not answer: Timed out waiting")));
        assertThat(reasons(process, "connections")).containsEntry("default", "fine");
        assertAliveAndNotReady(process);
        assertPostIsUnavailable(process, "posted-before-broker");
        assertSaysOnce(process, SEVERAL_TOPIC_CHECKS, "Kafka does not answer");

        stage.kafka().start();
        process.awaitReady(PATIENCE);
        assertServes(relay, "after-broker");
        assertThat(warnings(process))
                .filteredOn(line -> line.contains("org.dbtrelay"))
                .hasSize(1);
    }

    @Test
    void dbtCloudComesLater() {
        int port = freePort();
        DbtCloudEmulator present = stage.dbtCloud();
        Deployment relay =
                stage.deployment("no-dbt-cloud").set("relay.connections.default.host", "http://127.0.0.1:" + port);
        RelayProcess process = relay.launch();

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(reasons(process, "connections"))
                        .hasEntrySatisfying(
                                "default", reason -> assertThat(reason).containsIgnoringCase("refused")));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(reasons(process, "partitions")).containsEntry("owned", "3"));
        // Ready means that partitions are served.
        process.awaitReady(PATIENCE);
        long job = present.world().jobNamed("quick").id();
        relay.send(job, trigger("before-dbt-cloud", job));
        relay.reader().awaitEvent("command.accepted", "before-dbt-cloud", PATIENCE);
        assertSaysOnce(process, SEVERAL_PROBES, "connection=default");

        try (DbtCloudEmulator late =
                DbtCloudEmulator.builder().world(world()).port(port).start()) {
            process.awaitReady(PATIENCE);
            relay.reader().awaitEvent("run.succeeded", "before-dbt-cloud", PATIENCE);
            assertThat(late.runs()).hasSize(1);
            relay.close();
        }
    }

    @Test
    void topicsComeLater() {
        Deployment relay = stage.deployment("no-topics").set("relay.topics.create", "false");
        RelayProcess process = relay.launch();
        List<String> topics = List.of("commands", "run.events", "artifact.events", "commands.dlq", "ledger").stream()
                .map(relay::topic)
                .toList();

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(reasons(process, "partitions").getOrDefault("topics", ""))
                        .contains(topics));
        assertAliveAndNotReady(process);
        relay.clients().createTopics(3, topics.subList(0, 4).toArray(String[]::new));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(reasons(process, "partitions").getOrDefault("topics", ""))
                        .isEqualTo(
                                "topic 'no-topics.ledger' does not exist; create it, or set relay.topics.create=true"));
        relay.clients().createTopic("no-topics.ledger", 3, Map.of("cleanup.policy", "compact"));
        process.awaitReady(PATIENCE);

        assertServes(relay, "after-topics");
        assertThat(warnings(process))
                .filteredOn(line -> line.contains("does not exist; create it"))
                .as("one line for each topic")
                .hasSize(topics.size());
        assertThat(warnings(process))
                .filteredOn(line -> !line.contains("does not exist"))
                .as("made with the brokers' own settings")
                .singleElement()
                .asString()
                .contains("message.timestamp.type=LogAppendTime");
        for (String topic : topics) {
            assertThat(warnings(process))
                    .as("the log names %s", topic)
                    .anySatisfy(line -> assertThat(line)
                            .contains("'" + topic + "' does not exist; create it, or set relay.topics.create=true"));
        }
    }

    private static World world() {
        return World.jaffleShop()
                .job(EmulatedJob.named("quick").plan(RunPlan.succeeding().instantly()));
    }

    private static void assertServes(Deployment relay, String commandId) {
        long job = stage.dbtCloud().world().jobNamed("quick").id();
        relay.send(job, trigger(commandId, job));
        relay.reader().awaitEvent("run.succeeded", commandId, PATIENCE);
        relay.history().assertFaultless();
        relay.close();
    }

    private static void assertPostIsUnavailable(RelayProcess process, String commandId) {
        long job = stage.dbtCloud().world().jobNamed("quick").id();
        try {
            HttpResponse<String> answer =
                    process.send(HttpRequest.newBuilder(process.url().resolve("/api/commands"))
                            .header("content-type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofString(trigger(commandId, job)))
                            .build());
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.headers().firstValue("content-type")).contains("application/problem+json");
            assertThat(JSON.readTree(answer.body()).path("detail").asText()).contains("Kafka", commandId);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void assertAliveAndNotReady(RelayProcess process) {
        assertThat(process.isAlive()).isTrue();
        assertThat(health(process, "ready").statusCode()).isEqualTo(503);
        assertThat(health(process, "live").statusCode()).isEqualTo(200);
    }

    /** The data of a readiness check. */
    private static Map<String, String> reasons(RelayProcess process, String check) {
        try {
            JsonNode checks = JSON.readTree(health(process, "ready").body()).path("checks");
            JsonNode data = StreamSupport.stream(checks.spliterator(), false)
                    .filter(one -> one.path("name").asText().equals(check))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no check '" + check + "' in " + checks))
                    .path("data");
            return JSON.convertValue(
                    data, JSON.getTypeFactory().constructMapType(Map.class, String.class, String.class));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static HttpResponse<String> health(RelayProcess process, String which) {
        try {
            return process.get(process.managementUrl().resolve("/q/health/" + which));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One line in the log says what is missing, and it stays the only one although it is looked for again and again. */
    private static void assertSaysOnce(RelayProcess process, Duration severalChecks, String what) {
        await().during(severalChecks)
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(warnings(process))
                        .filteredOn(line -> line.contains("Not ready, waiting")
                                || line.contains("dbt Cloud cannot be used over this connection"))
                        .singleElement()
                        .satisfies(line -> assertThat(line).contains(what)));
    }

    private static List<String> warnings(RelayProcess process) {
        return process.lines().stream()
                .filter(line -> line.contains(" WARN ") || line.contains(" ERROR "))
                .toList();
    }

    /** Below those of outgoing connections, so that a client cannot meet itself on it. */
    private static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(15_000, 32_000);
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException e) {
                // Taken: the next round draws another one.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
