package org.dbtrelay.deadletter;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * Which dead letters were replayed: records of the control topic under this deployment's name. They are read when somebody asks,
 * each time from where the last reader ended, and committed ones only. The control topic's own reader would not do: it does not
 * wait for transactions, so that none can hold up a kill switch.
 */
@Singleton
class ReplayLog {

    private static final RelayLog LOG = RelayLog.of(ReplayLog.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Pattern PLACE = Pattern.compile("(\\d{1,9})/(\\d{1,18})");

    private final KafkaSettings kafka;
    private final Monotonic time;
    private final String topic;
    private final String prefix;
    private final Map<Letter.Place, Replayed> replayed = new HashMap<>();
    private final Map<TopicPartition, Long> next = new HashMap<>();
    private String topicId = "";

    ReplayLog(KafkaSettings kafka, Monotonic time) {
        this.kafka = kafka;
        this.time = time;
        this.topic = kafka.topics().control();
        this.prefix = kafka.deployment() + "/replayed/";
    }

    /** The record that a dead letter was replayed; null: that this is to be forgotten. */
    ProducerRecord<byte[], byte[]> record(Letter.Place place, @Nullable Replayed what) {
        byte[] key = (prefix + place.partition() + "/" + place.offset()).getBytes(StandardCharsets.UTF_8);
        return new ProducerRecord<>(topic, key, what == null ? null : what.bytes());
    }

    /**
     * Those that were replayed, as of now: whatever was committed before is in it.
     *
     * @throws Unavailable also if the topic has an open transaction, behind which nobody can see
     */
    synchronized Map<Letter.Place, Replayed> read() throws Unavailable {
        KafkaSettings.Shape shape = TopicReads.shape(kafka, topic);
        if (!shape.id().equals(topicId)) {
            replayed.clear();
            next.clear();
            topicId = shape.id();
        }
        List<TopicPartition> all = IntStream.range(0, shape.partitions())
                .mapToObj(partition -> new TopicPartition(topic, partition))
                .toList();
        Map<TopicPartition, Long> ends = ends(all);
        if (all.stream().allMatch(each -> next.getOrDefault(each, 0L) >= ends.getOrDefault(each, 0L))) {
            return Map.copyOf(replayed);
        }
        try (Consumer<byte[], byte[]> reader = kafka.openReader(topic)) {
            follow(reader, all, ends);
        } catch (KafkaException e) {
            throw TopicReads.unavailable(e);
        }
        return Map.copyOf(replayed);
    }

    /** With what no transaction has committed yet: behind it there may be something that is. */
    private Map<TopicPartition, Long> ends(List<TopicPartition> all) throws Unavailable {
        Map<TopicPartition, Long> ends = new HashMap<>();
        try {
            for (TopicPartition each : all) {
                ends.put(each, kafka.endOf(each));
            }
        } catch (LedgerException e) {
            throw new Unavailable("topic '" + topic + "': " + e.why(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unavailable("the relay stops", e);
        }
        return ends;
    }

    private void follow(Consumer<byte[], byte[]> reader, List<TopicPartition> all, Map<TopicPartition, Long> ends)
            throws Unavailable {
        Supplier<Duration> left = TopicReads.left(time, PATIENCE);
        reader.assign(all);
        reader.seekToBeginning(all);
        next.forEach(reader::seek);
        while (!all.stream().allMatch(each -> reader.position(each) >= ends.getOrDefault(each, 0L))) {
            Duration most = left.get();
            if (!most.isPositive()) {
                throw new Unavailable(
                        "topic '" + topic + "' could not be read to its end within " + PATIENCE.toSeconds()
                                + " s; is there a transaction that does not end? Ask again",
                        null);
            }
            reader.poll(most).forEach(this::take);
            all.forEach(each -> next.put(each, reader.position(each)));
        }
    }

    private void take(ConsumerRecord<byte[], byte[]> found) {
        String key = found.key() == null ? "" : new String(found.key(), StandardCharsets.UTF_8);
        Matcher place = PLACE.matcher(key.startsWith(prefix) ? key.substring(prefix.length()) : "");
        if (place.matches()) {
            take(new Letter.Place(Integer.parseInt(place.group(1)), Long.parseLong(place.group(2))), found);
        }
    }

    private void take(Letter.Place place, ConsumerRecord<byte[], byte[]> found) {
        if (found.value() == null) {
            replayed.remove(place);
            return;
        }
        try {
            replayed.put(place, Replayed.of(found.value()));
        } catch (IOException | RuntimeException e) {
            // The safe side: it is not sent again.
            LOG.error("A record of the control topic cannot be read; its dead letter counts as replayed", e);
            LOG.debug("The record that cannot be read", pair(LogKey.OFFSET, found.offset()));
            replayed.put(
                    place,
                    new Replayed(
                            Replayed.VERSION, "", Instant.ofEpochMilli(found.timestamp()), null, false, -1, -1, ""));
        }
    }
}
