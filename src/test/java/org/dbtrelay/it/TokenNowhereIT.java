package org.dbtrelay.it;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.FaultScript;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The token is in no record of any topic (key, value, headers; aborted ones too), no line of the log and no answer of the API,
 * whatever failures the relay meets and whatever dbt Cloud says in them. {@code api.CanaryTokenTest} is the same for the
 * client and the API alone.
 */
class TokenNowhereIT {

    private static final Set<String> ENDS = Set.of(
            "run.succeeded", "run.failed", "run.cancelled", "run.abandoned", "command.rejected", "command.completed");
    private static final List<String> TOPICS =
            List.of("commands", "run.events", "artifact.events", "commands.dlq", "ledger");
    private static final RunPlan QUICK =
            RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(2));
    private static final RunPlan LONG =
            RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofMinutes(30));

    /** Jobs by what goes wrong with them. */
    private static final List<String> JOBS = List.of(
            "trigger-400",
            "trigger-field",
            "trigger-401",
            "trigger-403",
            "trigger-404",
            "trigger-html",
            "trigger-503",
            "trigger-307",
            "trigger-302",
            "trigger-lost",
            "trigger-late",
            "polls",
            "list-artifacts",
            "artifact-403",
            "artifact-500",
            "artifact-redirect",
            "artifact-reset",
            "look-up");

    private static RelayStage stage;
    private static Deployment relay;
    private static String canary;
    private static String echo;

    @BeforeAll
    static void start() {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        JOBS.forEach(name -> world.job(EmulatedJob.named(name).plan(QUICK)));
        world.job(EmulatedJob.named("long").plan(LONG));
        world.job(EmulatedJob.named("broken")
                .plan(RunPlan.failing("dbt build", "it broke").instantly()));
        stage = RelayStage.of(TokenNowhereIT.class, world);
        canary = stage.dbtCloud().token();
        echo = "{\"status\":{\"user_message\":\"Token " + canary + " is bad\"},\"data\":{\"" + canary + "\":[\""
                + canary + "\"]}}";
        relay = stage.deployment("token-nowhere")
                .set("relay.connections.default.read-timeout", "2s")
                .set("relay.ledger.visibility-lag", "1s")
                .set("relay.artifacts.paths", "run_results.json")
                .set("relay.artifacts.patience", "5s")
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void theTokenIsInNoRecordNoLogAndNoAnswer() throws IOException {
        List<String> ids = new ArrayList<>(JOBS);
        on("trigger-400", Endpoint.TRIGGER, 1).answer(400, "application/json", echo, false);
        on("trigger-field", Endpoint.TRIGGER, 1).answer(422, "application/json", echo, false);
        on("trigger-401", Endpoint.TRIGGER, 1).answer(401, "application/json", echo, false);
        on("trigger-403", Endpoint.TRIGGER, 1).answer(403, "application/json", echo, false);
        on("trigger-404", Endpoint.TRIGGER, 2).answer(404, "application/json", echo, false);
        on("trigger-html", Endpoint.TRIGGER, 1).answer(200, "text/html;x=" + canary, "<p>" + canary, true);
        on("trigger-503", Endpoint.TRIGGER, 1).answer(503, "application/json", echo, true);
        on("trigger-307", Endpoint.TRIGGER, 1).redirect(307, redirect());
        on("trigger-302", Endpoint.TRIGGER, 1).redirectAfterCreating(302, redirect());
        on("trigger-lost", Endpoint.TRIGGER, 1).loseAnswerAfterCreating();
        on("trigger-late", Endpoint.TRIGGER, 1).answerLateAfterCreating(Duration.ofSeconds(4));
        on("polls", Endpoint.GET_RUN, 2).answer(500, "application/json", echo, false);
        // It suspends the connection, and that time does not count against the patience: it has to pass.
        on("list-artifacts", Endpoint.LIST_ARTIFACTS, 3).answer(403, "application/json", echo, false);
        on("artifact-403", Endpoint.GET_ARTIFACT, 100).answer(400, "application/json", echo, false);
        on("artifact-500", Endpoint.GET_ARTIFACT, 100).answer(500, "text/html", "<p>" + canary, false);
        on("artifact-redirect", Endpoint.GET_ARTIFACT, 100).redirect(302, redirect());
        on("artifact-reset", Endpoint.GET_ARTIFACT, 100).resetMidBody(10);
        // Of all jobs: polls, and looks for what is unclear.
        faults(2).on(Endpoint.LIST_RUNS).answer(500, "application/json", echo, false);
        faults(2).on(Endpoint.LIST_RUNS).answer(200, "text/" + canary, "<p>" + canary, false);
        faults(2).on(Endpoint.LIST_RUNS).redirect(302, redirect());
        faults(1).on(Endpoint.LIST_PROJECTS).answer(400, "application/json", echo, false);

        for (String name : JOBS) {
            relay.send(job(name), name.equals("look-up") ? byNames(name) : Deployment.trigger(name, job(name)));
        }
        relay.send("junk", "no command");
        relay.send("junk", "{\"command\": \"trigger\", \"command_id\": \"odd\", \"jobid\": 1}");
        ids.addAll(cancelAndRetry());

        Map<String, ReceivedEvent> ends = new LinkedHashMap<>();
        ids.forEach(id -> ends.put(
                id,
                relay.reader()
                        .awaitFor(event -> event.commandId().equals(id) && ENDS.contains(event.type()), PATIENCE)));
        for (String id : ids) {
            if (ends.get(id).type().equals("run.succeeded")) {
                relay.reader()
                        .awaitFor(
                                event -> event.commandId().equals(id)
                                        && event.type().startsWith("artifact."),
                                PATIENCE);
            }
        }
        relay.history().assertFinished(ids);

        // The failures were met, and dbt Cloud's words were told but for the token.
        for (String id : List.of("trigger-400", "trigger-field", "trigger-404")) {
            assertThat(ends.get(id).data().path("message").asText()).as(id).contains("Token *** is bad");
        }
        assertThat(ends.get("trigger-307").data().path("message").asText()).contains("points to elsewhere.invalid.");
        for (String id : List.of("trigger-html", "trigger-503", "trigger-302", "trigger-lost", "trigger-late")) {
            assertThat(ends.get(id).data().path("adopted").asBoolean()).as(id).isTrue();
        }
        for (String topic : TOPICS) {
            List<ConsumerRecord<byte[], byte[]>> all = everything(relay.topic(topic));
            assertThat(all)
                    .as(topic)
                    .isNotEmpty()
                    .allSatisfy(each -> assertThat(text(each)).doesNotContain(canary));
        }
        assertThat(relay.relay().lines()).isNotEmpty().noneMatch(line -> line.contains(canary));
        for (String id : ids) {
            assertThat(given().get(relay.relay().url().resolve("/api/commands/" + id))
                            .asString())
                    .contains(id)
                    .doesNotContain(canary);
        }
        for (String path : List.of("/q/health", "/q/metrics")) {
            assertThat(relay.relay()
                            .get(relay.relay().managementUrl().resolve(path))
                            .body())
                    .isNotEmpty()
                    .doesNotContain(canary);
        }
    }

    /** What is about another command or run: a cancel that is refused, a retry that is, a run that cannot be read. */
    private static List<String> cancelAndRetry() {
        on("long", Endpoint.CANCEL, 2).answer(400, "application/json", echo, false);
        relay.send(
                job("long"),
                "{\"command\": \"trigger\", \"command_id\": \"long\", \"job_id\": %d, \"timeout\": \"PT15S\"}"
                        .formatted(job("long")));
        relay.reader().awaitEvent("run.running", "long", PATIENCE);
        relay.send(
                job("long"), "{\"command\": \"cancel\", \"command_id\": \"cancel\", \"target_command_id\": \"long\"}");
        long failed = stage.dbtCloud().triggerByOther(job("broken"), "x").id();
        on("broken", Endpoint.RETRY, 1).answer(400, "application/json", echo, false);
        relay.send(
                String.valueOf(failed),
                "{\"command\": \"retry\", \"command_id\": \"retry\", \"run_id\": " + failed + "}");
        relay.send("0", "{\"command\": \"follow\", \"command_id\": \"follow\", \"run_id\": 1, \"timeout\": \"PT20S\"}");
        return List.of("long", "cancel", "retry", "follow");
    }

    private static String byNames(String job) {
        return ("{\"command\": \"trigger\", \"command_id\": \"%s\", \"project_name\": \"Jaffle Shop\","
                        + " \"environment_name\": \"Production\", \"job_name\": \"%s\"}")
                .formatted(job, job);
    }

    private static String redirect() {
        return "https://elsewhere.invalid/?token=" + canary;
    }

    private static FaultScript on(String name, Endpoint endpoint, int times) {
        return faults(times).on(endpoint).ofJob(job(name));
    }

    private static FaultScript faults(int times) {
        return stage.dbtCloud().faults().next(times);
    }

    private static long job(String name) {
        return stage.dbtCloud().world().jobNamed(name).id();
    }

    /** All records of a topic that are there now, of aborted transactions too. */
    private static List<ConsumerRecord<byte[], byte[]>> everything(String topic) {
        try (var consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", stage.kafka().bootstrapServers(), "isolation.level", "read_uncommitted"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            Set<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(each -> new TopicPartition(topic, each.partition()))
                    .collect(Collectors.toSet());
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(100)).forEach(all::add);
            }
            return all;
        }
    }

    private static String text(ConsumerRecord<byte[], byte[]> each) {
        return text(each.key()) + "\n" + text(each.value()) + "\n"
                + Arrays.stream(each.headers().toArray())
                        .map((Header header) -> header.key() + "=" + text(header.value()))
                        .collect(Collectors.joining("\n"));
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    }
}
