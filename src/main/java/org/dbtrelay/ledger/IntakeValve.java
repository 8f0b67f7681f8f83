package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;

/**
 * Stops fetching from a partition whose owner has too much to do, and resumes when there is room. Only that partition: one
 * never holds up another. The channel must have {@code pause-if-no-requests=false}, or SmallRye undoes it.
 */
@Singleton
class IntakeValve {

    /** The channel of the commands. */
    static final String CHANNEL = "commands";

    private static final RelayLog LOG = RelayLog.of(IntakeValve.class);

    private final KafkaClientService clients;
    private final RelayMetrics metrics;
    private final String topic;
    private final IntakeBounds bounds;
    private final Map<Integer, String> closed = new ConcurrentHashMap<>();

    IntakeValve(KafkaClientService clients, KafkaSettings kafka, RelayConfig config, RelayMetrics metrics) {
        this.clients = clients;
        this.metrics = metrics;
        this.topic = kafka.topics().commands();
        this.bounds = new IntakeBounds(
                config.commands().maxPending(), config.commands().maxPendingPerInstance());
    }

    /** A partition is ours from now on, and open. */
    void begin(int partition) {
        forget(partition);
        bounds.begin(partition);
    }

    /** Something was put into the mailbox of the partition's owner. */
    void check(int partition, Mailbox.Waiting waiting) {
        act(partition, bounds.filled(partition, waiting));
    }

    /**
     * The owner has dealt with what it had taken out.
     *
     * @param pending commands of the partition that are recorded and not finished
     */
    void check(int partition, Mailbox.Waiting waiting, int pending) {
        act(partition, bounds.settled(partition, waiting, pending));
    }

    /** Forgets about a partition that is no longer ours. */
    void forget(int partition) {
        bounds.forget(partition);
        if (closed.remove(partition) != null) {
            metrics.partitionsPaused(-1);
        }
    }

    /** The partitions whose further commands wait in Kafka, and why. */
    Map<Integer, String> paused() {
        return Map.copyOf(closed);
    }

    /** Commands of this instance's partitions that are not finished. */
    int unfinished() {
        return bounds.unfinished();
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
            metrics.partitionsPaused(1);
            LOG.info(
                    "Partition paused: its further commands wait in Kafka",
                    pair(LogKey.PARTITION, partition),
                    pair(LogKey.REASON, verdict.reason()),
                    pair(LogKey.COUNT, count));
            onPollingThread(partition);
        }
    }

    private void open(int partition) {
        if (closed.remove(partition) != null) {
            metrics.partitionsPaused(-1);
            LOG.info(
                    "Partition resumed",
                    pair(LogKey.PARTITION, partition),
                    pair(LogKey.COUNT, bounds.unfinished(partition)));
            onPollingThread(partition);
        }
    }

    /** Whichever of two threads comes last to close or open: what then holds is what is done. */
    private void onPollingThread(int partition) {
        TopicPartition commands = new TopicPartition(topic, partition);
        KafkaConsumer<byte[], byte[]> consumer = clients.getConsumer(CHANNEL);
        consumer.runOnPollingThread((Consumer<byte[], byte[]> polling) -> {
                    if (!polling.assignment().contains(commands)) {
                        return;
                    }
                    if (closed.containsKey(partition)) {
                        polling.pause(List.of(commands));
                    } else {
                        polling.resume(List.of(commands));
                    }
                })
                .subscribe()
                .with(
                        done -> {},
                        failure -> LOG.warn(
                                "Partition could not be paused or resumed",
                                pair(LogKey.PARTITION, partition),
                                pair(LogKey.REASON, failure)));
    }
}
