package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntPredicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.intake.IntakeValve;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.ledger.intake.SourceRecord;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.Offsets;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.decide.Input;
import org.jspecify.annotations.Nullable;

/** The owners of the partitions that the consumer group has given to this instance. */
@Singleton
public class Owners {

    /** The longest time for which a stopping owner waits for answers. */
    private static final Duration DRAIN = Duration.ofSeconds(5);

    private static final RelayLog LOG = RelayLog.of(Owners.class);

    private final Map<Integer, PartitionOwner> owners = new ConcurrentHashMap<>();

    /** Those that drain, for whatever reason. */
    private final Set<PartitionOwner> leaving = ConcurrentHashMap.newKeySet();

    /** As of the last comparison with the log. */
    private final Map<Integer, Long> lags = new ConcurrentHashMap<>();

    private final KafkaSettings kafka;
    private final TopicCheck topics;
    private final PartitionProcessor work;
    private final IntakeValve valve;
    private final CommandsLogNotices notices;
    private final Clock clock;
    private final Monotonic monotonic;
    private final RelayMetrics metrics;
    private final Event<OwnedPartitions> changes;
    private volatile boolean assigned;

    /** Between the polling thread, which adds, and the thread that stops the process, after which nobody does. */
    private final ReentrantLock adding = new ReentrantLock();

    private boolean closing;
    private final AtomicReference<@Nullable OwnedPartitions> told = new AtomicReference<>();

    Owners(
            KafkaSettings kafka,
            TopicCheck topics,
            PartitionProcessor work,
            IntakeValve valve,
            CommandsLogNotices notices,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics,
            Event<OwnedPartitions> changes) {
        this.kafka = kafka;
        this.topics = topics;
        this.work = work;
        this.valve = valve;
        this.notices = notices;
        this.clock = clock;
        this.monotonic = monotonic;
        this.metrics = metrics;
        this.changes = changes;
    }

    /**
     * The share of the partitions that this instance owns; fired whenever it changes.
     *
     * @param owned partitions that this instance owns
     * @param all partitions of the commands topic; 0 until a broker has told
     */
    public record OwnedPartitions(int owned, int all) {}

    /**
     * Hands a record to the owner of its partition and returns at once. Without an owner it is dropped: Kafka delivers it again to
     * the partition's next owner.
     *
     * @param input the decoded record
     * @param acknowledge called after the commit, from any thread
     */
    public void offer(ConsumerRecord<byte[], byte[]> record, Input input, Runnable acknowledge) {
        PartitionOwner owner = owners.get(record.partition());
        if (owner != null) {
            owner.offer(new MailboxItem(input, new SourceRecord(record, acknowledge)));
        }
    }

    /** Hands an input to the owner of its command's partition, if this instance still owns it, and returns at once. */
    public void offer(int partition, Input.CommandInput input) {
        PartitionOwner owner = owners.get(partition);
        if (owner != null) {
            owner.offer(input);
        }
    }

    /**
     * Hands an input to the owners that serve their partitions and returns at once. For any other owner it is worth nothing by the
     * time that it serves, which may be in days, and the mailbox would keep all of them until then.
     */
    public void offerToAll(Input input) {
        owners.values().stream().filter(PartitionOwner::isServing).forEach(owner -> owner.offer(input));
    }

    /** Whether this instance owns any partition. */
    public boolean ownsPartitions() {
        return !owners.isEmpty();
    }

    /** Fires an event if the share of this instance has changed since the last call. The poller calls this every second. */
    public void tick() {
        OwnedPartitions now = new OwnedPartitions(owners.size(), topics.status().partitions());
        if (!now.equals(told.getAndSet(now))) {
            changes.fire(now);
        }
    }

    /** The state of each owner. */
    public List<OwnerStatus> status() {
        return owners.values().stream().map(PartitionOwner::status).toList();
    }

    /** By partition, the records that its consumer has not fetched yet, as of some seconds ago; a partition may be missing. */
    public Map<Integer, Long> lags() {
        return Map.copyOf(lags);
    }

    /** True once the consumer group has assigned partitions to this instance, or none. */
    boolean hasBeenAssigned() {
        return assigned;
    }

    /** The group assigned partitions to this instance. Returns at once: a claim may have to wait for brokers. */
    void assigned(Collection<Integer> partitions) {
        // A partition that is given again was lost without notice: the consumer has forgotten that it was paused, and
        // delivers again what its owner may have in hand.
        revoked(partitions.stream().filter(owners::containsKey).toList());
        assigned = true;
        for (int partition : partitions) {
            begin(partition);
        }
        tick();
    }

