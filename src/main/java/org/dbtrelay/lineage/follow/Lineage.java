package org.dbtrelay.lineage.follow;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ApplicationConfig;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.OpenLineageConfig;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.MissingRight;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.lineage.send.Outlet;
import org.dbtrelay.lineage.send.Outlets;
import org.dbtrelay.lineage.send.ServerOutlet;
import org.dbtrelay.lineage.send.TopicOutlet;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.jspecify.annotations.Nullable;

/**
 * Tells lineage, beside all else: it reads the relay's own events, which are there exactly once and in order whatever crashed, as a consumer
 * group of its own. So lineage has no part in any transaction of the ledger, and can neither delay nor fail a run's event. The group's
 * offset, and the text beside it, remember what is told: at least once, with ids that stay.
 */
@Singleton
class Lineage {

    private static final RelayLog LOG = RelayLog.of(Lineage.class);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration AGAIN = Duration.ofSeconds(5);
    private static final Duration COMMIT_EVERY = Duration.ofSeconds(1);

    /** Reading that has gone on for so long is well again: Kafka refuses within its first answers. */
    private static final Duration WELL_AFTER = Duration.ofSeconds(5);

    private static final String OTHER_TROUBLE = "";

    /** The artifacts of so many runs are read at once: a large step takes some tens of megabytes. */
    private static final int PLACES = 2;

    /** A partition with so many untold runs is not read further. */
    private static final int MOST_PENDING = 100;

    private final RelayConfig config;
    private final KafkaSettings kafka;
    private final TopicCheck topics;
    private final Connections connections;
    private final String version;
    private final RelayMetrics metrics;
    private final Clock clock;
    private final Monotonic monotonic;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Map<TopicPartition, PartitionTelling> partitions = new HashMap<>();
    private volatile @Nullable Consumer<byte[], byte[]> consumer;

    /** Since when it cannot read; null: it can. */
    private @Nullable Instant troubledSince;

    /** Whether the group has given this reader its partitions, perhaps none. */
    private boolean wasAssigned;

    /** The right that the log has named as missing, or {@link #OTHER_TROUBLE}; null: all is well. */
    private @Nullable String complaint;

    Lineage(
            RelayConfig config,
            KafkaSettings kafka,
            TopicCheck topics,
            Connections connections,
            ApplicationConfig application,
            RelayMetrics metrics,
            Clock clock,
            Monotonic monotonic) {
        this.config = config;
        this.kafka = kafka;
        this.topics = topics;
        this.connections = connections;
        this.version = application.version().orElse("unknown");
        this.metrics = metrics;
        this.clock = clock;
        this.monotonic = monotonic;
    }

    void onStart(@Observes StartupEvent event) {
        if (config.openLineage().enabled()) {
            Thread.ofVirtual().name("lineage-events").start(this::run);
        }
    }

    void onStop(@Observes ShutdownEvent event) {
        stopping.countDown();
        @Nullable Consumer<byte[], byte[]> reader = consumer;
        if (reader != null) {
            reader.wakeup();
        }
    }

