package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.dbtrelay.config.Monotonic;
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
    private final PartitionWork work;
    private final IntakeValve valve;
    private final Clock clock;
    private final Monotonic monotonic;
    private final RelayMetrics metrics;
    private final Event<OwnedPartitions> changes;
    private volatile boolean assigned;
    private volatile boolean closing;
    private final AtomicReference<@Nullable OwnedPartitions> told = new AtomicReference<>();

    Owners(
            KafkaSettings kafka,
            TopicCheck topics,
            PartitionWork work,
            IntakeValve valve,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics,
            Event<OwnedPartitions> changes) {
        this.kafka = kafka;
        this.topics = topics;
        this.work = work;
        this.valve = valve;
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
    public void offer(int partition, Arrival arrival) {
        PartitionOwner owner = owners.get(partition);
        if (owner != null) {
            owner.offer(arrival);
        }
    }

    /** Hands an arrival to the owners of all partitions and returns at once. */
    public void offerToAll(Arrival arrival) {
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
        assigned = true;
        if (closing) {
            return;
        }
        for (int partition : partitions) {
            LOG.info("Partition assigned", pair(LogKey.PARTITION, partition));
            PartitionOwner owner = new PartitionOwner(partition, kafka, topics, work, valve, clock, monotonic, metrics);
            if (owners.putIfAbsent(partition, owner) == null) {
                valve.begin(partition);
                owner.start();
            }
        }
        tick();
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
        closing = true;
        revoked(List.copyOf(owners.keySet()));
    }
}
