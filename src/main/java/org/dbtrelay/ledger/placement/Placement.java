package org.dbtrelay.ledger.placement;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Utils;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.jspecify.annotations.Nullable;

/**
 * The partitions to which records of the commands topic belong, and the records that are passed on to them. The relay knows ids,
 * order and limits by partition, so a key has one partition, that of Kafka's own hash, whichever partition its producer chose. One
 * object for each claim.
 */
public final class Placement {

    private final String topicId;
    private final TopicCheck topics;
    private final Misplaced misplaced;

    public Placement(String topicId, TopicCheck topics, Misplaced misplaced) {
        this.topicId = topicId;
        this.topics = topics;
        this.misplaced = misplaced;
    }

    /** The number of partitions of the commands topic; 0: no broker has told yet. */
    public int partitions() {
        return topics.status().partitions();
    }

    /** Whether Kafka lets the relay write to the commands topic; true until a broker denies it. */
    public boolean mayPassOn() {
        return topics.status().mayPassOn();
    }

    /** The key of a record; null: it has none. An empty key counts as none, as it does for librdkafka. */
    public static byte @Nullable [] key(ConsumerRecord<byte[], byte[]> record) {
        return record.key() == null || record.key().length == 0 ? null : record.key();
    }

    /** The bytes of a key, as the HTTP API writes them. */
    public static byte[] key(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }

    /** The partition to which Kafka's own producer sends a key.
     *
     * @param partitions how many the topic has
     */
    public static int of(byte[] key, int partitions) {
        return Utils.toPositive(Utils.murmur2(key)) % partitions;
    }

    /**
     * The record's header about its first partition; null: it has none, or its header names another topic or partition, so it was
     * copied.
     */
    public @Nullable PassedOn passedOn(ConsumerRecord<byte[], byte[]> record) {
        @Nullable PassedOn header = PassedOn.in(record.headers());
        return header != null && header.topicId().equals(topicId) && header.to() == record.partition() ? header : null;
    }

    /** The record as its producer had sent it. */
    public ConsumerRecord<byte[], byte[]> asSent(ConsumerRecord<byte[], byte[]> record, PassedOn header) {
        RecordHeaders headers = new RecordHeaders(record.headers());
        headers.remove(PassedOn.HEADER);
        return new ConsumerRecord<>(
                record.topic(),
                header.partition(),
                header.offset(),
                header.timestamp(),
                record.timestampType(),
                record.serializedKeySize(),
                record.serializedValueSize(),
                record.key(),
                record.value(),
                headers,
                record.leaderEpoch());
    }

    /**
     * The record as it is passed on.
     *
     * @param before what its header says, if it was passed on before and the number of partitions has grown since
     */
    public ProducerRecord<byte[], byte[]> passOn(
            ConsumerRecord<byte[], byte[]> record, @Nullable PassedOn before, int to) {
        PassedOn header = before == null
                ? new PassedOn(topicId, record.partition(), record.offset(), record.timestamp(), to, partitions())
                : new PassedOn(topicId, before.partition(), before.offset(), before.timestamp(), to, partitions());
        RecordHeaders headers = new RecordHeaders(record.headers());
        header.putInto(headers);
        return new ProducerRecord<>(record.topic(), to, record.key(), record.value(), headers);
    }

    /**
     * A record of the relay's own for the commands topic, on the partition of its key.
     *
     * @param topic the commands topic
     */
    public ProducerRecord<byte[], byte[]> placed(String topic, String key, byte[] value, Headers headers) {
        byte[] bytes = key(key);
        return new ProducerRecord<>(topic, of(bytes, partitions()), bytes, value, headers);
    }

    /** A record has been passed on, durably. */
    public void told(ConsumerRecord<byte[], byte[]> record) {
        misplaced.passedOn(record, partitions());
    }
}
