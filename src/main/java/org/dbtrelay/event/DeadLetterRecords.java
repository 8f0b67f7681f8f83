package org.dbtrelay.event;

import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.job.Truncate;

/** Writes records that are no command to the dead-letter topic, as they came, with the reason in headers. */
@Singleton
public class DeadLetterRecords {

    /** The length of the message, in characters, where nothing else is left of the record. */
    private static final int SHORT_MESSAGE = 100;

    private final String topic;

    DeadLetterRecords(RelayConfig config) {
        this.topic = config.topics().deadLetters();
    }

    /**
     * The dead letter of a record: its key, value and headers untouched, and six headers more. A dead letter that its
     * topic refuses is written with less: with a key of its own where it had none, then without its value, then with nothing but its
     * place, where it can be looked up.
     *
     * @param refusals how often the topic has refused this dead letter
     */
    public ProducerRecord<byte[], byte[]> record(
            ConsumerRecord<byte[], byte[]> source, DeadLetter verdict, Instant now, int refusals) {
        boolean ownKey = refusals > 0 && source.key() == null;
        int cuts = ownKey ? refusals - 1 : refusals;
        RecordHeaders headers = headers(cuts > 1 ? new RecordHeaders() : source.headers(), source, verdict, now, cuts);
        byte[] place = bytes(source.topic() + "-" + source.partition() + "-" + source.offset());
        if (ownKey) {
            add(headers, "dlq-key-added", "true");
        }
        if (cuts > 0) {
            add(headers, "dlq-value-omitted", Integer.toString(source.serializedValueSize()));
        }
        if (cuts > 1) {
            add(
                    headers,
                    "dlq-headers-omitted",
                    Integer.toString(source.headers().toArray().length));
            if (!ownKey) {
                add(headers, "dlq-key-omitted", Integer.toString(source.serializedKeySize()));
            }
        }
        return new ProducerRecord<>(
                topic,
                null,
                ownKey || cuts > 1 ? place : source.key(),
                cuts > 0 ? new byte[0] : source.value(),
                headers);
    }

    private static RecordHeaders headers(
            Headers kept, ConsumerRecord<byte[], byte[]> source, DeadLetter verdict, Instant now, int cuts) {
        RecordHeaders headers = new RecordHeaders(kept);
        add(headers, "dlq-reason", verdict.reason().wireName());
        add(headers, "dlq-message", cuts > 1 ? Truncate.to(SHORT_MESSAGE, verdict.message()) : verdict.message());
        add(headers, "dlq-topic", source.topic());
        add(headers, "dlq-partition", Integer.toString(source.partition()));
        add(headers, "dlq-offset", Long.toString(source.offset()));
        add(headers, "dlq-time", now.toString());
        return headers;
    }

    private static void add(RecordHeaders headers, String key, String value) {
        headers.add(key, bytes(value));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
