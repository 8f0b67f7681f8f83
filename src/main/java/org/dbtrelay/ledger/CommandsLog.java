package org.dbtrelay.ledger;

import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What the brokers say of a partition of the commands topic. Held against the ledger's position it tells when something was
 * lost, which is never guessed over.
 *
 * @param end the offset that the next record will get
 * @param committed what the consumer group has committed; 0 if nothing
 */
record CommandsLog(long end, long committed) {

    /** Asks the brokers. */
    static CommandsLog of(Admin admin, String group, TopicPartition commands)
            throws LedgerException, InterruptedException {
        try {
            KafkaFuture<ListOffsetsResultInfo> end =
                    admin.listOffsets(Map.of(commands, OffsetSpec.latest())).partitionResult(commands);
            Map<TopicPartition, OffsetAndMetadata> committed = admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get();
            @Nullable OffsetAndMetadata offset = committed.get(commands);
            return new CommandsLog(end.get().offset(), offset == null ? 0 : offset.offset());
        } catch (ExecutionException e) {
            throw new LedgerException(
                    LedgerException.Kind.LOST, "the brokers do not tell of the commands topic", e.getCause());
        }
    }

    /**
     * Where the partition goes on.
     *
     * @param position of the ledger; null if it has none
     * @throws LedgerException if log and ledger cannot both be whole
     */
    static Position startingPosition(@Nullable Position position, String topicId, CommandsLog log, int partition)
            throws LedgerException {
        if (position == null) {
            if (log.committed() > 0) {
                throw new LedgerException(
                        LedgerException.Kind.DEGRADED,
                        "the ledger partition has no position, but the consumer group has taken commands up to offset "
                                + log.committed() + ": the ledger was lost or another one is configured; to begin anew,"
                                + " delete the group's offsets");
            }
            return new Position(topicId, -1, null);
        }
        if (!position.topicId().equals(topicId)) {
            // The commands topic was deleted and made again: its offsets begin anew, and the ids are still remembered.
            return new Position(topicId, -1, position.deployment());
        }
        if (position.offset() >= log.end()) {
            throw new LedgerException(
                    LedgerException.Kind.DEGRADED,
                    "partition " + partition + " of the commands topic ends at offset " + log.end()
                            + ", before the ledger's position " + position.offset()
                            + ": commands were lost from the topic; to go on at its end, make the topic anew");
        }
        return position;
    }
}