    private void run() {
        try {
            // They may only just be being created.
            topics.await();
            Outlet out = outlet();
            RunTelling runs = new RunTelling(
                    connections,
                    new RunSurroundings(config.openLineage(), version),
                    out,
                    new Semaphore(PLACES, true),
                    config.artifacts().patience(),
                    config.openLineage().maxAge(),
                    metrics,
                    clock,
                    monotonic);
            do {
                readOnce(runs);
            } while (!stopping.await(AGAIN.toMillis(), TimeUnit.MILLISECONDS));
            out.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Outlet outlet() {
        OpenLineageConfig lineage = config.openLineage();
        List<Outlet> outlets = new ArrayList<>();
        kafka.lineageTopic()
                .ifPresent(topic -> outlets.add(new TopicOutlet(kafka.lineageProducer(), topic, monotonic, metrics)));
        lineage.url().ifPresent(url -> outlets.add(new ServerOutlet(url, lineage, monotonic, metrics)));
        return outlets.size() == 1 ? outlets.getFirst() : new Outlets(outlets);
    }

    private void readOnce(RunTelling runs) {
        try (Consumer<byte[], byte[]> reader = kafka.lineageConsumer()) {
            consumer = reader;
            reader.subscribe(Set.of(config.topics().runEvents()), new Owned(reader, runs));
            follow(reader);
        } catch (WakeupException e) {
            LOG.debug("Lineage ends with the relay");
        } catch (KafkaException e) {
            complain(e);
            isTroubled();
        } catch (RuntimeException | Error e) {
            LOG.error("Internal error: telling lineage stopped; it begins again", e);
            isTroubled();
        } finally {
            consumer = null;
            partitions.values().forEach(PartitionTelling::end);
            partitions.clear();
        }
    }

    /** Says once what is the trouble, and again if another right is missing. */
    private void complain(KafkaException trouble) {
        String topic = config.topics().runEvents();
        Optional<String> right = MissingRight.of(trouble, AclOperation.READ, topic);
        String now = right.orElse(OTHER_TROUBLE);
        if (!now.equals(complaint)) {
            complaint = now;
            LOG.warn(
                    "Lineage cannot read the relay's events; the relay tries on",
                    pair(LogKey.TOPIC, topic),
                    pair(LogKey.REASON, right.orElse(trouble.getMessage())));
        }
    }

    private void isTroubled() {
        troubledSince = troubledSince == null ? clock.instant() : troubledSince;
        measure();
    }

    private void follow(Consumer<byte[], byte[]> reader) {
        wasAssigned = false;
        long committedAt = monotonic.nanos();
        long wellSince = committedAt;
        while (stopping.getCount() > 0) {
            for (ConsumerRecord<byte[], byte[]> message : reader.poll(POLL)) {
                @Nullable
                PartitionTelling partition = partitions.get(new TopicPartition(message.topic(), message.partition()));
                if (partition != null) {
                    partition.take(message);
                }
            }
            holdBack(reader);
            if (monotonic.nanos() - committedAt >= COMMIT_EVERY.toNanos()) {
                commit(reader, partitions.keySet());
                measure();
                committedAt = monotonic.nanos();
            }
            // Without partitions nothing is asked of Kafka that it could refuse, and nothing of this instance's is
            // behind.
            if (partitions.isEmpty() && wasAssigned) {
                troubledSince = null;
            }
            if (partitions.isEmpty() || troubledSince == null) {
                wellSince = monotonic.nanos();
            } else if (monotonic.nanos() - wellSince >= WELL_AFTER.toNanos()) {
                if (complaint != null) {
                    LOG.info(
                            "Lineage reads the relay's events again",
                            pair(LogKey.TOPIC, config.topics().runEvents()));
                }
                complaint = null;
                troubledSince = null;
            }
        }
        commit(reader, partitions.keySet());
    }

    private void holdBack(Consumer<byte[], byte[]> reader) {
        Set<TopicPartition> paused = reader.paused();
        partitions.forEach((partition, telling) -> {
            boolean isFull = telling.progress().pending() >= MOST_PENDING;
            if (isFull && !paused.contains(partition)) {
                reader.pause(Set.of(partition));
            } else if (!isFull && paused.contains(partition)) {
                reader.resume(Set.of(partition));
            }
        });
    }

    private void measure() {
        // What cannot be read is untold, too.
        Optional<Instant> oldest = Stream.concat(
                        Stream.ofNullable(troubledSince),
                        partitions.values().stream().flatMap(partition -> partition.progress().oldest().stream()))
                .min(Instant::compareTo);
        metrics.lineageLag(
                oldest.map(since -> Duration.between(since, clock.instant())).orElse(Duration.ZERO));
    }

    private void commit(Consumer<byte[], byte[]> reader, Collection<TopicPartition> which) {
        Map<TopicPartition, Progress.State> states = new HashMap<>();
        for (TopicPartition partition : which) {
            @Nullable PartitionTelling telling = partitions.get(partition);
            if (telling != null) {
                telling.progress().toCommit().ifPresent(state -> states.put(partition, state));
            }
        }
        if (states.isEmpty()) {
            return;
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        states.forEach(
                (partition, state) -> offsets.put(partition, new OffsetAndMetadata(state.offset(), state.text())));
        try {
            reader.commitSync(offsets);
        } catch (RetriableException | RebalanceInProgressException | CommitFailedException e) {
            // The group shares its partitions out anew, or no broker answers: the next poll knows more, and the next
            // commit comes.
            LOG.debug("What is told of lineage could not be remembered yet", pair(LogKey.REASON, e.getMessage()));
            return;
        }
        states.forEach((partition, state) ->
                Objects.requireNonNull(partitions.get(partition)).progress().committed(state));
    }

    /** What comes and goes with a rebalance; all of it on the thread that polls. */
    private final class Owned implements ConsumerRebalanceListener {
        private final Consumer<byte[], byte[]> reader;
        private final RunTelling runs;

        Owned(Consumer<byte[], byte[]> reader, RunTelling runs) {
            this.reader = reader;
            this.runs = runs;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
            wasAssigned = true;
            Map<TopicPartition, OffsetAndMetadata> committed = reader.committed(Set.copyOf(assigned));
            for (TopicPartition partition : assigned) {
                @Nullable OffsetAndMetadata from = committed.get(partition);
                Progress progress = from == null
                        ? new Progress(reader.position(partition), "")
                        : new Progress(from.offset(), from.metadata());
                partitions.put(partition, new PartitionTelling(runs, Lineage.this::isWanted, progress));
            }
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            revoked.forEach(partition -> {
                @Nullable PartitionTelling telling = partitions.get(partition);
                if (telling != null) {
                    telling.end();
                }
            });
            try {
                commit(reader, revoked);
            } catch (KafkaException e) {
                LOG.debug("What is told of lineage could not be remembered", pair(LogKey.REASON, e.getMessage()));
            }
            partitions.keySet().removeAll(Set.copyOf(revoked));
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> lost) {
            lost.forEach(partition -> {
                @Nullable PartitionTelling telling = partitions.remove(partition);
                if (telling != null) {
                    telling.end();
                }
            });
        }
    }

    private boolean isWanted(ToldRun run) {
        OpenLineageConfig lineage = config.openLineage();
        return lineage.connections()
                        // SmallRye leaves a blank behind a comma where it is.
                        .map(names -> names.stream().map(String::strip).anyMatch(run.connection()::equals))
                        .orElse(true)
                && lineage.jobs().map(ids -> ids.contains(run.jobId())).orElse(true)
                && !run.observedAt().plus(lineage.maxAge()).isBefore(clock.instant());
    }
}
