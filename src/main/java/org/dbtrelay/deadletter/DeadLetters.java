package org.dbtrelay.deadletter;

import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.jspecify.annotations.Nullable;

/**
 * The dead letters as they lie in their topic. Each read has a reader of its own that belongs to no group, a time and a number of
 * records after which it ends, and few are had at the same time: the topic may have any number of them.
 */
@Singleton
public class DeadLetters {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int READS_AT_ONCE = 2;

    /** For a page, of whatever reason. */
    private static final int MOST_READ = 2_000;

    /** Of each value, and of each key, in a list. */
    private static final int SOME_BYTES = 4 * 1024;

    private final KafkaSettings kafka;
    private final Monotonic time;
    private final String topic;
    private final Semaphore reads = new Semaphore(READS_AT_ONCE);

    DeadLetters(KafkaSettings kafka, RelayConfig config, Monotonic time) {
        this.kafka = kafka;
        this.time = time;
        this.topic = config.topics().deadLetters();
    }

    /**
     * Some of them.
     *
     * @param letters newest first, the values cut
     * @param below by partition, where the next page begins; empty: this was the last
     */
    public record Page(List<Letter> letters, Map<Integer, Long> below) {}

    private interface Read<T> {
        T from(Consumer<byte[], byte[]> reader, Supplier<Duration> left);
    }

    /**
     * The newest of them. A page can be short, or empty, and not be the last.
     *
     * @param below by partition, from where to go back; a partition that is not in it is read from its end
     */
    public Page newest(Predicate<Letter> wanted, int limit, Map<Integer, Long> below) throws Unavailable {
        List<TopicPartition> all = partitions();
        return read((reader, left) -> {
            reader.assign(all);
            Map<TopicPartition, Long> begins = reader.beginningOffsets(all);
            Map<TopicPartition, Long> ends = reader.endOffsets(all);
            List<Backward> parts = all.stream()
                    .map(each -> {
                        long end = ends.getOrDefault(each, 0L);
                        long from = Math.min(end, below.getOrDefault(each.partition(), end));
                        return new Backward(each, begins.getOrDefault(each, 0L), from, SOME_BYTES);
                    })
                    .toList();
            return page(reader, parts, wanted, limit, left);
        });
    }

    private static Page page(
            Consumer<byte[], byte[]> reader,
            List<Backward> parts,
            Predicate<Letter> wanted,
            int limit,
            Supplier<Duration> left) {
        List<Letter> found = new ArrayList<>();
        for (int read = 0; read < MOST_READ && found.size() < limit; read++) {
            @Nullable Backward next = next(reader, parts, left);
            @Nullable Letter letter = next == null ? null : next.peek();
            if (next == null || letter == null) {
                break;
            }
            next.take();
            if (wanted.test(letter)) {
                found.add(letter);
            }
        }
        Map<Integer, Long> below = new TreeMap<>();
        if (!parts.stream().allMatch(Backward::isOver)) {
            parts.forEach(part -> below.put(part.partition(), part.below()));
        }
        return new Page(found, below);
    }

    /** The part that has the newest of all; null: there is none any more, or it is not found in time. */
    private static @Nullable Backward next(
            Consumer<byte[], byte[]> reader, List<Backward> parts, Supplier<Duration> left) {
        for (Backward part : parts) {
            while (part.needsMore()) {
                if (!left.get().isPositive() || !part.readMore(reader, left)) {
                    return null;
                }
            }
        }
        return parts.stream()
                .max(Comparator.comparing(part -> {
                    @Nullable Letter newest = part.peek();
                    return newest == null ? Instant.MIN : newest.time();
                }))
                .orElse(null);
    }

    /** By partition, the first offset that the topic still has. */
    Map<Integer, Long> begins() throws Unavailable {
        List<TopicPartition> all = partitions();
        return read((reader, left) -> {
            Map<Integer, Long> begins = new TreeMap<>();
            reader.beginningOffsets(all).forEach((each, begin) -> begins.put(each.partition(), begin));
            return begins;
        });
    }

    /** One of them, whole; empty: there is none at this place, or not any more. */
    public Optional<Letter> find(Letter.Place place) throws Unavailable {
        return Optional.ofNullable(recordAt(place)).map(found -> Letter.of(found, Integer.MAX_VALUE));
    }

    /** As it lies in the topic; null as before. */
    @Nullable
    ConsumerRecord<byte[], byte[]> recordAt(Letter.Place place) throws Unavailable {
        if (place.partition() >= shape().partitions()) {
            return null;
        }
        TopicPartition partition = new TopicPartition(topic, place.partition());
        List<TopicPartition> alone = List.of(partition);
        return read((reader, left) -> {
            reader.assign(alone);
            long begin = reader.beginningOffsets(alone).getOrDefault(partition, 0L);
            long end = reader.endOffsets(alone).getOrDefault(partition, 0L);
            if (place.offset() < begin || place.offset() >= end) {
                return null;
            }
            reader.seek(partition, place.offset());
            while (reader.position(partition) <= place.offset()) {
                Duration time = left.get();
                if (!time.isPositive()) {
                    throw new KafkaException("it was not read within " + PATIENCE.toSeconds() + " s");
                }
                for (ConsumerRecord<byte[], byte[]> each : reader.poll(time).records(partition)) {
                    return each.offset() == place.offset() ? each : null;
                }
            }
            return null;
        });
    }

    private List<TopicPartition> partitions() throws Unavailable {
        return IntStream.range(0, shape().partitions())
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .toList();
    }

    KafkaSettings.Shape shape() throws Unavailable {
        return TopicReads.shape(kafka, topic);
    }

    private <T extends @Nullable Object> T read(Read<T> how) throws Unavailable {
        try {
            if (!reads.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new Unavailable("others read the dead letters at this moment; ask again", null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unavailable("the relay stops", e);
        }
        try (Consumer<byte[], byte[]> reader = kafka.openReader(topic)) {
            return how.from(reader, TopicReads.left(time, PATIENCE));
        } catch (KafkaException e) {
            throw TopicReads.unavailable(e);
        } finally {
            reads.release();
        }
    }
}
