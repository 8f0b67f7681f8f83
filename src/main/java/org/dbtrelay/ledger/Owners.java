package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.intake.IntakeValve;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.jspecify.annotations.Nullable;

/** The owners of the partitions that the consumer group has given to this instance. */
@Singleton
public class Owners {

    /** How long an owner that stops waits for answers that are on their way. */
    private static final Duration DRAIN = Duration.ofSeconds(5);

    private static final RelayLog LOG = RelayLog.of(Owners.class);

    private final Map<Integer, PartitionOwner> owners = new ConcurrentHashMap<>();
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
     * How many partitions this instance owns, of how many; told whenever it changes.
     *
     * @param all 0 as long as no broker has told
     */
    public record OwnedPartitions(int owned, int all) {}

    /**
     * Hands an arrival to the owner of a partition and returns at once. Without an owner it is dropped: a record is then
     * delivered again to whoever owns the partition next.
     */
    public void offer(int partition, MailboxItem arrival) {
        PartitionOwner owner = owners.get(partition);
        if (owner != null) {
            owner.offer(arrival);
        }
    }

    /** Hands an arrival to the owners of all partitions and returns at once. */
    public void offerToAll(MailboxItem arrival) {
        owners.values().forEach(owner -> owner.offer(arrival));
    }

    /** Tells of a change in what this instance owns, if there is one since the last time. To be called now and then. */
    public void tick() {
        OwnedPartitions now = new OwnedPartitions(owners.size(), topics.status().partitions());
        if (!now.equals(told.getAndSet(now))) {
            changes.fire(now);
        }
    }

    /** Where each owner stands. */
    public List<OwnerStatus> status() {
        return owners.values().stream().map(PartitionOwner::status).toList();
    }

    /** True once the group has given this instance its part, be it no partition at all. */
    boolean hasBeenAssigned() {
        return assigned;
    }

    /** The group gave partitions to this instance. Returns at once: claiming may have to wait for brokers. */
    void assigned(Collection<Integer> partitions) {
        // What is given again had been lost without a word: the consumer has forgotten that it was paused, and delivers
        // again
        // what its owner may have in hand.
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

    /** Looks whether each partition that the group has given has an owner, and nobody else has; mends it if not. */
    void compareWithAssignment() {
        valve.compare(assignment -> {
            keepOnly(assignment);
            List<Integer> missing = assignment.stream()
                    .filter(partition -> !owners.containsKey(partition))
                    .toList();
            if (!missing.isEmpty() && !isClosing()) {
                LOG.warn("An assigned partition had no owner; it has one now", pair(LogKey.PARTITION, missing));
                assigned(missing);
            }
            return missing;
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

    /** The commands topic has this id now. */
    void commandsTopicIs(String topicId) {
        owners.values().forEach(owner -> owner.commandsTopicIs(topicId));
    }

    /** Looks for what the commands topic has lost, and for what it hides. */
    void compareWithLog() throws LedgerException, InterruptedException {
        Map<Integer, Long> starts = new HashMap<>();
        for (int partition : owners.keySet()) {
            starts.put(partition, kafka.commandsStart(partition));
            notices.hidden(partition, kafka.hiddenCommands(partition));
        }
        valve.positions((partition, position) -> {
            @Nullable Long start = starts.get(partition);
            @Nullable PartitionOwner owner = owners.get(partition);
            if (start != null && owner != null) {
                owner.compareWithLog(start, position);
            }
        });
    }

    /** All that the group has given to this instance: what else it owns, it has lost without being told. */
    void keepOnly(Collection<Integer> partitions) {
        revoked(owners.keySet().stream()
                .filter(partition -> !partitions.contains(partition))
                .toList());
    }

    /** The group took partitions away, or this instance stops: their owners drain, all at the same time. */
    void revoked(Collection<Integer> partitions) {
        List<PartitionOwner> leaving = partitions.stream()
                .flatMap(partition -> {
                    PartitionOwner owner = owners.remove(partition);
                    valve.forget(partition);
                    notices.forget(partition);
                    return owner == null ? Stream.<PartitionOwner>empty() : Stream.of(owner);
                })
                .toList();
        if (leaving.isEmpty()) {
            return;
        }
        LOG.info("Partitions are given up", pair(LogKey.COUNT, leaving.size()));
        leaving.forEach(owner -> owner.stop(DRAIN));
        try {
            for (PartitionOwner owner : leaving) {
                owner.join(DRAIN.plusSeconds(1));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        tick();
    }

    /** Before the channels and the REST clients close, so that answers on the wire can still be recorded. */
    void onShutdown(@Observes ShutdownEvent event) {
        adding.lock();
        try {
            closing = true;
        } finally {
            adding.unlock();
        }
        revoked(List.copyOf(owners.keySet()));
    }
}
