package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dbtrelay.emulator.DbtProject;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.lineage.event.RunIds;
import org.dbtrelay.testkit.ReceivedEvent;
import org.dbtrelay.testkit.RelayProcess;
import org.dbtrelay.testkit.TopicReader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Lineage of runs goes to a topic and to a server, and no event of it is lost, wherever the process dies. */
class LineageIT {

    private static final int MODELS = 8_000;
    private static final int FEWER_MODELS = 500;
    private static final RunPlan SHORT =
            RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(3));

    private static RelayStage stage;

    @BeforeAll
    static void start() {
        World world = World.jaffleShop()
                .job(EmulatedJob.named("small").plan(SHORT).withDocs())
                .job(EmulatedJob.named("other").plan(SHORT))
                .building("snowflake")
                .hidingConnections()
                .job(EmulatedJob.named("large").plan(SHORT.of(DbtProject.ofSize("snowflake", MODELS))))
                .job(EmulatedJob.named("middle").plan(SHORT.of(DbtProject.ofSize("snowflake", FEWER_MODELS))));
        stage = RelayStage.of(LineageIT.class, world);
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    private static TopicReader lineageOf(Deployment relay) {
        return TopicReader.of(stage.kafka().bootstrapServers(), relay.topic("lineage"));
    }

    private static Deployment deployment(String name) {
        return stage.deployment(name)
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.openlineage.enabled", "true")
                .set("relay.openlineage.topic", name + ".lineage");
    }

    private static long job(String name) {
        return stage.dbtCloud().world().jobNamed(name).id();
    }

    private static String host() {
        return URI.create(stage.dbtCloud().baseUrl()).getAuthority();
    }

    private static String name(JsonNode event) {
        return event.path("job").path("name").asText();
    }

    private static String type(JsonNode event) {
        return event.path("eventType").asText();
    }

    @Test
    void goesToTheTopicAndToTheServer() throws IOException {
        List<JsonNode> posted = new CopyOnWriteArrayList<>();
        AtomicInteger refused = new AtomicInteger(3);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/v1/lineage", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            boolean isAway = refused.getAndDecrement() > 0;
            if (!isAway
                    && "Bearer key-of-lineage"
                            .equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                posted.add(new ObjectMapper().readTree(body));
            }
            exchange.sendResponseHeaders(isAway ? 503 : 201, -1);
            exchange.close();
        });
        server.start();
        try (Deployment relay = deployment("told")
                        .set(
                                "relay.openlineage.url",
                                "http://127.0.0.1:" + server.getAddress().getPort())
                        .set("relay.openlineage.api-key", "key-of-lineage")
                        .set("relay.openlineage.jobs", Long.toString(job("small")))
                        .start();
                TopicReader lineage = lineageOf(relay)) {
            relay.send(job("other"), trigger("unwanted", job("other")));
            relay.send(job("small"), """
                    {"command": "trigger", "command_id": "small-1", "job_id": %d, "context": {"openlineage": {"parent": {
                      "run": {"runId": "0193f2a0-1c7e-7b7a-8d4e-2f3a4b5c6d7e"}, "job": {"namespace": "airflow", "name": "orders"}}}}}""".formatted(job("small")));
            relay.reader().awaitEvent("run.succeeded", "unwanted", PATIENCE);
            ReceivedEvent ended = relay.reader().awaitEvent("run.succeeded", "small-1", PATIENCE);
            String ofJob = "job-" + job("small");
            lineage.awaitFor(
                    event -> name(event.value()).equals(ofJob + ".dbt docs generate")
                            && type(event.value()).equals("COMPLETE"),
                    PATIENCE);

            List<JsonNode> told =
                    lineage.events().stream().map(ReceivedEvent::value).toList();
            assertThat(told).allSatisfy(event -> assertThat(name(event)).startsWith(ofJob));
            assertThat(told)
                    .filteredOn(event -> name(event).equals(ofJob))
                    .extracting(LineageIT::type)
                    .containsExactly("START", "COMPLETE");
            RunIds ids = new RunIds(
                    host(), stage.dbtCloud().accountId(), ended.runId().orElseThrow());
            assertThat(told.getFirst().path("run").path("runId").asText())
                    .isEqualTo(ids.ofRun().toString());
            assertThat(told)
                    .allSatisfy(event -> assertThat(event.path("run")
                                    .path("facets")
                                    .path("parent")
                                    .path("root")
                                    .path("job")
                                    .path("name")
                                    .asText())
                            .isEqualTo("orders"));
            JsonNode customers = told.stream()
                    .filter(event -> name(event).equals(ofJob + ".model.jaffle_shop.customers")
                            && type(event).equals("COMPLETE"))
                    .findFirst()
                    .orElseThrow();
            assertThat(customers.path("outputs").path(0).path("namespace").asText())
                    .as("of the connection, which the environment names by its id only")
                    .isEqualTo("snowflake://acme-prod");
            assertThat(stage.dbtCloud().count(Endpoint.GET_CONNECTION)).isPositive();
            assertThat(customers.path("outputs").path(0).path("name").asText())
                    .isEqualTo("ANALYTICS.dbt_prod.customers");
            assertThat(customers
                            .path("outputs")
                            .path(0)
                            .path("facets")
                            .path("schema")
                            .path("fields")
                            .path(0)
                            .path("type")
                            .asText())
                    .isEqualTo("bigint");
            assertThat(customers.path("inputs"))
                    .extracting(input -> input.path("name").asText())
                    .containsExactly("ANALYTICS.dbt_prod.stg_customers", "ANALYTICS.dbt_prod.stg_orders");
            assertThat(customers
                            .path("job")
                            .path("facets")
                            .path("sourceCodeLocation")
                            .path("url")
                            .asText())
                    .isEqualTo("git://github.com/jaffle-shop/analytics.git");
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(posted).containsAll(told));
            assertThat(relay.relay()
                            .get(relay.relay().managementUrl().resolve("/q/metrics"))
                            .body())
                    .contains("relay_lineage_runs_total{outcome=\"told\"} 1.0");
        } finally {
            server.stop(0);
        }
    }

    /** Each event is there, with the id that anybody computes; one that came again came as it was. */
    @Test
    void nothingIsLostByAKillInTheMidstOfManyEvents() {
        int all = 2 * MODELS;
        try (Deployment relay = deployment("killed").start();
                TopicReader lineage = lineageOf(relay)) {
            relay.send(job("large"), trigger("large-1", job("large")));
            ReceivedEvent ended = relay.reader().awaitEvent("run.succeeded", "large-1", PATIENCE);
            lineage.await(MODELS, LineageIT::isOfANode, PATIENCE);
            relay.relay().kill();
            lineage.awaitEnd(PATIENCE);
            int before = lineage.events(LineageIT::isOfANode).size();
            assertThat(before).as("the kill came in the midst").isBetween(MODELS, all - 1);

            relay.start();
            String step = "job-" + job("large") + ".dbt build";
            lineage.awaitFor(
                    event -> name(event.value()).equals(step)
                            && type(event.value()).equals("COMPLETE"),
                    PATIENCE);
            lineage.awaitEnd(PATIENCE);

            List<JsonNode> told = lineage.events(LineageIT::isOfANode).stream()
                    .map(ReceivedEvent::value)
                    .toList();
            assertAllTold(told, "large", ended, MODELS);
            assertSame(told);
            assertThat(told.size() - all).as("what came again").isLessThan(before);
            System.out.printf(
                    "LineageIT: %d of %d events were there at the kill, %d came again%n",
                    before, all, told.size() - all);
        }
    }

    /**
     * In the midst of a run's events, which the server holds up, another instance comes and the one that tells goes. The relay's own events
     * are structured ones, and are not held up.
     */
    @Test
    void nothingIsLostByARebalanceInTheMidstOfARun() throws IOException {
        int all = 2 * FEWER_MODELS;
        Semaphore gate = new Semaphore(all / 2);
        List<JsonNode> posted = new CopyOnWriteArrayList<>();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            JsonNode event = new ObjectMapper().readTree(exchange.getRequestBody());
            gate.acquireUninterruptibly();
            posted.add(event);
            exchange.sendResponseHeaders(201, -1);
            exchange.close();
        });
        server.start();
        try (Deployment relay = deployment("rebalanced")
                        .set("relay.events.mode", "structured")
                        .set(
                                "relay.openlineage.url",
                                "http://127.0.0.1:" + server.getAddress().getPort())
                        .start();
                RelayProcess first = relay.relay();
                TopicReader lineage = lineageOf(relay)) {
            relay.send(job("middle"), trigger("middle-1", job("middle")));
            ReceivedEvent ended = relay.reader().awaitEvent("run.succeeded", "middle-1", PATIENCE);
            await().atMost(PATIENCE).until(() -> gate.availablePermits() == 0 && gate.hasQueuedThreads());

            try (RelayProcess second = relay.start().relay()) {
                OwnedPartitions.awaitShared(first, second, 3);
                relay.send(job("other"), trigger("meanwhile", job("other")));
                relay.reader().awaitEvent("run.succeeded", "meanwhile", PATIENCE);
                assertThat(posted).as("no event of a run waits for lineage").hasSize(all / 2);

                first.stop();
                gate.release(10 * all);
                String step = "job-" + job("middle") + ".dbt build";
                await().atMost(PATIENCE)
                        .until(() -> posted.stream()
                                .anyMatch(event ->
                                        name(event).equals(step) && type(event).equals("COMPLETE")));
                await().atMost(PATIENCE)
                        .until(() -> posted.stream()
                                .anyMatch(event -> name(event).equals("job-" + job("other") + ".dbt build")
                                        && type(event).equals("COMPLETE")));
                assertThat(second.isAlive()).isTrue();
            }
            lineage.awaitEnd(PATIENCE);
            List<JsonNode> told = lineage.events().stream()
                    .map(ReceivedEvent::value)
                    .filter(event -> name(event).contains(".model_"))
                    .toList();
            assertAllTold(told, "middle", ended, FEWER_MODELS);
            List<JsonNode> ofNodes = posted.stream()
                    .filter(event -> name(event).contains(".model_"))
                    .toList();
            assertAllTold(ofNodes, "middle", ended, FEWER_MODELS);
            assertSame(told);
            assertSame(ofNodes);
            System.out.printf("LineageIT: %d of %d events came again%n", told.size() - all, all);
        } finally {
            server.stop(0);
        }
    }

    /** Each node of the run began and ended, with the id that anybody computes. */
    private static void assertAllTold(List<JsonNode> told, String job, ReceivedEvent ended, int models) {
        RunIds ids =
                new RunIds(host(), stage.dbtCloud().accountId(), ended.runId().orElseThrow());
        int index = stage.dbtCloud().runsOfJob(job(job)).getFirst().steps().stream()
                .filter(each -> "dbt build".equals(each.command()))
                .findFirst()
                .orElseThrow()
                .index();
        Set<String> expected = IntStream.range(0, models)
                .mapToObj(i -> "model.jaffle_shop.model_%05d".formatted(i))
                .map(id -> ids.ofNode(index, id).toString())
                .collect(Collectors.toSet());
        for (String type : List.of("START", "COMPLETE")) {
            assertThat(told.stream()
                            .filter(event -> type(event).equals(type))
                            .map(event -> event.path("run").path("runId").asText())
                            .collect(Collectors.toSet()))
                    .as(type)
                    .isEqualTo(expected);
        }
    }

    private static boolean isOfANode(ReceivedEvent event) {
        return name(event.value()).contains(".model.");
    }

    private static void assertSame(List<JsonNode> told) {
        Map<String, List<JsonNode>> byEvent = new HashMap<>();
        told.forEach(event -> byEvent.computeIfAbsent(
                        type(event) + event.path("run").path("runId").asText(), _ -> new ArrayList<>())
                .add(event));
        assertThat(byEvent.values()).allSatisfy(same -> assertThat(same).containsOnly(same.getFirst()));
    }
}
