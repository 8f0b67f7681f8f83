package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;

/**
 * Stops fetching from a partition whose owner has too much to do, and resumes when there is room. Only that partition: one
 * never holds up another. The channel must have {@code pause-if-no-requests=false}, or SmallRye undoes it.
 */
@Singleton
class IntakeValve {

    /** The channel of the commands. */
    static final String CHANNEL = "commands";

    private static final RelayLog LOG = RelayLog.of(IntakeValve.class);
    private static final int FULL = 2_000;
    private static final int ROOM = 500;

    private final KafkaClientService clients;
    private final String topic;
    private final int maxPending;
    private final Set<Integer> closed = ConcurrentHashMap.newKeySet();

    IntakeValve(KafkaClientService clients, KafkaSettings kafka, RelayConfig config) {
        this.clients = clients;
        this.maxPending = config.commands().maxPending();
        this.topic = kafka.topics().commands();
    }

    /**
     * Closes for a partition when too much waits.
     *
     * @param waiting commands in its owner's mailbox
     */
    void check(int partition, int waiting) {
        if (waiting >= FULL) {
            close(partition, "commands arrive faster than they can be recorded", waiting);
        }
    }

    /**
     * Opens or closes for a partition.
     *
     * @param waiting commands in its owner's mailbox
     * @param pending commands that are recorded and not finished
     */
    void check(int partition, int waiting, int pending) {
        if (waiting >= FULL) {
            close(partition, "commands arrive faster than they can be recorded", waiting);
        } else if (pending >= maxPending) {
            close(partition, "relay.commands.max-pending commands are not finished", pending);
        } else if (waiting <= ROOM && pending <= maxPending * 9L / 10 && closed.remove(partition)) {
            LOG.info("Partition resumed", pair(LogKey.PARTITION, partition), pair(LogKey.COUNT, pending));
            onPollingThread(partition, false);
        }
    }

    private void close(int partition, String reason, int count) {
        if (closed.add(partition)) {
            LOG.info(
                    "Partition paused: its further commands wait in Kafka",
                    pair(LogKey.PARTITION, partition),
                    pair(LogKey.REASON, reason),
                    pair(LogKey.COUNT, count));
            onPollingThread(partition, true);
        }
    }

    /** Forgets about a partition that is no longer ours. */
    void forget(int partition) {
        closed.remove(partition);
    }

    private void onPollingThread(int partition, boolean pause) {
        TopicPartition commands = new TopicPartition(topic, partition);
        KafkaConsumer<byte[], byte[]> consumer = clients.getConsumer(CHANNEL);
        consumer.runOnPollingThread((Consumer<byte[], byte[]> polling) -> {
                    if (!polling.assignment().contains(commands)) {
                        return;
                    }
                    if (pause) {
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
