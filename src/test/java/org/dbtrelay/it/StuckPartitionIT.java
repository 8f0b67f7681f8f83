package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.config.TopicConfig;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** One of eight partitions is stuck, with many commands on it: the other seven flow, and when it is mended it flows as well. */
class StuckPartitionIT {

    private static final int PARTITIONS = 8;
    private static final int STUCK = 5;
    private static final int MAX_PENDING = 4;
    private static final List<String> BEHIND_A_FAULT = ids("behind-a-fault", 40);
    private static final List<String> BESIDE_A_FAULT = ids("beside-a-fault", 21);
    private static final List<String> ENDLESS = ids("endless", MAX_PENDING);
    private static final List<String> BEHIND_ENDLESS = ids("behind-endless", 40);
    private static final List<String> BESIDE_ENDLESS = ids("beside-endless", 21);

    private static RelayStage stage;

    @BeforeAll
    static void start() {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        Stream.of(BEHIND_A_FAULT, BESIDE_A_FAULT, BEHIND_ENDLESS, BESIDE_ENDLESS)
                .flatMap(List::stream)
                .forEach(id -> world.job(EmulatedJob.named(id)
                        .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofMillis(500)))));
        ENDLESS.forEach(id -> world.job(EmulatedJob.named(id)
                .plan(RunPlan.unending().queued(Duration.ZERO).starting(Duration.ZERO))));
        stage = RelayStage.of(StuckPartitionIT.class, world);
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void byALedgerRecordThatCannotBeRead() throws IOException {
        Deployment relay = deployment("fault");
        relay.clients()
                .createTopic(relay.topic("ledger"), PARTITIONS, Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, "compact"));
        RecordMetadata garbled = relay.clients()
                .produce(new ProducerRecord<>(
                        relay.topic("ledger"), STUCK, bytes("c:garbled"), bytes("{\"v\":1,\"entry\":{\"sta")));
        var commands = new OneRunEach(
                stage.dbtCloud(),
                relay,
                Stream.concat(BEHIND_A_FAULT.stream(), BESIDE_A_FAULT.stream()).toList());
        RelayProcess process = relay.launch();
        process.process().awaitLine(Pattern.compile("not served until a person has looked.*partition=5"), PATIENCE);

        sendToStuck(commands, BEHIND_A_FAULT);
        sendBeside(commands, BESIDE_A_FAULT);
        awaitArtifacts(relay, BESIDE_A_FAULT);
        assertThat(relay.history().commandIds()).containsExactlyInAnyOrderElementsOf(BESIDE_A_FAULT);
        assertThat(status(process, "ready")).isEqualTo(503);
        assertThat(status(process, "live")).isEqualTo(200);

        process.stop();
        relay.set("relay.ledger.skip", STUCK + "@" + garbled.offset()).start();
        awaitArtifacts(relay, BEHIND_A_FAULT);
        commands.assertSucceeded(BESIDE_A_FAULT);
        commands.assertSucceeded(BEHIND_A_FAULT);
    }

    @Test
    void byRunsThatDoNotEnd() throws IOException {
        Deployment relay = deployment("endless").set("relay.commands.max-pending", Integer.toString(MAX_PENDING));
        var commands = new OneRunEach(
                stage.dbtCloud(),
                relay,
                Stream.of(ENDLESS, BEHIND_ENDLESS, BESIDE_ENDLESS)
                        .flatMap(List::stream)
                        .toList());
        RelayProcess process = relay.start().relay();
        sendToStuck(commands, ENDLESS);
        commands.awaitRunning(ENDLESS);
        process.process().awaitLine(Pattern.compile("Partition paused.*partition=5.*max-pending"), PATIENCE);
        // It is paused by the next poll, which comes within 200 ms.
        await().pollDelay(Duration.ofSeconds(2)).until(() -> true);

        sendToStuck(commands, BEHIND_ENDLESS);
        sendBeside(commands, BESIDE_ENDLESS);
        awaitArtifacts(relay, BESIDE_ENDLESS);
        assertThat(relay.history().commandIds())
                .as("what has been accepted")
                .containsAll(ENDLESS)
                .doesNotContainAnyElementsOf(BEHIND_ENDLESS);
        assertThat(status(process, "ready")).isEqualTo(200);
        assertThat(status(process, "live")).isEqualTo(200);

        commands.finish(ENDLESS);
        awaitArtifacts(relay, BEHIND_ENDLESS);
        commands.assertSucceeded(ENDLESS);
        commands.assertSucceeded(BEHIND_ENDLESS);
        commands.assertSucceeded(BESIDE_ENDLESS);
    }

    private static Deployment deployment(String name) {
        return stage.deployment(name).set("relay.topics.partitions", Integer.toString(PARTITIONS));
    }

    private static void sendToStuck(OneRunEach commands, List<String> ids) {
        ids.forEach(id -> commands.send(id, STUCK));
    }

    private static void awaitArtifacts(Deployment relay, List<String> ids) {
        ids.forEach(id -> relay.reader().awaitEvent("artifact.ready", id, PATIENCE));
    }

    /** To each of the other partitions in turn. */
    private static void sendBeside(OneRunEach commands, List<String> ids) {
        for (int i = 0; i < ids.size(); i++) {
            commands.send(ids.get(i), (STUCK + 1 + i % (PARTITIONS - 1)) % PARTITIONS);
        }
    }

    private static int status(RelayProcess process, String health) throws IOException {
        return process.get(process.managementUrl().resolve("/q/health/" + health))
                .statusCode();
    }

    private static List<String> ids(String name, int count) {
        return IntStream.range(0, count).mapToObj(i -> name + "-" + i).toList();
    }
}
