package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A person suspends a connection: the switch holds on all instances, and survives them. */
class KillSwitchIT {

    private static final String KEY = "0123456789abcdef0123";
    private static final ApiCalls OPS = ApiCalls.with(KEY);
    private static final String TEXT = "warehouse upgrade";
    private static final List<String> IDS = List.of("before", "while-suspended", "after-kill", "alone");
    /**
     * Within a second on a quiet machine. No instance tells a switch twice, and none reads the topic again unless Kafka fails: one
     * that has missed a switch never learns of it, so a long wait hides nothing.
     */
    private static final Duration SOON = Duration.ofSeconds(20);

    private RelayStage stage;

    @BeforeEach
    void start() {
        stage = RelayStage.of(KillSwitchIT.class, OneRunEach.unending(IDS));
    }

    @AfterEach
    void end() {
        stage.close();
    }

    @Test
    void holdsOnAllInstancesAndAfterTheDeathOfAll() throws IOException {
        Deployment relay = deployment("switched");
        OneRunEach commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
        try (RelayProcess first = relay.start().relay();
                RelayProcess second = relay.start().relay();
                RelayProcess third = relay.start().relay()) {
            commands.send("before", 0);
            commands.awaitRunning(List.of("before"));

            JsonNode answer = post(first, "suspend?reason=warehouse+upgrade");
            assertThat(answer.path("suspended_by").asText()).isEqualTo("ops");
            assertThat(answer.path("note").isNull()).as(answer.toString()).isTrue();
            for (RelayProcess each : List.of(first, second, third)) {
                await().atMost(SOON).untilAsserted(() -> {
                    assertThat(connection(each).path("suspended_reason").asText())
                            .isEqualTo(TEXT);
                    assertThat(readiness(each)).contains(TEXT, "key ops");
                });
            }
            commands.send("while-suspended", 2);
            relay.reader().awaitEvent("command.accepted", "while-suspended", PATIENCE);
            // What was started before is followed to its end.
            commands.finish(List.of("before"));
            relay.reader().awaitEvent("artifact.ready", "before", PATIENCE);
            assertThat(commands.runs("while-suspended")).isEmpty();
            List.of(first, second, third).forEach(RelayProcess::kill);
        }

        try (RelayProcess fourth = relay.start().relay();
                RelayProcess fifth = relay.start().relay()) {
            OwnedPartitions.awaitShared(fourth, fifth, 3);
            commands.send("after-kill", 1);
            relay.reader().awaitEvent("command.accepted", "after-kill", PATIENCE);
            assertThat(connection(fifth).path("suspended_reason").asText()).isEqualTo(TEXT);
            assertThat(commands.runs("while-suspended")).isEmpty();
            assertThat(commands.runs("after-kill")).isEmpty();

            assertThat(post(fifth, "resume").path("suspended_since").isNull()).isTrue();
            commands.awaitRunning(List.of("after-kill"));
            await().atMost(PATIENCE)
                    .until(() -> !commands.runs("while-suspended").isEmpty());
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(
                                    connection(fourth).path("suspended_since").isNull())
                            .isTrue());
        }
    }

    @Test
    void aJobStopsAloneOnAllInstancesAndAfterTheDeathOfAll() throws IOException {
        Deployment relay = deployment("job-switched").set("relay.api.advertised-url", "http://127.0.0.1:0");
        OneRunEach commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
        long job = stage.dbtCloud().world().jobNamed("while-suspended").id();
        try (RelayProcess first = relay.start().relay();
                RelayProcess second = relay.start().relay();
                RelayProcess third = relay.start().relay()) {
            List<RelayProcess> all = List.of(first, second, third);
            post(first, "jobs/" + job + "/suspend?reason=its+table+moves");
            for (RelayProcess each : all) {
                await().atMost(SOON).untilAsserted(() -> {
                    JsonNode held = connection(each).path("suspended_jobs").path(0);
                    assertThat(held.path("job_id").asLong()).isEqualTo(job);
                    assertThat(held.path("by").asText()).isEqualTo("ops");
                    assertThat(readiness(each)).contains("job " + job + " suspended by a person", "its table moves");
                });
            }
            commands.send("while-suspended", 2);
            commands.send("before", 2);
            relay.reader().awaitEvent("command.accepted", "while-suspended", PATIENCE);
            commands.awaitRunning(List.of("before"));
            assertThat(commands.runs("while-suspended")).isEmpty();
            for (RelayProcess each : all) {
                JsonNode waiting = OPS.read(each, "/api/commands/while-suspended");
                assertThat(waiting.path("waits_for").asText()).as("%s", waiting).isEqualTo("suspended");
                assertThat(waiting.path("suspended_scope").asText()).isEqualTo("job");
                assertThat(waiting.path("suspended_reason").asText()).isEqualTo("its table moves");
                assertThat(waiting.path("suspended_by").asText()).isEqualTo("ops");
            }
            all.forEach(RelayProcess::kill);
        }

        try (RelayProcess fourth = relay.start().relay();
                RelayProcess fifth = relay.start().relay()) {
            OwnedPartitions.awaitShared(fourth, fifth, 3);
            commands.send("after-kill", 2);
            commands.awaitRunning(List.of("after-kill"));
            assertThat(OPS.read(fifth, "/api/commands/while-suspended")
                            .path("waits_for")
                            .asText())
                    .isEqualTo("suspended");
            assertThat(commands.runs("while-suspended")).isEmpty();

            assertThat(post(fifth, "jobs/" + job + "/resume").path("suspended_jobs"))
                    .isEmpty();
            commands.awaitRunning(List.of("while-suspended"));
            assertThat(commands.runs("while-suspended")).hasSize(1);
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(connection(fourth).path("suspended_jobs"))
                            .isEmpty());
        }
    }

    /** A deployment whose cluster has no such topic works as it did before there was one. */
    @Test
    void withoutTheTopicOneInstanceStops() throws IOException {
        Deployment relay = deployment("untopical").set("relay.topics.create", "false");
        for (String topic : List.of("commands", "run.events", "artifact.events", "commands.dlq")) {
            relay.clients().createTopic(relay.topic(topic), 3, Map.of());
        }
        relay.clients().createTopic(relay.topic("ledger"), 3, Map.of("cleanup.policy", "compact"));
        OneRunEach commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
        relay.start();
        relay.relay().process().awaitLine(Pattern.compile("There is no control topic.*does not exist"), PATIENCE);

        JsonNode answer = post(relay.relay(), "suspend");
        assertThat(answer.path("note").asText()).contains("this instance only", relay.topic("control"));
        commands.send("alone", 0);
        relay.reader().awaitEvent("command.accepted", "alone", PATIENCE);
        assertThat(commands.runs("alone")).isEmpty();
        post(relay.relay(), "resume");
        commands.awaitRunning(List.of("alone"));
    }

    private Deployment deployment(String name) {
        return stage.deployment(name)
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.api.open", "false")
                .set("relay.api.keys.ops", KEY);
    }

    private static JsonNode post(RelayProcess process, String what) {
        return ApiCalls.json(OPS.post(process, "/api/connections/default/" + what, ""));
    }

    private static JsonNode connection(RelayProcess process) {
        return OPS.read(process, "/api/connections").get(0);
    }

    private static String readiness(RelayProcess process) throws IOException {
        return process.get(process.managementUrl().resolve("/q/health/ready")).body();
    }
}
