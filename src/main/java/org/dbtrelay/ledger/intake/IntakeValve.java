package org.dbtrelay.ledger.intake;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.jspecify.annotations.Nullable;

/**
 * Pauses the consumer for a partition whose owner has too much to do, and resumes it when there is room. It pauses only that partition,
 * so none holds up another. The channel must have {@code pause-if-no-requests=false}, or SmallRye resumes it.
 */
@Singleton
public class IntakeValve {

    /** The channel of the commands. */
    static final String CHANNEL = "commands";

    /** The number of records that may arrive after a pause: the size of one fetch. */
    private static final int ON_THEIR_WAY = 500;

    private static final Duration AT_ONCE = Duration.ofMillis(100);

    private static final RelayLog LOG = RelayLog.of(IntakeValve.class);

    private final KafkaClientService clients;
    private final RelayMetrics metrics;
    private final String topic;
    private final IntakeBounds bounds;
    private final Map<Integer, String> closed = new ConcurrentHashMap<>();

    /** Those of them that bring no record any more; the polling thread may be in a poll when one is closed. */
    private final Set<Integer> pausedAtKafka = ConcurrentHashMap.newKeySet();

    /** Those without an owner that are fetched again; only for the polling thread. */
    private final Set<TopicPartition> heldBack = new HashSet<>();

    /** The number of records that came in past a closed valve, by partition. */
    private final Map<Integer, Integer> past = new ConcurrentHashMap<>();

    public IntakeValve(KafkaClientService clients, KafkaSettings kafka, RelayConfig config, RelayMetrics metrics) {
        this.clients = clients;
        this.metrics = metrics;
        this.topic = kafka.topics().commands();
        this.bounds = new IntakeBounds(
                config.commands().maxPending(), config.commands().maxPendingPerInstance());
    }

    /** A partition is ours from now on, and open. */
    public void begin(int partition) {
        forget(partition);
        bounds.begin(partition);
    }

    /** Something was put into the mailbox of the partition's owner. */
    public void check(int partition, Mailbox.Waiting waiting) {
        act(partition, bounds.filled(partition, waiting));
        if (closed.containsKey(partition) && past.merge(partition, 1, Integer::sum) % ON_THEIR_WAY == 0) {
            // Something has undone the pause, and without it the intake has no bound.
            LOG.debug("Partition paused again", pair(LogKey.PARTITION, partition));
            onPollingThread(partition);
        }
    }

    /**
     * The owner has dealt with what it had taken out.
     *
     * @param pending commands of the partition that are recorded and not finished
     */
    public void check(int partition, Mailbox.Waiting waiting, int pending) {
        act(partition, bounds.settled(partition, waiting, pending));
    }

    /** Forgets about a partition that is no longer ours. */
    public void forget(int partition) {
        bounds.forget(partition);
        past.remove(partition);
        closed.remove(partition);
        resumedAtKafka(partition);
    }

    /** The partitions whose further commands wait in Kafka, and why; without those that may still bring a record. */
    public Map<Integer, String> paused() {
        Map<Integer, String> paused = new HashMap<>(closed);
        paused.keySet().retainAll(pausedAtKafka);
        return paused;
    }

    /** Commands of this instance's partitions that are not finished. */
    public int unfinished() {
        return bounds.unfinished();
    }

    /** Commands of a partition that are not finished; 0 of one that is not ours. */
    public int unfinished(int partition) {
        return bounds.unfinished(partition);
    }

    private void act(int partition, IntakeBounds.Verdict verdict) {
        switch (verdict) {
            case OPEN -> open(partition);
            case AS_IT_IS -> {}
            case MAILBOX_FULL, PARTITION_FULL -> close(partition, verdict, bounds.unfinished(partition));
            case INSTANCE_FULL -> bounds.partitions().forEach(each -> close(each, verdict, bounds.unfinished()));
        }
    }

    private void close(int partition, IntakeBounds.Verdict verdict, int count) {
        if (closed.putIfAbsent(partition, verdict.reason()) == null) {
            LOG.info(
                    "Partition paused: its further commands wait in Kafka",
                    pair(LogKey.PARTITION, partition),
                    pair(LogKey.REASON, verdict.reason()),
                    pair(LogKey.COUNT, count));
            onPollingThread(partition);
        }
    }

