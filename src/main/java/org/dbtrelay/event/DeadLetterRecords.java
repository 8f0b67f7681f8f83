package org.dbtrelay.event;

import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.run.DeadLetter;

/** Records that are no command, as they came, with the reason in headers. */
@Singleton
public class DeadLetterRecords {

    private final String topic;

    DeadLetterRecords(RelayConfig config) {
        this.topic = config.topics().deadLetters();
    }

    /** The dead letter of a record: its key, value and headers untouched, and six headers more. */
    public ProducerRecord<byte[], byte[]> record(
            ConsumerRecord<byte[], byte[]> source, DeadLetter verdict, Instant now) {
        return new ProducerRecord<>(topic, null, source.key(), source.value(), headers(source, verdict, now));
    }

    /** The dead letter of a record that the topic refuses for its size: without its value, which stays where it was. */
    public ProducerRecord<byte[], byte[]> withoutValue(
            ConsumerRecord<byte[], byte[]> source, DeadLetter verdict, Instant now) {
        RecordHeaders headers = headers(source, verdict, now);
        add(headers, "dlq-value-omitted", Integer.toString(source.serializedValueSize()));
        return new ProducerRecord<>(topic, null, source.key(), new byte[0], headers);
    }

    private static RecordHeaders headers(ConsumerRecord<byte[], byte[]> source, DeadLetter verdict, Instant now) {
        RecordHeaders headers = new RecordHeaders(source.headers());
        add(headers, "dlq-reason", verdict.reason().wireName());
        add(headers, "dlq-message", verdict.message());
        add(headers, "dlq-topic", source.topic());
        add(headers, "dlq-partition", Integer.toString(source.partition()));
        add(headers, "dlq-offset", Long.toString(source.offset()));
        add(headers, "dlq-time", now.toString());
        return headers;
    }

    private static void add(RecordHeaders headers, String key, String value) {
        headers.add(key, value.getBytes(StandardCharsets.UTF_8));
    }
}
