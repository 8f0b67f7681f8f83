package org.dbtrelay.ledger.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.internals.KafkaFutureImpl;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A topic that every instance reads whole: what its listener is told, and when. */
class BroadcastTopicTest {

    private static final String TOPIC = "dbt.relay.control";
    private static final Duration RETRY_AFTER = Duration.ofMillis(50);
    private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);

    private final List<String> told = new CopyOnWriteArrayList<>();
    private final List<MockConsumer<byte[], byte[]>> readers = new CopyOnWriteArrayList<>();
    private final MockProducer<byte[], byte[]> producer =
            new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    private final List<Exception> refusals = new ArrayList<>();
    private Set<AclOperation> rights = EnumSet.of(AclOperation.READ, AclOperation.WRITE);
    private final AtomicInteger faults = new AtomicInteger();
    private long end;
    private BroadcastTopic topic;

    private final KafkaSettings kafka = new KafkaSettings(Map.of(), TestConnections.config(Map.of())) {
        @Override
        synchronized Admin admin() {
            return (Admin) Proxy.newProxyInstance(
                    Admin.class.getClassLoader(),
                    new Class<?>[] {Admin.class},
                    (proxy, called, arguments) -> called.getName().equals("describeTopics") ? new Described() : null);
        }

        @Override
        Consumer<byte[], byte[]> broadcastReader(String name) {
            MockConsumer<byte[], byte[]> reader = new MockConsumer<>("earliest");
            reader.updateBeginningOffsets(Map.of(PARTITION, 0L));
            reader.updateEndOffsets(Map.of(PARTITION, end));
            readers.add(reader);
            return reader;
        }
    };

    private final class Described extends DescribeTopicsResult {
        Described() {
            super(null, Map.of(TOPIC, described()));
        }
    }

    private KafkaFuture<TopicDescription> described() {
        KafkaFutureImpl<TopicDescription> future = new KafkaFutureImpl<>();
        if (refusals.isEmpty()) {
            Node node = new Node(1, "localhost", 9092);
            future.complete(new TopicDescription(
                    TOPIC, false, List.of(new TopicPartitionInfo(0, node, List.of(node), List.of(node))), rights));
        } else {
            future.completeExceptionally(refusals.getFirst());
        }
        return future;
    }

    private void start(BroadcastTopic.From from) {
        BroadcastTopic.Listener listener = new BroadcastTopic.Listener() {
            @Override
            public void received(ConsumerRecord<byte[], byte[]> message) {
                told.add(new String(message.value(), UTF_8));
                if (faults.getAndDecrement() > 0) {
                    throw new StackOverflowError("a fault of the listener");
                }
            }

            @Override
            public void caughtUp() {
                told.add("caught up");
            }

            @Override
            public void absent(String reason) {
                told.add("absent: " + reason);
            }

            @Override
            public void interrupted(String reason) {
                told.add("interrupted: " + reason);
            }
        };
        topic = new BroadcastTopic(kafka, TOPIC, from, settings -> producer, listener, RETRY_AFTER);
        topic.start();
    }

    @AfterEach
    void stop() {
        topic.stop();
    }

    private static void write(MockConsumer<byte[], byte[]> reader, long offset, String value) {
        reader.addRecord(new ConsumerRecord<>(TOPIC, 0, offset, null, value.getBytes(UTF_8)));
    }

    private MockConsumer<byte[], byte[]> reader(int number) {
        await().until(() ->
                readers.size() > number && !readers.get(number).assignment().isEmpty());
        return readers.get(number);
    }

    private void awaitTold(String... all) {
        await().untilAsserted(() -> assertThat(told).containsExactly(all));
    }

    @Test
    void hasCaughtUpWhenItHasReadAllThatWasThere() {
        end = 2;
        start(BroadcastTopic.From.START);
        MockConsumer<byte[], byte[]> reader = reader(0);
        write(reader, 0, "one");
        awaitTold("one");
        write(reader, 1, "two");
        awaitTold("one", "two", "caught up");
        write(reader, 2, "three");
        awaitTold("one", "two", "caught up", "three");
    }

    @Test
    void fromTheEndItHasCaughtUpAtOnce() {
        end = 2;
        start(BroadcastTopic.From.END);
        reader(0);
        awaitTold("caught up");
        write(reader(0), 2, "new");
        awaitTold("caught up", "new");
    }

    @Test
    void aMissingTopicIsToldOnceAndFoundLater() {
        refusals.add(new UnknownTopicOrPartitionException("no"));
        start(BroadcastTopic.From.START);
        awaitTold("absent: topic 'dbt.relay.control' does not exist");

        refusals.clear();
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(told).endsWith("caught up").hasSize(2));
    }

    @Test
    void aMissingRightIsNamed() {
        rights = EnumSet.of(AclOperation.WRITE);
        start(BroadcastTopic.From.START);
        awaitTold("absent: Kafka does not let the relay's user Read topic 'dbt.relay.control'; add the ACL");
    }

    @Test
    void whatMayNotBeDescribedMayNotBeRead() {
        refusals.add(new TopicAuthorizationException("no"));
        start(BroadcastTopic.From.START);
        awaitTold("absent: Kafka does not let the relay's user Describe topic 'dbt.relay.control'; add the ACL");
    }

    @Test
    void afterAnInterruptionItReadsAllAnew() {
        end = 1;
        start(BroadcastTopic.From.START);
        write(reader(0), 0, "one");
        awaitTold("one", "caught up");

        readers.getFirst().setPollException(new KafkaException("the broker is away"));
        await().untilAsserted(() -> assertThat(told).contains("interrupted: the broker is away"));
        await().atMost(Duration.ofSeconds(20)).until(() -> readers.size() == 2);
        write(reader(1), 0, "one");
        await().untilAsserted(() -> assertThat(told)
                .containsExactly("one", "caught up", "interrupted: the broker is away", "one", "caught up"));
    }

    @Test
    void anErrorOfTheListenerEndsTheReadingOfNoOtherRecord() {
        end = 1;
        faults.set(1);
        start(BroadcastTopic.From.START);
        write(reader(0), 0, "one");
        awaitTold("one");

        write(reader(1), 0, "one");
        awaitTold("one", "one", "caught up");
    }

    @Test
    void sendsUntilItStops() {
        start(BroadcastTopic.From.END);
        var _ = topic.send("key".getBytes(UTF_8), null, (metadata, failure) -> {});
        assertThat(producer.history()).singleElement().satisfies(record -> {
            assertThat(record.topic()).isEqualTo(TOPIC);
            assertThat(record.key()).isEqualTo("key".getBytes(UTF_8));
            assertThat(record.value()).isNull();
        });

        topic.stop();
        assertThat(producer.closed()).isTrue();
        assertThatThrownBy(() -> topic.send(null, null, (metadata, failure) -> {}))
                .isInstanceOf(KafkaException.class)
                .hasMessage("the relay stops");
    }
}