    private void open(int partition) {
        past.remove(partition);
        if (closed.remove(partition) != null) {
            LOG.info(
                    "Partition resumed",
                    pair(LogKey.PARTITION, partition),
                    pair(LogKey.COUNT, bounds.unfinished(partition)));
            onPollingThread(partition);
        }
    }

    /**
     * The partition is fetched from its first record on, because what was fetched came from another topic of that name.
     *
     * @param before hears, on the polling thread, which offset would have been fetched next; 0 if that is not known
     */
    public void rewind(int partition, LongConsumer before) {
        TopicPartition commands = new TopicPartition(topic, partition);
        run(partition, polling -> {
            if (polling.assignment().contains(commands)) {
                before.accept(position(polling, commands));
                polling.seekToBeginning(List.of(commands));
            }
        });
    }

    /** Tells, on the polling thread, which offset of each partition is fetched next; 0 if that is not known. */
    public void positions(BiConsumer<Integer, Long> next) {
        run(-1, polling -> {
            for (TopicPartition each : polling.assignment()) {
                next.accept(each.partition(), position(polling, each));
            }
        });
    }

    private static long position(Consumer<byte[], byte[]> polling, TopicPartition partition) {
        try {
            return polling.position(partition, AT_ONCE);
        } catch (TimeoutException e) {
            return 0;
        }
    }

    /**
     * Tells, on the polling thread, what the group has given to this instance. Records of a partition without an owner were dropped, and
     * Kafka does not deliver them again by itself; an owner that got a later one first would take them for known. So such a partition is
     * held back and fetched again, and gets its owner with the next call: by then nothing is on its way that was fetched before.
     *
     * @param ownerless finds those that have no owner
     * @param own gives them one
     */
    public void compare(
            Function<Collection<Integer>, Collection<Integer>> ownerless,
            java.util.function.Consumer<Collection<Integer>> own) {
        run(-1, polling -> {
            Set<TopicPartition> assigned = polling.assignment();
            Set<TopicPartition> missed = ownerless.apply(numbers(assigned)).stream()
                    .map(partition -> new TopicPartition(topic, partition))
                    .collect(Collectors.toCollection(HashSet::new));
            List<TopicPartition> ready =
                    heldBack.stream().filter(missed::contains).toList();
            if (!ready.isEmpty()) {
                own.accept(numbers(ready));
            }
            polling.resume(heldBack.stream()
                    .filter(each -> assigned.contains(each) && !closed.containsKey(each.partition()))
                    .toList());
            heldBack.clear();
            ready.forEach(missed::remove);
            if (!missed.isEmpty()) {
                polling.pause(missed);
                fetchAgain(polling, missed);
                heldBack.addAll(missed);
            }
        });
    }

    private static void fetchAgain(Consumer<byte[], byte[]> polling, Set<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> committed = polling.committed(partitions);
        for (TopicPartition each : partitions) {
            @Nullable OffsetAndMetadata from = committed.get(each);
            if (from == null) {
                polling.seekToBeginning(List.of(each));
            } else {
                polling.seek(each, from);
            }
        }
    }

    private static List<Integer> numbers(Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::partition).toList();
    }

    /** Applies the present state, so it does not matter which of two threads closes or opens last. */
    private void onPollingThread(int partition) {
        TopicPartition commands = new TopicPartition(topic, partition);
        run(partition, polling -> {
            if (!polling.assignment().contains(commands)) {
                return;
            }
            if (closed.containsKey(partition)) {
                polling.pause(List.of(commands));
                if (pausedAtKafka.add(partition)) {
                    metrics.partitionsPaused(1);
                }
            } else {
                polling.resume(List.of(commands));
                resumedAtKafka(partition);
            }
        });
    }

    private void resumedAtKafka(int partition) {
        if (pausedAtKafka.remove(partition)) {
            metrics.partitionsPaused(-1);
        }
    }

    private void run(int partition, java.util.function.Consumer<Consumer<byte[], byte[]>> task) {
        KafkaConsumer<byte[], byte[]> consumer = clients.getConsumer(CHANNEL);
        consumer.runOnPollingThread(task)
                .subscribe()
                .with(
                        done -> {},
                        failure -> LOG.warn(
                                "Partition could not be paused or resumed",
                                pair(LogKey.PARTITION, partition),
                                pair(LogKey.REASON, failure)));
    }
}
