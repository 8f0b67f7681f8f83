package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ChildProcess;
import org.dbtrelay.testkit.EventHistory;
import org.dbtrelay.testkit.NodeClients;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Clients that nobody here wrote, each of which has its own opinion on the partition of a key: the same command from two of them
 * starts one run, whenever the relay dies.
 */
class PartitionersIT {

    private static final int JOBS = 12;
    private static final RunPlan SHORT =
            RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1));
    private static final Pattern PASSED_ON = Pattern.compile("each is passed on, which costs a hop");

    private static RelayStage stage;

    @BeforeAll
    static void start() {
        World world = World.jaffleShop();
        for (String test : List.of("librdkafka", "kafkajs")) {
            IntStream.range(0, JOBS)
                    .forEach(i -> world.job(EmulatedJob.named(test + "-" + i).plan(SHORT)));
        }
        stage = RelayStage.of(PartitionersIT.class, world);
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void librdkafkaAndJavaSendTheSameCommands() {
        Map<String, Long> commands = commands("librdkafka");
        try (Deployment relay = deployment("librdkafka").start()) {
            kcat(relay, commands, true);
            relay.reader().awaitEvent("command.accepted", "librdkafka-0", PATIENCE);
            relay.relay().kill();
            java(relay, commands);
            relay.start();
            relay.reader().awaitEvent("command.accepted", "librdkafka-" + (JOBS - 1), PATIENCE);
            relay.relay().kill();
            kcat(relay, commands, false);
            relay.start();

            assertAllRanOnce(relay, commands);
            assertThat(relay.relay().process().lines(PASSED_ON))
                    .as("a line for each kind of producer, however many records it has sent")
                    .hasSizeBetween(1, 3);
            assertThat(metrics(relay)).contains("relay_commands_passed_on_total{partitioner=\"no_key\"");
        }
    }

    @Test
    void kafkajsWithItsDefaultAndItsLegacyPartitionerAndJavaSendTheSameCommands() {
        NodeClients clients = NodeClients.orSkip();
        Map<String, Long> commands = commands("kafkajs");
        try (Deployment relay = deployment("kafkajs").start()) {
            kafkajs(clients, relay, commands, "legacy");
            relay.reader().awaitEvent("command.accepted", "kafkajs-0", PATIENCE);
            relay.relay().kill();
            java(relay, commands);
            kafkajs(clients, relay, commands, "default");
            relay.start();

            assertAllRanOnce(relay, commands);
        }
    }

    /** Each has succeeded with the only run of its job, and its events come from one partition that knew it. */
    private static void assertAllRanOnce(Deployment relay, Map<String, Long> commands) {
        commands.keySet().forEach(id -> relay.reader().awaitEvent("run.succeeded", id, PATIENCE));
        awaitNoneIsLeft(relay);
        EventHistory history = relay.history();
        history.assertFinished(commands.keySet());
        commands.forEach((id, job) ->
                assertThat(stage.dbtCloud().runsOfJob(job)).as("runs of %s", id).hasSize(1));
        assertThat(relay.reader().events())
                .extracting(ReceivedEvent::topic)
                .as("no dead letters")
                .doesNotContain(relay.topic("commands.dlq"));
    }

    /** The last record of all partitions has been taken, whatever it was. */
    private static void awaitNoneIsLeft(Deployment relay) {
        long last = stage.dbtCloud().world().jobNamed(relay.name() + "-0").id();
        for (int partition = 0; partition < 3; partition++) {
            String id = "last-" + partition;
            relay.sendTo(
                    partition,
                    "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": %d, \"dry_run\": true}"
                            .formatted(id, last));
            relay.reader().awaitEvent("command.completed", id, PATIENCE);
        }
    }

    private static void java(Deployment relay, Map<String, Long> commands) {
        commands.forEach((id, job) -> relay.send(job, trigger(id, job)));
    }

    private static void kcat(Deployment relay, Map<String, Long> commands, boolean keyed) {
        List<String> lines = new ArrayList<>();
        commands.forEach((id, job) -> lines.add(keyed ? job + "|" + trigger(id, job) : trigger(id, job)));
        Path file = write("commands.txt", String.join("\n", lines));
        List<String> command = new ArrayList<>(List.of(
                "kcat", "-P", "-b", stage.kafka().bootstrapServers(), "-t", relay.topic("commands"), "-X", "acks=all"));
        if (keyed) {
            command.addAll(List.of("-K", "|"));
        }
        command.addAll(List.of("-l", file.toString()));
        try (ChildProcess kcat =
                ChildProcess.start("kcat", command, Map.of(), stage.directory().resolve("kcat.log"))) {
            assertThat(kcat.awaitExit(PATIENCE)).as("status of %s", kcat).isZero();
        } catch (UncheckedIOException e) {
            abort("There is no kcat here, which is librdkafka's own tool: " + e.getMessage());
        }
    }

    private static void kafkajs(NodeClients clients, Deployment relay, Map<String, Long> commands, String partitioner) {
        List<Map<String, String>> messages = new ArrayList<>();
        commands.forEach((id, job) -> messages.add(Map.of("key", Long.toString(job), "value", trigger(id, job))));
        try {
            Path file = write("commands.json", new JsonMapper().writeValueAsString(messages));
            assertThat(clients.run(
                            "produce.mjs",
                            stage.kafka().bootstrapServers(),
                            relay.topic("commands"),
                            partitioner,
                            file.toString()))
                    .anyMatch(line -> line.startsWith("sent to partition"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path write(String name, String text) {
        try {
            return Files.writeString(stage.directory().resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String metrics(Deployment relay) {
        URI metrics = relay.relay().managementUrl().resolve("/q/metrics");
        try {
            return relay.relay().get(metrics).body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Long> commands(String test) {
        Map<String, Long> commands = new LinkedHashMap<>();
        IntStream.range(0, JOBS)
                .mapToObj(i -> test + "-" + i)
                .forEach(id ->
                        commands.put(id, stage.dbtCloud().world().jobNamed(id).id()));
        return commands;
    }

    /** Quick to find out that a process is dead, and that a lost answer left no run behind. */
    private static Deployment deployment(String name) {
        return stage.deployment(name)
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.ledger.visibility-lag", "2s");
    }
}
