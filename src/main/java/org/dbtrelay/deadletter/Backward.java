package org.dbtrelay.deadletter;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Reads a partition from its end to its begin, a few offsets at a time. */
final class Backward {

    /** Each is held with the first bytes of its value only. */
    private static final int AT_ONCE = 100;

    private final TopicPartition partition;
    private final long begin;
    private final int mostBytes;
    private final Deque<Letter> newest = new ArrayDeque<>();
    private long low;

    /**
     * Nothing is read yet.
     *
     * @param begin the first offset that the partition still has
     * @param below it goes back from here
     * @param mostBytes of each value
     */
    Backward(TopicPartition partition, long begin, long below, int mostBytes) {
        this.partition = partition;
        this.begin = begin;
        this.low = Math.max(begin, below);
        this.mostBytes = mostBytes;
    }

    int partition() {
        return partition.partition();
    }

    /** All of it has been taken. */
    boolean isOver() {
        return newest.isEmpty() && low == begin;
    }

    /** Its newest is not known, and there may be one. */
    boolean needsMore() {
        return newest.isEmpty() && low > begin;
    }

    /** The newest that has not been taken; null: it is over, or needs more. */
    @Nullable
    Letter peek() {
        return newest.peekFirst();
    }

    void take() {
        newest.removeFirst();
    }

    /** Where to go back from the next time. */
    long below() {
        @Nullable Letter next = newest.peekFirst();
        return next == null ? low : next.place().offset() + 1;
    }

    /**
     * Reads the offsets before those that it has read.
     *
     * @param left how much time there is
     * @return false: the time is over, and it has read nothing
     */
    boolean readMore(Consumer<byte[], byte[]> reader, Supplier<Duration> left) {
        long from = Math.max(begin, low - AT_ONCE);
        Deque<Letter> found = new ArrayDeque<>();
        // Those that are not paused would be fetched, too, and thrown away.
        reader.pause(reader.assignment());
        reader.resume(List.of(partition));
        reader.seek(partition, from);
        // Behind the last one there may be marks of transactions, which are no records.
        while (reader.position(partition) < low) {
            Duration time = left.get();
            if (!time.isPositive()) {
                return false;
            }
            for (ConsumerRecord<byte[], byte[]> each : reader.poll(time).records(partition)) {
                if (each.offset() < low) {
                    found.addFirst(Letter.of(each, mostBytes));
                }
            }
        }
        low = from;
        newest.addAll(found);
        return true;
    }
}
