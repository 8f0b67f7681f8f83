package org.dbtrelay.ledger.kafka;

import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.entry.Position;
import org.jspecify.annotations.Nullable;

/**
 * The offsets of a partition of the commands topic, by its brokers. Compared with the ledger's position they show a loss, over which
 * the relay never guesses.
 *
 * @param start the first offset that it still has
 * @param end the offset that the next record will get
 * @param committed what the consumer group has committed; 0 if nothing
 */
public record CommandsLog(long start, long end, long committed) {

    /** Asks the brokers. */
    static CommandsLog of(Admin admin, String group, TopicPartition commands)
            throws LedgerException, InterruptedException {
        long start = offset(admin, commands, OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED);
        long end = offset(admin, commands, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED);
        try {
            @Nullable
            OffsetAndMetadata committed = admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .get(commands);
            return new CommandsLog(start, end, committed == null ? 0 : committed.offset());
        } catch (ExecutionException e) {
            throw silent(e);
        }
    }

    /** An offset of a partition. */
    static long offset(Admin admin, TopicPartition partition, OffsetSpec which, IsolationLevel seen)
            throws LedgerException, InterruptedException {
        try {
            return admin.listOffsets(Map.of(partition, which), new ListOffsetsOptions(seen))
                    .partitionResult(partition)
                    .get()
                    .offset();
        } catch (ExecutionException e) {
            throw silent(e);
        }
    }

    private static LedgerException silent(ExecutionException e) {
        return new LedgerException(LedgerException.Kind.LOST, "the brokers do not tell of the topics", e.getCause());
    }

    /**
     * The position from which the partition goes on.
     *
     * @param position of the ledger; null if it has none
     * @param places the highest place of a command in the ledger; -1 if there is none
     * @throws LedgerException if log and ledger cannot both be whole
     */
    public Position startingPosition(@Nullable Position position, String topicId, long places, int partition)
            throws LedgerException {
        if (position == null) {
            if (committed > 0) {
                throw degraded(
                        "the ledger partition has no position, but the consumer group has taken commands up to offset "
                                + committed + ": the ledger was lost or another one is configured; to begin anew,"
                                + " delete the group's offsets");
            }
            return Position.beforeAll(topicId);
        }
        if (!position.topicId().equals(topicId)) {
            // The commands topic was deleted and made again: its offsets begin anew, and the ids are still remembered.
            return position.anew(topicId, Math.max(position.place(position.offset()), places) + 1);
        }
        if (position.offset() >= end) {
            throw degraded("partition " + partition + " of the commands topic ends at offset " + end
                    + ", before the ledger's position " + position.offset()
                    + ": commands were lost from the topic; to go on at its end, make the topic anew");
        }
        // Of a topic that was made anew the group may have what it had committed of the one before.
        if (position.base() == null && isAheadOf(position)) {
            throw degraded("the consumer group has taken commands up to offset " + committed
                    + ", but the ledger's position is " + position.offset()
                    + ": the ledger was set back, or the group's offsets were set ahead; to run what is behind the position"
                    + " (again), set the group's offset to " + (position.offset() + 1));
        }
        return position;
    }

    /**
     * Whether the group goes on behind records that were not taken. Of a topic that was made anew it may still have what it had committed
     * of the one before, until the new one is as long.
     */
    public boolean isAheadOf(Position position) {
        return committed > position.offset() + 1;
    }

    /** The records behind a position that the topic has lost; null: it has all of them. */
    public @Nullable Offsets lostBehind(Position position) {
        long next = position.offset() + 1;
        return start > next ? new Offsets(next, start) : null;
    }

    private static LedgerException degraded(String reason) {
        return new LedgerException(LedgerException.Kind.DEGRADED, reason);
    }
}
