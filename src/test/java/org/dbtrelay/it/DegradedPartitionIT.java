package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A partition that cannot be served is said to be so, and holds up no other. */
class DegradedPartitionIT {

    private static RelayStage stage;
    private static long job;

    @BeforeAll
    static void start() {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        world.job(EmulatedJob.named("quick")
                .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1))));
        stage = RelayStage.of(DegradedPartitionIT.class, world);
        job = stage.dbtCloud().world().jobNamed("quick").id();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void aLedgerRecordOfAnotherVersionStopsItsPartitionOnlyUntilItIsSkipped() throws Exception {
        Deployment relay = stage.deployment("future").set("relay.artifacts.paths", "manifest.json");
        createTopics(relay, Map.of());
        RecordMetadata future = relay.clients()
                .produce(
                        new ProducerRecord<>(relay.topic("ledger"), 1, bytes("c:x"), bytes("{\"v\":99,\"entry\":{}}")));
        var process = relay.launch();
        process.process().awaitLine(Pattern.compile("not served until a person has looked"), PATIENCE);

        send(relay, 0, "others-go-on");
        send(relay, 1, "waits");
        relay.reader().awaitEvent("run.succeeded", "others-go-on", PATIENCE);
        var health = process.get(process.managementUrl().resolve("/q/health/ready"));
        assertThat(health.statusCode()).isEqualTo(503);
        assertThat(health.body())
                .contains("partition 1", "DEGRADED", "version 99", "relay.ledger.skip=1@" + future.offset());
        assertThat(process.get(process.managementUrl().resolve("/q/health/live"))
                        .statusCode())
                .isEqualTo(200);
        assertThat(relay.reader().eventsOf("waits")).isEmpty();

        process.stop();
        relay.set("relay.ledger.skip", "1@" + future.offset()).start();
        relay.reader().awaitEvent("run.succeeded", "waits", PATIENCE);
    }

    @Test
    void aLedgerThatWasLostIsNotGuessedOver() throws Exception {
        Deployment relay = stage.deployment("lost").set("relay.artifacts.paths", "manifest.json");
        relay.start();
        relay.send(job, trigger("before", job));
        relay.reader().awaitEvent("artifact.ready", "before", PATIENCE);
        relay.relay().stop();
        relay.clients()
                .admin()
                .deleteTopics(List.of(relay.topic("ledger")))
                .all()
                .get();

        var process = relay.launch();
        process.process()
                .awaitLine(Pattern.compile("not served until a person has looked.*the ledger was lost"), PATIENCE);

        assertThat(process.isReady()).isFalse();
    }

    @Test
    void aDeadLetterThatItsTopicRefusesIsCutDownAndTheNextCommandServed() throws Exception {
        Deployment relay = stage.deployment("refused").set("relay.artifacts.paths", "manifest.json");
        createTopics(relay, Map.of(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "20000"));
        relay.start();

        byte[] noise = new byte[100_000];
        new Random(7).nextBytes(noise);
        send(relay, 0, "first");
        relay.send(new ProducerRecord<>(relay.topic("commands"), 0, bytes("k"), noise));
        var manyHeaders = new ProducerRecord<>(relay.topic("commands"), 0, bytes("k"), bytes("no command"));
        manyHeaders.headers().add("noise", noise);
        relay.send(manyHeaders);
        send(relay, 0, "second");

        relay.reader().awaitEvent("run.succeeded", "second", PATIENCE);
        await().atMost(PATIENCE).until(() -> deadLetters(relay).size() == 2);
        ReceivedEvent dead = deadLetters(relay).stream()
                .filter(letter -> letter.header("dlq-headers-omitted") == null)
                .findFirst()
                .orElseThrow();
        ReceivedEvent bare = deadLetters(relay).stream()
                .filter(letter -> letter.header("dlq-headers-omitted") != null)
                .findFirst()
                .orElseThrow();
        assertThat(bare.header("dlq-headers-omitted")).isEqualTo("1");
        assertThat(bare.header("dlq-offset")).isEqualTo("2");
        assertThat(dead.header("dlq-reason")).isEqualTo("malformed");
        assertThat(dead.header("dlq-value-omitted")).isEqualTo("100000");
        relay.history().assertFaultless();
    }

    @Test
    void topicsThatMustNotBeCompactedAreSaidSo() throws Exception {
        Deployment relay = stage.deployment("compacted").set("relay.artifacts.paths", "manifest.json");
        createTopics(relay, Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, "compact"));
        var process = relay.launch();
        process.process().awaitLine(Pattern.compile("commands.dlq' has cleanup.policy=compact"), PATIENCE);
        assertThat(process.isReady()).isFalse();

        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, relay.topic("commands.dlq"));
        AlterConfigOp delete = new AlterConfigOp(
                new ConfigEntry(TopicConfig.CLEANUP_POLICY_CONFIG, "delete"), AlterConfigOp.OpType.SET);
        relay.clients()
                .admin()
                .incrementalAlterConfigs(Map.of(topic, List.of(delete)))
                .all()
                .get();

        send(relay, 0, "mended");
        relay.reader().awaitEvent("run.succeeded", "mended", PATIENCE);
        assertThat(process.lines())
                .as("it is said once, however often the topics are looked at")
                .filteredOn(line -> line.contains("takes the times of its records from producers"))
                .hasSize(1);
    }

    @Test
    void aTransactionThatHangsInTheLedgerIsWaitedFor() {
        Deployment relay = stage.deployment("hanging").set("relay.artifacts.paths", "manifest.json");
        createTopics(relay, Map.of());
        try (var other = relay.clients().newProducer(Map.of(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "somebody"))) {
            other.initTransactions();
            other.beginTransaction();
            var sent =
                    other.send(new ProducerRecord<>(relay.topic("ledger"), 1, bytes("c:x"), bytes("never committed")));
            other.flush();
            assertThat(sent).isDone();
            var process = relay.launch();
            process.process()
                    .awaitLine(Pattern.compile("somebody's open transaction hides the ledger partition"), PATIENCE);
            assertThat(process.isReady()).isFalse();
            other.abortTransaction();
        }

        send(relay, 1, "afterwards");
        relay.reader().awaitEvent("run.succeeded", "afterwards", PATIENCE);
    }

    private static List<ReceivedEvent> deadLetters(Deployment relay) {
        return relay.reader().events(event -> event.topic().equals(relay.topic("commands.dlq")));
    }

    private static void createTopics(Deployment relay, Map<String, String> deadLetterSettings) {
        relay.clients().createTopic(relay.topic("commands"), 3, Map.of());
        relay.clients().createTopic(relay.topic("run.events"), 3, Map.of());
        relay.clients().createTopic(relay.topic("artifact.events"), 3, Map.of());
        relay.clients().createTopic(relay.topic("commands.dlq"), 3, deadLetterSettings);
        relay.clients().createTopic(relay.topic("ledger"), 3, Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, "compact"));
    }

    private static void send(Deployment relay, int partition, String commandId) {
        relay.sendTo(partition, trigger(commandId, job));
    }
}
