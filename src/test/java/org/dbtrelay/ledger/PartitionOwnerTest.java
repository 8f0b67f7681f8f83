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
import java.util.concurrent.CountDownLatch;
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
import org.apache.kafka.common.errors.TimeoutException;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.ledger.entry.Position;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.job.Target;
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
    private final List<Long> arrivedAt = new CopyOnWriteArrayList<>();
    private final List<Boolean> paused = new CopyOnWriteArrayList<>();
    private final List<Input> arrived = new CopyOnWriteArrayList<>();
    private final AtomicInteger rewinds = new AtomicInteger();

    /** No broker tells what the group has committed. */
    private volatile boolean silent;

    /** What the ledger partition has; empty: nothing. */
    private volatile byte[] position = {};

    /** The offset that the consumer fetches next. */
    private volatile long fetched;

    /** What the group has committed. */
    private volatile long committed;

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
                    return new Idle(() -> takes.run(), arrived, arrivedAt);
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

    /** A sweep brings a page for each hundred runs of the last hour every five minutes, and a person may come in days. */
    @Test
    void aDegradedPartitionKeepsNothingOfWhatOnlyWhoServesCanUse() {
        unreadable = true;
        owners.assigned(List.of(PARTITION));
        await().until(() -> phase() == OwnerStatus.Phase.DEGRADED);

        for (int i = 0; i < 1_000; i++) {
            owners.offerToAll(new Input.SweepResult(new Target("default", 1), List.of()));
        }
        unreadable = false;
        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        owners.offerToAll(new Input.JobsSwitched());

        await().until(() -> arrived.contains(new Input.JobsSwitched()));
        assertThat(arrived).containsExactly(new Input.JobsSwitched());
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

        assertThat(sought).containsExactly(7L);
        assertThat(paused).containsExactly(true);
        assertThat(owners.status())
                .as("a record that was fetched before would make it ignore those that were dropped")
                .isEmpty();

        owners.compareWithAssignment();

        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        assertThat(paused).containsExactly(true, false);

        owners.compareWithAssignment();
        assertThat(sought).as("now it has one").hasSize(1);

        assignment.clear();
        owners.compareWithAssignment();
        assertThat(owners.status()).as("of what is somebody else's").isEmpty();
    }

    @Test
    void aPartitionThatCannotBeFetchedAgainGetsNoOwnerThatWouldIgnoreWhatWasDropped() {
        assignment.add(PARTITION);
        silent = true;

        owners.compareWithAssignment();
        owners.compareWithAssignment();
        assertThat(owners.status()).isEmpty();

        silent = false;
        owners.compareWithAssignment();
        assertThat(sought).containsExactly(7L);
        owners.compareWithAssignment();
        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
    }

    /** An aborted transaction is at its beginning, and nothing that is delivered tells an old record from a new one. */
    @Test
    void aTopicThatWasMadeAnewIsTakenWhereverItsFirstRecordLies() throws Exception {
        position = EntryCodec.write(new Position("the-topic-before", 40, null, null, null));
        fetched = 2;
        assignment.add(PARTITION);
        owners.assigned(List.of(PARTITION));
        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        assertThat(rewinds).hasValue(1);

        offer(2);
        owners.compareWithLog();
        assertThat(rewinds).hasValue(2);
        offer(2);
        offer(3);

        await().until(() -> arrived.size() == 2);
        owners.compareWithLog();
        assertThat(rewinds).as("now they are taken").hasValue(2);
    }

    /** The group has what it had committed of the topic before, until the new one is as long: its consumer begins there. */
    @Test
    void aTopicThatWasMadeAnewIsNotTakenFromWhereTheGroupHadBeenInTheOneBefore() {
        position = EntryCodec.write(new Position("commands-topic", 300, null, null, 1_000L));
        committed = 1_000;
        fetched = 1_500;
        assignment.add(PARTITION);
        owners.assigned(List.of(PARTITION));
        await().until(() -> phase() == OwnerStatus.Phase.SERVING);

        assertThat(rewinds).hasValue(1);
        offer(1_000);
        offer(301);

        await().until(() -> !arrived.isEmpty());
        assertThat(arrivedAt).as("those in between would count as taken").containsExactly(301L);
    }

    private void offer(long offset) {
        Input unreadable = new Input.NotACommand(new DeadLetter(DeadLetterReason.MALFORMED, "a test"));
        owners.offer(
                new ConsumerRecord<>("dbt.commands", PARTITION, offset, bytes("key"), bytes("value")),
                unreadable,
                () -> {});
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

    /** A rebalance and a stop may meet: what the stop closes next, an owner that still drains has in use. */
    @Test
    void aStopWaitsForTheOwnersOfPartitionsThatTheGroupIsTakingAway() throws Exception {
        CountDownLatch answered = ownerThatWaits();
        Thread rebalance = Thread.startVirtualThread(() -> owners.revoked(List.of(PARTITION)));
        await().until(() -> owners.status().isEmpty());

        Thread stop = Thread.ofPlatform().start(() -> ledger.shutdown());

        assertWaits(stop);
        answered.countDown();
        stop.join();
        rebalance.join();
    }

    /** Quarkus waits up to ten seconds for requests before it says that the process stops. */
    @Test
    void fromTheFirstMomentOfAStopOnOwnersDrainAndNoneBegins() throws Exception {
        CountDownLatch answered = ownerThatWaits();

        ledger.beginStop();

        await().until(() -> owners.status().isEmpty());
        owners.assigned(List.of(PARTITION));
        assertThat(owners.status()).isEmpty();
        answered.countDown();
        ledger.shutdown();
        assertThat(claims).hasValue(1);
    }

    /** The next owner would fence one that still drains. */
    @Test
    void aRebalanceWaitsForTheOwnersThatAStopHasGivenUp() throws Exception {
        CountDownLatch answered = ownerThatWaits();
        ledger.beginStop();
        await().until(() -> owners.status().isEmpty());

        Thread rebalance = Thread.ofPlatform().start(() -> owners.revoked(List.of(PARTITION)));

        assertWaits(rebalance);
        answered.countDown();
        rebalance.join();
        ledger.shutdown();
    }

    /** The owner serves and is busy until the latch is opened. */
    private CountDownLatch ownerThatWaits() throws InterruptedException {
        owners.assigned(List.of(PARTITION));
        await().until(() -> phase() == OwnerStatus.Phase.SERVING);
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch answered = new CountDownLatch(1);
        takes = () -> {
            busy.countDown();
            try {
                answered.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        owners.offerToAll(new Input.JobsSwitched());
        busy.await();
        return answered;
    }

    private static void assertWaits(Thread thread) {
        await().until(() ->
                thread.getState() == Thread.State.TIMED_WAITING || thread.getState() == Thread.State.TERMINATED);
        assertThat(thread.getState()).isEqualTo(Thread.State.TIMED_WAITING);
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
            reader.updateEndOffsets(Map.of(LEDGER, unreadable ? 2L : position.length == 0 ? 0L : 1L));
            if (position.length > 0) {
                reader.schedulePollTask(() ->
                        reader.addRecord(new ConsumerRecord<>(LEDGER.topic(), PARTITION, 0, bytes("p:"), position)));
            }
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
            return new long[] {committed * 2, committed};
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

    private record Idle(Runnable taken, List<Input> arrived, List<Long> arrivedAt)
            implements PartitionProcessor.Session {
        @Override
        public PartitionProcessor.Taken take(List<MailboxItem> arrivals) {
            taken.run();
            for (MailboxItem arrival : arrivals) {
                if (arrival.origin() != null) {
                    arrivedAt.add(arrival.origin().record().offset());
                }
                arrived.add(arrival.input());
            }
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
                    case "committed" -> {
                        if (silent) {
                            throw new TimeoutException("no broker answers");
                        }
                        yield Map.of(new TopicPartition("dbt.commands", PARTITION), new OffsetAndMetadata(7));
                    }
                    case "pause", "resume" -> {
                        if (!((Collection<?>) arguments[0]).isEmpty()) {
                            paused.add(method.getName().equals("pause"));
                        }
                        yield null;
                    }
                    case "position" -> fetched;
                    case "seekToBeginning" -> {
                        rewinds.incrementAndGet();
                        yield null;
                    }
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
                    try {
                        ((java.util.function.Consumer<Consumer<byte[], byte[]>>) arguments[0]).accept(polled);
                        return Uni.createFrom().voidItem();
                    } catch (TimeoutException e) {
                        return Uni.createFrom().failure(e);
                    }
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
