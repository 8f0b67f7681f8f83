package org.dbtrelay.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads topics from their beginning as a careful consumer does ({@code isolation.level=read_committed}) and keeps all that
 * it read, in the order of reading. A topic may appear later than the reader; a broker that goes and comes back is waited for.
 * It belongs to no consumer group and commits nothing. Safe for use from several threads.
 */
public final class TopicReader implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(100);
    private static final int SHOWN_ON_FAILURE = 30;

    private final String bootstrapServers;
    private final UnaryOperator<ReceivedEvent> kept;
    private final Set<String> topics;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<ReceivedEvent> received = new ArrayList<>();
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private final List<String> schemaFaults = new ArrayList<>();
    private Throwable failure;
    private volatile boolean closed;

    private TopicReader(String bootstrapServers, UnaryOperator<ReceivedEvent> kept, Collection<String> topics) {
        this.kept = kept;
        this.bootstrapServers = bootstrapServers;
        this.topics = Set.copyOf(topics);
        this.consumer = new KafkaConsumer<>(
                Map.of(
                        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrapServers,
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                        "read_committed",
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        "earliest",
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                        false,
                        ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
                        false,
                        ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
                        100),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        this.thread = Thread.ofPlatform().daemon().name("topic-reader").start(this::readUntilClosed);
    }

    /** Begins to read these topics of the broker in the background. */
    public static TopicReader of(String bootstrapServers, String... topics) {
        return keeping(UnaryOperator.identity(), bootstrapServers, topics);
    }

    /**
     * As {@link #of}, for so many records that they would not all fit into memory: of each only what {@code kept} makes of
     * it is kept. That is called once for each record, in the order of reading, when the schema has been checked.
     */
    public static TopicReader keeping(UnaryOperator<ReceivedEvent> kept, String bootstrapServers, String... topics) {
        return new TopicReader(bootstrapServers, kept, Arrays.asList(topics));
    }

    /** All that has been read so far, in the order of reading; a copy. */
    public List<ReceivedEvent> events() {
        lock.lock();
        try {
            return List.copyOf(received);
        } finally {
            lock.unlock();
        }
    }

    /** The records read so far that pass the test, in the order of reading. */
    public List<ReceivedEvent> events(Predicate<ReceivedEvent> wanted) {
        return events().stream().filter(wanted).toList();
    }

    /** The events of one command read so far, by sequence, over all topics. */
    public List<ReceivedEvent> eventsOf(String commandId) {
        return EventHistory.of(events()).eventsOf(commandId);
    }

    /**
     * Waits for the first record that passes the test; one that has been read already counts.
     *
     * @throws AssertionError if none came in time, with the latest records that did come
     */
    public ReceivedEvent awaitFor(Predicate<ReceivedEvent> wanted, Duration limit) {
        return await(1, wanted, limit).getFirst();
    }

    /** Waits for the first event of this short type (for example {@code run.succeeded}) of this command. */
    public ReceivedEvent awaitEvent(String type, String commandId, Duration limit) {
        try {
            return awaitFor(event -> event.is(type, commandId), limit);
        } catch (AssertionError e) {
            throw new AssertionError("No " + type + " of command " + commandId + ": " + e.getMessage(), e);
        }
    }

    /**
     * Waits until so many records have been read that pass the test, and returns all that do.
     *
     * @throws AssertionError if they did not come in time, with the latest records that did come
     */
    public List<ReceivedEvent> await(int count, Predicate<ReceivedEvent> wanted, Duration limit) {
        long left = limit.toNanos();
        lock.lock();
        try {
            while (true) {
                List<ReceivedEvent> found = received.stream().filter(wanted).toList();
                if (found.size() >= count) {
                    return found;
                }
                if (failure != null) {
                    throw new AssertionError("The reader of " + topics + " failed", failure);
                }
                if (left <= 0) {
                    throw new AssertionError("%d of %d awaited records came within %s from %s.%n%s"
                            .formatted(found.size(), count, limit, topics, latest()));
                }
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The records after the first so many, in the order of reading; waits for the next one if there is none yet.
     * Empty if none came in time.
     */
    public List<ReceivedEvent> eventsAfter(int known, Duration limit) {
        long left = limit.toNanos();
        lock.lock();
        try {
            while (received.size() <= known && failure == null && left > 0) {
                left = changed.awaitNanos(left);
            }
            if (failure != null) {
                throw new AssertionError("The reader of " + topics + " failed", failure);
            }
            return List.copyOf(received.subList(Math.min(known, received.size()), received.size()));
        } catch (InterruptedException e) {
            throw interrupted(e);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until everything has been read that was committed before this call. Good for "nothing more came".
     *
     * @throws AssertionError if that took longer than the limit, or as {@link #close} does
     */
    public void awaitEnd(Duration limit) {
        Map<TopicPartition, Long> end = lastStableOffsets();
        long left = limit.toNanos();
        lock.lock();
        try {
            while (end.entrySet().stream().anyMatch(e -> positions.getOrDefault(e.getKey(), 0L) < e.getValue())) {
                if (failure != null || left <= 0) {
                    throw new AssertionError(
                            "Not all was read within %s: at %s of %s".formatted(limit, positions, end), failure);
                }
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        } finally {
            lock.unlock();
        }
        checkSchemas();
    }

    /**
     * Stops reading; what was read stays.
     *
     * @throws AssertionError if an event of the relay was not as {@code docs/schemas} says: whatever a test looks at, all the
     *     events that it met are checked
     */
    @Override
    public void close() {
        closed = true;
        consumer.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        checkSchemas();
    }

    private void checkSchemas() {
        lock.lock();
        try {
            if (!schemaFaults.isEmpty()) {
                throw new AssertionError(
                        "Events are not as docs/schemas says:\n  " + String.join("\n  ", schemaFaults));
            }
        } finally {
            lock.unlock();
        }
    }

    private Map<TopicPartition, Long> lastStableOffsets() {
        try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers))) {
            var latest = new HashMap<TopicPartition, OffsetSpec>();
            for (var topic : admin.describeTopics(topics).allTopicNames().get().entrySet()) {
                topic.getValue()
                        .partitions()
                        .forEach(p ->
                                latest.put(new TopicPartition(topic.getKey(), p.partition()), OffsetSpec.latest()));
            }
            var options = new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);
            return admin.listOffsets(latest, options).all().get().entrySet().stream()
                    .collect(Collectors.toMap(
                            Map.Entry::getKey, e -> e.getValue().offset()));
        } catch (ExecutionException e) {
            throw new IllegalStateException("The ends of " + topics + " are not known", e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private void readUntilClosed() {
        try (consumer) {
            while (!closed) {
                if (!allTopicsFound()) {
                    findTopics();
                }
                if (consumer.assignment().isEmpty()) {
                    // Nothing to poll yet; the same pause as a poll without records.
                    LockSupport.parkNanos(POLL.toNanos());
                    continue;
                }
                var records = consumer.poll(POLL);
                keep(StreamSupport.stream(records.spliterator(), false)
                        .map(ReceivedEvent::of)
                        .toList());
            }
        } catch (WakeupException e) {
            // That is how close() ends a poll.
            if (!closed) {
                fail(e);
            }
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    private boolean allTopicsFound() {
        return consumer.assignment().stream()
                .map(TopicPartition::topic)
                .collect(Collectors.toSet())
                .containsAll(topics);
    }

    private void findTopics() {
        Map<String, List<PartitionInfo>> known;
        try {
            known = consumer.listTopics();
        } catch (RetriableException e) {
            // The broker is away: the next round asks again, and whoever waits for records has a limit.
            return;
        }
        Set<TopicPartition> before = consumer.assignment();
        Set<TopicPartition> now = known.entrySet().stream()
                .filter(topic -> topics.contains(topic.getKey()))
                .flatMap(topic -> topic.getValue().stream())
                .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                .collect(Collectors.toSet());
        now.addAll(before);
        if (now.size() > before.size()) {
            // Positions of partitions that stay assigned are kept; new ones begin at the beginning (auto.offset.reset).
            consumer.assign(now);
        }
    }

    private void keep(List<ReceivedEvent> events) {
        // Asked for even without records: markers of transactions, and aborted records, move the position too.
        var reached = new HashMap<TopicPartition, Long>();
        for (TopicPartition partition : consumer.assignment()) {
            consumer.currentLag(partition).ifPresent(lag -> reached.put(partition, consumer.position(partition)));
        }
        List<String> faults = events.stream()
                .filter(ReceivedEvent::isOfRelay)
                .flatMap(event -> Schemas.eventFaults(event.data()).stream().map(fault -> fault + ": " + event))
                .toList();
        List<ReceivedEvent> toKeep = events.stream().map(kept).toList();
        lock.lock();
        try {
            schemaFaults.addAll(faults);
            received.addAll(toKeep);
            positions.putAll(reached);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void fail(Throwable e) {
        lock.lock();
        try {
            failure = e;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private String latest() {
        if (received.isEmpty()) {
            return "Nothing has been read at all.";
        }
        int from = Math.max(0, received.size() - SHOWN_ON_FAILURE);
        return received.subList(from, received.size()).stream()
                .map(ReceivedEvent::toString)
                .collect(Collectors.joining(
                        "\n  ", "Read %d records, the latest being:\n  ".formatted(received.size()), ""));
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("Interrupted while waiting for records", e);
    }
}
