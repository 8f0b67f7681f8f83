package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.inject.Vetoed;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.testkit.LogLines;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class LineageTest {

    private static final String RUNS = ScriptedCloud.event("run.running", "running");

    /** A consumer whose rebalances and failures a test has in its hand. */
    private static final class Reader extends MockConsumer<byte[], byte[]> {
        private final Map<TopicPartition, OffsetAndMetadata> remembered = new ConcurrentHashMap<>();
        private final Queue<RuntimeException> refusals = new ConcurrentLinkedQueue<>();
        private volatile boolean mayCommit = true;
        private volatile @Nullable ConsumerRebalanceListener listener;

        Reader() {
            super("earliest");
        }

        @Override
        public void subscribe(Collection<String> topics, ConsumerRebalanceListener owned) {
            super.subscribe(topics, owned);
            listener = owned;
        }

        @Override
        public synchronized void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets) {
            if (!mayCommit) {
                throw new KafkaException("the group goes on without this member");
            }
            @Nullable RuntimeException next = refusals.poll();
            if (next != null) {
                throw next;
            }
            remembered.putAll(offsets);
        }

        @Override
        public synchronized Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
            Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>(remembered);
            found.keySet().retainAll(partitions);
            return found;
        }
    }

    /** The settings with these clients in the place of real ones. */
    private final class Clients extends KafkaSettings {
        Clients(RelayConfig config) {
            super(Map.of(), config);
        }

        @Override
        public Consumer<byte[], byte[]> lineageConsumer() {
            return reader;
        }

        @Override
        public Producer<byte[], byte[]> lineageProducer() {
            return producer;
        }
    }

    /** No bean in the tests with a container. */
    @Vetoed
    private static final class Topics extends TopicCheck {
        Topics(KafkaSettings kafka, ScriptedCloud cloud) {
            super(kafka, cloud.clock);
        }

        @Override
        public String await() {
            return "they are as they have to be";
        }
    }

    /** A second passes with each look at it, so that each round commits. */
    private static final class FastClock extends Monotonic {
        private final AtomicLong seconds = new AtomicLong();

        @Override
        public long nanos() {
            return Duration.ofSeconds(seconds.incrementAndGet()).toNanos();
        }
    }

    private final ScriptedCloud cloud = new ScriptedCloud();
    private final Reader reader = new Reader();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private MockProducer<byte[], byte[]> producer =
            new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    private @Nullable Lineage lineage;
    private TopicPartition partition = new TopicPartition("none", 0);

    @AfterEach
    void stop() {
        if (lineage != null) {
            lineage.onStop(new ShutdownEvent());
            await().untilAsserted(() -> assertThat(reader.closed()).isTrue());
        }
    }

    private void start(Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(Map.of("relay.openlineage.enabled", "true"));
        settings.putAll(more);
        RelayConfig config = TestConnections.config(settings);
        partition = new TopicPartition(config.topics().runEvents(), 0);
        reader.updateBeginningOffsets(Map.of(partition, 0L));
        KafkaSettings kafka = new Clients(config);
        Lineage begun = new Lineage(
                config,
                kafka,
                new Topics(kafka, cloud),
                cloud.connections,
                TestConnections.application(),
                SimMetrics.on(registry),
                cloud.clock,
                new FastClock());
        begun.onStart(new StartupEvent());
        lineage = begun;
    }

    private void assign(Set<TopicPartition> partitions) {
        await().until(() -> reader.listener != null);
        reader.schedulePollTask(() -> reader.rebalance(partitions));
    }

    private void arrive(long offset, String event) {
        reader.schedulePollTask(() -> reader.addRecord(new ConsumerRecord<>(
                partition.topic(), 0, offset, new byte[0], event.getBytes(StandardCharsets.UTF_8))));
    }

    private void committed(long offset) {
        await().until(() -> {
            @Nullable OffsetAndMetadata at = reader.remembered.get(partition);
            return at != null && at.offset() == offset;
        });
    }

    @Test
    void tellsEventsAndRemembersIt() {
        start(Map.of());
        assign(Set.of(partition));
        arrive(0, RUNS);
        arrive(1, ScriptedCloud.event("run.queued", "queued"));

        committed(2);

        assertThat(producer.history())
                .hasSize(1)
                .allMatch(message -> message.topic().equals("dbt.lineage.events"));
        assertThat(registry.get("relay.lineage.lag.seconds").gauge().value()).isZero();
        assertThat(reader.subscription()).containsExactly(partition.topic());
    }

    @Test
    void goesOnBehindWhatIsRemembered() {
        reader.remembered.put(new TopicPartition("dbt.run.events", 0), new OffsetAndMetadata(5, "1d"));
        start(Map.of("relay.topics.run-events", "dbt.run.events"));
        assign(Set.of(partition));
        arrive(5, RUNS);
        arrive(6, RUNS);
        arrive(7, RUNS);

        committed(8);

        assertThat(producer.history()).as("of the second all was told").hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({
        "relay.openlineage.connections, other, 0",
        "relay.openlineage.connections, 'other,default', 1",
        "relay.openlineage.connections, 'other, default', 1",
        "relay.openlineage.jobs, '1,2', 0",
        "relay.openlineage.jobs, '1,559062', 1",
        "relay.openlineage.max-age, 1s, 0",
        "relay.openlineage.max-age, 2s, 1"
    })
    void tellsOfTheRunsOfTheConfiguration(String key, String value, int events) {
        start(Map.of(key, value));
        assign(Set.of(partition));
        arrive(0, RUNS);

        committed(1);

        assertThat(producer.history()).hasSize(events);
    }

    @Test
    void readsNoFurtherWhileMuchIsUntold() {
        producer = new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
        start(Map.of());
        assign(Set.of(partition));
        for (int i = 0; i < 100; i++) {
            arrive(i, RUNS);
        }

        await().until(() -> reader.paused().contains(partition));
        cloud.clock.advance(Duration.ofSeconds(30));
        await().until(() -> registry.get("relay.lineage.lag.seconds").gauge().value() == 32);

        await().until(() -> {
            producer.completeNext();
            return reader.paused().isEmpty();
        });
        await().pollInterval(Duration.ofMillis(2)).until(() -> {
            producer.completeNext();
            return producer.history().size() == 100;
        });
    }

    @Test
    void endsWithAPartitionThatIsRevoked() {
        start(Map.of());
        assign(Set.of(partition));
        arrive(0, RUNS);
        committed(1);

        assign(Set.of());
        await().until(() -> reader.assignment().isEmpty());
        assign(Set.of(partition));
        arrive(1, RUNS);

        committed(2);
        assertThat(producer.history()).hasSize(2);
    }

    /** Who has the partition next tells it again. */
    @Test
    void goesOnAfterARevocationThatCouldNotBeRemembered() {
        start(Map.of());
        assign(Set.of(partition));
        arrive(0, "no event");
        committed(1);
        reader.schedulePollTask(() -> {
            reader.mayCommit = false;
            ConsumerRebalanceListener owned = Objects.requireNonNull(reader.listener);
            owned.onPartitionsRevoked(Set.of(partition, new TopicPartition(partition.topic(), 9)));
            reader.mayCommit = true;
            owned.onPartitionsAssigned(Set.of(partition));
        });
        arrive(1, "no event");

        committed(2);
        assertThat(reader.closed()).isFalse();
    }

    /** A commit comes between the rounds of a rebalance, too: the reader stays, and commits after the next poll. */
    @Test
    void goesOnWhenTheGroupSharesOutAnewWhileItCommits() {
        start(Map.of());
        assign(Set.of(partition));
        committed(0);
        reader.refusals.add(new RebalanceInProgressException());
        reader.refusals.add(new CommitFailedException());
        reader.refusals.add(new TimeoutException("no broker answers"));
        arrive(0, RUNS);

        committed(1);

        assertThat(reader.refusals).isEmpty();
        assertThat(reader.closed()).isFalse();
        assertThat(producer.history()).as("told once").hasSize(1);
    }

    @Test
    void leavesEventsOfALostPartitionToOthers() {
        start(Map.of());
        assign(Set.of(partition));
        committed(0);
        reader.schedulePollTask(() -> Objects.requireNonNull(reader.listener)
                .onPartitionsLost(List.of(partition, new TopicPartition(partition.topic(), 9))));
        arrive(0, RUNS);

        await().until(() -> reader.position(partition) == 1);
        reader.schedulePollTask(() -> Objects.requireNonNull(reader.listener).onPartitionsAssigned(Set.of(partition)));
        arrive(1, RUNS);

        committed(2);
        assertThat(producer.history()).as("only of the second").hasSize(1);
    }

    @Test
    void givesTheReaderUpWhenKafkaFails() {
        start(Map.of());
        assign(Set.of(partition));
        committed(0);
        reader.setPollException(new KafkaException("no rights"));

        await().until(reader::closed);

        assertThat(producer.closed()).as("it tries again").isFalse();
    }

    /** The line has all that who gives rights has to know. */
    @ParameterizedTest
    @CsvSource({"topic, Read topic 'dbt.run.events'", "group, Read consumer group 'dbt-cloud-relay-lineage'"})
    void namesTheRightThatIsMissing(String of, String right) {
        try (LogLines log = LogLines.of(Lineage.class.getName())) {
            start(Map.of());
            assign(Set.of(partition));
            committed(0);
            reader.setPollException(
                    of.equals("topic")
                            ? new TopicAuthorizationException(Set.of(partition.topic()))
                            : GroupAuthorizationException.forGroupId("dbt-cloud-relay-lineage"));
            await().until(reader::closed);
            await().untilAsserted(() -> assertThat(log.lines())
                    .singleElement()
                    .asString()
                    .contains("Lineage cannot read the relay's events")
                    .contains("Kafka does not let the relay's user " + right + "; add the ACL"));
        }
    }

    /** The alert has to see it, though nothing is read that could be behind. */
    @Test
    void isBehindAsLongAsItCannotRead() {
        start(Map.of());
        assign(Set.of(partition));
        committed(0);
        reader.setPollException(new KafkaException("no rights"));
        await().until(reader::closed);

        cloud.clock.advance(Duration.ofHours(2));

        // It tries every five seconds, and this reader cannot be opened again.
        await().atMost(Duration.ofSeconds(20))
                .until(() -> registry.get("relay.lineage.lag.seconds").gauge().value() >= 7_200);
    }

    @Test
    void givesTheReaderUpAfterAnInternalError() {
        start(Map.of());
        assign(Set.of(partition));
        committed(0);
        reader.schedulePollTask(() -> {
            throw new IllegalStateException("an internal error");
        });

        await().until(reader::closed);

        assertThat(producer.closed()).as("it tries again").isFalse();
    }

    @Test
    void endsWithTheRelay() {
        start(Map.of());
        assign(Set.of(partition));
        committed(0);

        Objects.requireNonNull(lineage).onStop(new ShutdownEvent());

        await().until(() -> reader.closed() && producer.closed());
    }

    @Test
    void writesToATopicBesideAServer() {
        start(Map.of("relay.openlineage.topic", "lineage", "relay.openlineage.url", "http://127.0.0.1:1"));
        assign(Set.of(partition));
        arrive(0, RUNS);

        await().until(() -> producer.history().size() == 1);

        assertThat(producer.history().getFirst().topic()).isEqualTo("lineage");
        assertThat(reader.remembered.get(partition))
                .as("the server has it not")
                .satisfies(at -> assertThat(at == null || at.offset() == 0).isTrue());
    }
}
