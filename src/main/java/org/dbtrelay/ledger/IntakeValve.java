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
    private final Set<Integer> closed = ConcurrentHashMap.newKeySet();

    IntakeValve(KafkaClientService clients, KafkaSettings kafka) {
        this.clients = clients;
        this.topic = kafka.topics().commands();
    }

    /** Opens or closes for a partition, by how many commands wait in its owner's mailbox. */
    void check(int partition, int waiting) {
        if (waiting >= FULL && closed.add(partition)) {
            LOG.info(
                    "Partition paused: its commands arrive faster than they can be recorded",
                    pair(LogKey.PARTITION, partition),
                    pair(LogKey.COUNT, waiting));
            onPollingThread(partition, true);
        } else if (waiting <= ROOM && closed.remove(partition)) {
            LOG.info("Partition resumed", pair(LogKey.PARTITION, partition), pair(LogKey.COUNT, waiting));
            onPollingThread(partition, false);
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