    private void begin(int partition) {
        adding.lock();
        try {
            if (!closing) {
                LOG.info("Partition assigned", pair(LogKey.PARTITION, partition));
                PartitionOwner owner =
                        new PartitionOwner(partition, kafka, topics, work, valve, notices, clock, monotonic, metrics);
                owners.put(partition, owner);
                valve.begin(partition);
                owner.start();
            }
        } finally {
            adding.unlock();
        }
    }

    /** Compares the owners with the consumer's assignment: removes owners that it does not have, and adds those that it lacks. */
    void compareWithAssignment() {
        valve.compare(
                assignment -> {
                    keepOnly(assignment);
                    return isClosing()
                            ? List.of()
                            : assignment.stream()
                                    .filter(partition -> !owners.containsKey(partition))
                                    .toList();
                },
                missing -> {
                    LOG.warn("An assigned partition had no owner; it has one now", pair(LogKey.PARTITION, missing));
                    assigned(missing);
                });
    }

    private boolean isClosing() {
        adding.lock();
        try {
            return closing;
        } finally {
            adding.unlock();
        }
    }

    /** Tells the owners the commands topic's present id. */
    void commandsTopicIs(String topicId) {
        owners.values().forEach(owner -> owner.commandsTopicIs(topicId));
    }

    /** Looks for commands that the topic has lost, or that an open transaction hides. */
    void compareWithLog() throws LedgerException, InterruptedException {
        Map<Integer, Long> starts = new HashMap<>();
        Map<Integer, Long> ends = new HashMap<>();
        for (int partition : owners.keySet()) {
            Offsets hidden = kafka.hiddenCommands(partition);
            starts.put(partition, kafka.commandsStart(partition));
            ends.put(partition, hidden.from());
            notices.hidden(partition, hidden);
        }
        valve.positions((partition, position) -> {
            @Nullable Long start = starts.get(partition);
            @Nullable Long end = ends.get(partition);
            @Nullable PartitionOwner owner = owners.get(partition);
            if (start != null && end != null && owner != null) {
                owner.compareWithLog(start, position);
                lags.put(partition, Math.max(0, end - Math.max(start, position)));
            }
        });
        lags.keySet().retainAll(owners.keySet());
    }

    /** Removes the owners of all other partitions: this instance has lost those without being told. */
    void keepOnly(Collection<Integer> partitions) {
        revoked(owners.keySet().stream()
                .filter(partition -> !partitions.contains(partition))
                .toList());
    }

    /** The group took partitions away, or this instance stops: their owners drain, all at the same time. */
    void revoked(Collection<Integer> partitions) {
        List<PartitionOwner> givenUp = new ArrayList<>();
        for (int partition : partitions) {
            owners.computeIfPresent(partition, (_, owner) -> {
                // Always in one of the two, so that a stop misses none.
                leaving.add(owner);
                givenUp.add(owner);
                return null;
            });
            lags.remove(partition);
            valve.forget(partition);
            notices.forget(partition);
        }
        if (!givenUp.isEmpty()) {
            LOG.info("Partitions are given up", pair(LogKey.COUNT, givenUp.size()));
        }
        givenUp.forEach(owner -> owner.stop(DRAIN));
        // Also those that a stop has given up, and that still drain: their next owner would fence them.
        awaitLeaving(partitions::contains);
        givenUp.forEach(leaving::remove);
        tick();
    }

    /** All of them together have as long as each. Always in the same order, so that a simulated history can be repeated. */
    private void awaitLeaving(IntPredicate ofPartition) {
        long end = monotonic.nanos() + DRAIN.plusSeconds(1).toNanos();
        List<PartitionOwner> ordered = leaving.stream()
                .filter(owner -> ofPartition.test(owner.status().partition()))
                .sorted(Comparator.comparingInt(owner -> owner.status().partition()))
                .toList();
        try {
            for (PartitionOwner owner : ordered) {
                owner.join(Duration.ofNanos(Math.max(0, end - monotonic.nanos())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Begins to drain while Quarkus still waits for HTTP requests: nothing more is started from the first moment of a stop on. */
    void onStop(@Observes ShutdownDelayInitiatedEvent event) {
        close();
        Thread.ofVirtual().name("drain").start(() -> revoked(List.copyOf(owners.keySet())));
    }

    /**
     * Before the channels and the REST clients close, so that answers on the wire can still be recorded; also those of partitions that
     * the group is taking away at the same time.
     */
    void onShutdown(@Observes ShutdownEvent event) {
        close();
        revoked(List.copyOf(owners.keySet()));
        awaitLeaving(_ -> true);
    }

    private void close() {
        adding.lock();
        try {
            closing = true;
        } finally {
            adding.unlock();
        }
    }
}
