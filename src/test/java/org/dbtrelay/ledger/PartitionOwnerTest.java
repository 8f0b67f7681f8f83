package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.metrics.SimMetrics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an owner does after a claim that failed, on clients of Kafka without a broker, where waiting takes no time. */
class PartitionOwnerTest {

    private static final int PARTITION = 1;
    private static final TopicPartition LEDGER = new TopicPartition("dbt.relay.ledger", PARTITION);

    private final AtomicInteger claims = new AtomicInteger();
    private final AtomicInteger reads = new AtomicInteger();
    private final AtomicInteger errors = new AtomicInteger();
    private volatile boolean unreadable;
    private volatile long ledgerEnd;
    private volatile String skip = "";
    private final Collection<Integer> assignment = new CopyOnWriteArrayList<>();
    private final List<String> restored = new CopyOnWriteArrayList<>();
    private final List<Long> sought = new CopyOnWriteArrayList<>();

    /** Called at the beginning of each session. */
    private volatile Runnable begins = () -> {};

    /** Called with each session's step. */
    private volatile Runnable takes = () -> {};

    /** Called when an owner is made. */
    private volatile Runnable made = () -> {};

    private final Clock clock = new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instant instant() {
            made.run();
            return Clock.systemUTC().instant();
        }
    };

    private SimLedger ledger = ledger();
    private Owners owners = ledger.owners();

    private SimLedger ledger() {
        return new SimLedger(
                new Clients(),
                config(skip),
                claim -> {
                    restored.addAll(claim.restored().entries().keySet());
                    begins.run();
                    return new Idle(() -> takes.run());
                },
                polling(),
                clock,
                new Hurried(),
                SimMetrics.none(),
                change -> {});
    }

    @AfterEach
    void stop() {
        owners.revoked(List.of(PARTITION));
    }

    @Test
    void aDegradedPartitionIsReadAgainAndAgainAndNotClaimedBeforeItCanBeRead() {
        unreadable = true;

        owners.assigned(List.of(PARTITION));
        await().until(() -> reads.get() > 10);

        assertThat(claims).as("each would fence whoever has the partition").hasValue(1);

        unreadable = false;
        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        assertThat(claims).hasValue(2);
    }

    @Test
    void anErrorDoesNotEndTheOwner() {
        errors.set(3);

        owners.assigned(List.of(PARTITION));

        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        assertThat(claims).hasValue(4);
    }

    @Test
    void aPartitionThatIsGivenAgainGetsAnotherOwner() {
        owners.assigned(List.of(PARTITION));
        await().until(() -> phase() == OwnerStatus.Phase.SERVING);

        owners.assigned(List.of(PARTITION));

        await().until(() -> claims.get() == 2 && phase() == OwnerStatus.Phase.SERVING);
        assertThat(owners.status()).hasSize(1);
    }

    @Test
    void anAssignedPartitionWithoutAnOwnerGetsOneAndIsFetchedAgain() {
        assignment.add(PARTITION);

        owners.compareWithAssignment();

        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        assertThat(sought).containsExactly(7L);

        owners.compareWithAssignment();
        assertThat(sought).as("now it has one").hasSize(1);

        assignment.clear();
        owners.compareWithAssignment();
        assertThat(owners.status()).as("of what is somebody else's").isEmpty();
    }

    @Test
    void aStopThatComesWhileAClaimIsMadeLetsNothingBegin() {
        AtomicInteger steps = new AtomicInteger();
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        takes = steps::incrementAndGet;
        begins = () -> {
            Thread owner = Thread.currentThread();
            Thread.startVirtualThread(() -> {
                owners.revoked(List.of(PARTITION));
                stopped.complete(null);
            });
            await().until(owner::isInterrupted);
        };

        owners.assigned(List.of(PARTITION));

        await().until(stopped::isDone);
        assertThat(steps)
                .as("of a session that would be interrupted in the midst of it")
                .hasValue(0);
    }

    @Test
    void aPartitionThatIsAssignedWhileTheProcessStopsHasNoOwnerInTheEnd() {
        AtomicReference<Thread> shutdown = new AtomicReference<>();
        made = () -> {
            made = () -> {};
            Thread stopper = Thread.ofPlatform().start(() -> ledger.shutdown());
            shutdown.set(stopper);
            await().until(() -> stopper.getState() != Thread.State.RUNNABLE && stopper.getState() != Thread.State.NEW);
        };

        owners.assigned(List.of(PARTITION));

        await().until(() -> shutdown.get().getState() == Thread.State.TERMINATED);
        assertThat(owners.status()).isEmpty();
    }

    @Test
    void anOpenTransactionInTheLedgerIsWaitedFor() {
        ledgerEnd = 5;

        owners.assigned(List.of(PARTITION));

        await().until(() -> owners.status().getFirst().detail().contains("open transaction"));
        assertThat(phase()).isNotEqualTo(OwnerStatus.Phase.SERVING);

        ledgerEnd = 0;
        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
    }

    @Test
    void onlyWhatCannotBeReadIsSkipped() {
        unreadable = true;
        skip = PARTITION + "@0," + PARTITION + "@1";
        owners = ledger().owners();
        owners.assigned(List.of(PARTITION));

        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        assertThat(restored).as("the healthy one").containsExactly("c8");
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
            reads.incrementAndGet();
            if (errors.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                throw new StackOverflowError();
            }
            MockConsumer<byte[], byte[]> reader = new MockConsumer<>("earliest");
            reader.updateBeginningOffsets(Map.of(LEDGER, 0L));
            reader.updateEndOffsets(Map.of(LEDGER, unreadable ? 2L : 0L));
            if (unreadable) {
                reader.schedulePollTask(() -> {
                    reader.addRecord(new ConsumerRecord<>(
                            LEDGER.topic(), PARTITION, 0, bytes("c:x"), bytes("{\"v\":99,\"entry\":{}}")));
                    reader.addRecord(new ConsumerRecord<>(LEDGER.topic(), PARTITION, 1, bytes("c:c8"), finished()));
                });
            }
            return reader;
        }

        @Override
        public long[] endAndCommitted(int partition) {
            return new long[] {0, 0};
        }

        @Override
        public long ledgerEnd(int partition) {
            return ledgerEnd;
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

    private static byte[] finished() {
        try (InputStream in = PartitionOwnerTest.class.getResourceAsStream("/ledger/v1/8-finished.json")) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private record Idle(Runnable taken) implements PartitionProcessor.Session {
        @Override
        public PartitionProcessor.Taken take(List<MailboxItem> arrivals) {
            taken.run();
            return new PartitionProcessor.Taken(arrivals.size(), Instant.MAX);
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

    /** A consumer of the channel that runs at once what it is given to run between two polls. */
    @SuppressWarnings("unchecked")
    private KafkaClientService polling() {
        Consumer<byte[], byte[]> polled = (Consumer<byte[], byte[]>) Proxy.newProxyInstance(
                PartitionOwnerTest.class.getClassLoader(),
                new Class<?>[] {Consumer.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "assignment" ->
                        assignment.stream()
                                .map(partition -> new TopicPartition("dbt.commands", partition))
                                .collect(Collectors.toSet());
                    case "committed" -> Map.of(new TopicPartition("dbt.commands", PARTITION), new OffsetAndMetadata(7));
                    case "seek" -> {
                        sought.add(((OffsetAndMetadata) arguments[1]).offset());
                        yield null;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                });
        KafkaConsumer<?, ?> consumer = (KafkaConsumer<?, ?>) Proxy.newProxyInstance(
                PartitionOwnerTest.class.getClassLoader(),
                new Class<?>[] {KafkaConsumer.class},
                (proxy, method, arguments) -> {
                    ((java.util.function.Consumer<Consumer<byte[], byte[]>>) arguments[0]).accept(polled);
                    return Uni.createFrom().voidItem();
                });
        return proxy(KafkaClientService.class, consumer);
    }

    private static <T> T proxy(Class<T> type, Object answer) {
        return type.cast(Proxy.newProxyInstance(
                PartitionOwnerTest.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> answer));
    }

    private static RelayConfig config(String skip) {
        Map<String, String> properties = skip.isEmpty() ? Map.of() : Map.of("relay.ledger.skip", skip);
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                .withSources(new PropertiesConfigSource(properties, "owner", 1000))
                .build()
                .getConfigMapping(RelayConfig.class);
    }
}
