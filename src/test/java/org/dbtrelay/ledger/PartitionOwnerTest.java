package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.metrics.SimMetrics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an owner does after a claim that failed, on clients of Kafka without a broker, where waiting takes no time. */
class PartitionOwnerTest {

    private static final int PARTITION = 1;
    private static final TopicPartition LEDGER = new TopicPartition("dbt.relay.ledger", PARTITION);

    private final AtomicInteger claims = new AtomicInteger();
    private final AtomicInteger looks = new AtomicInteger();
    private final AtomicInteger errors = new AtomicInteger();
    private volatile boolean unreadable;

    private final Owners owners = new SimLedger(
                    new Clients(),
                    config(),
                    claim -> new Idle(),
                    channel(),
                    Clock.systemUTC(),
                    new Hurried(),
                    SimMetrics.none(),
                    change -> {})
            .owners();

    @AfterEach
    void stop() {
        owners.revoked(List.of(PARTITION));
    }

    @Test
    void a_degraded_partition_is_looked_at_again_and_again_and_not_claimed_before_it_can_be_read() {
        unreadable = true;

        owners.assigned(List.of(PARTITION));
        await().until(() -> looks.get() > 10);

        assertThat(claims).as("each would fence whoever has the partition").hasValue(1);

        unreadable = false;
        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        assertThat(claims).hasValue(2);
    }

    @Test
    void an_error_does_not_end_the_owner() {
        errors.set(3);

        owners.assigned(List.of(PARTITION));

        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        assertThat(claims).hasValue(4);
    }

    private OwnerStatus.Phase phase() {
        return owners.status().getFirst().phase();
    }

    private final class Clients implements SimLedger.Clients {
        @Override
        public Producer<byte[], byte[]> producer(int partition) {
            claims.incrementAndGet();
            return new MockProducer<>();
        }

        @Override
        public Consumer<byte[], byte[]> reader(int partition) {
            looks.incrementAndGet();
            if (errors.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                throw new StackOverflowError();
            }
            MockConsumer<byte[], byte[]> reader = new MockConsumer<>("earliest");
            reader.updateBeginningOffsets(Map.of(LEDGER, 0L));
            reader.updateEndOffsets(Map.of(LEDGER, unreadable ? 1L : 0L));
            if (unreadable) {
                reader.schedulePollTask(() -> reader.addRecord(new ConsumerRecord<>(
                        LEDGER.topic(), PARTITION, 0, bytes("c:x"), bytes("{\"v\":99,\"entry\":{}}"))));
            }
            return reader;
        }

        @Override
        public long[] endAndCommitted(int partition) {
            return new long[] {0, 0};
        }

        @Override
        public String topicId() {
            return "commands-topic";
        }

        @Override
        public int partitions() {
            return PARTITION + 1;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static final class Idle implements PartitionWork.Session {
        @Override
        public PartitionWork.Taken take(List<Arrival> arrivals) {
            return new PartitionWork.Taken(arrivals.size(), Instant.MAX);
        }

        @Override
        public int pending() {
            return 0;
        }

        @Override
        public void drain() {}

        @Override
        public boolean isDrained() {
            return true;
        }

        @Override
        public void end() {}
    }

    /** Whoever waits is told at once that the time has passed. */
    static final class Hurried extends Monotonic {
        private final AtomicLong ahead = new AtomicLong();

        @Override
        public long nanos() {
            return super.nanos() + ahead.get();
        }

        @Override
        public Condition condition(Lock lock) {
            Condition real = lock.newCondition();
            return (Condition) Proxy.newProxyInstance(
                    PartitionOwnerTest.class.getClassLoader(),
                    new Class<?>[] {Condition.class},
                    (proxy, method, arguments) -> waited(real, method, arguments));
        }

        private Object waited(Condition real, Method method, Object[] arguments) throws Throwable {
            try {
                if (!method.getName().equals("awaitNanos")) {
                    return method.invoke(real, arguments);
                }
                ahead.addAndGet((long) arguments[0]);
                method.invoke(real, TimeUnit.MILLISECONDS.toNanos(1));
                return 0L;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        @Override
        public void pause(Duration time) {
            ahead.addAndGet(time.toNanos());
        }
    }

    /** Nothing is fetched, so there is nothing to hold back. */
    static KafkaClientService channel() {
        KafkaConsumer<?, ?> consumer =
                proxy(KafkaConsumer.class, Uni.createFrom().voidItem());
        return proxy(KafkaClientService.class, consumer);
    }

    private static <T> T proxy(Class<T> type, Object answer) {
        return type.cast(Proxy.newProxyInstance(
                PartitionOwnerTest.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> answer));
    }

    private static RelayConfig config() {
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                .build()
                .getConfigMapping(RelayConfig.class);
    }
}
