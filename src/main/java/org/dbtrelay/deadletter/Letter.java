package org.dbtrelay.deadletter;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * A record of the dead-letter topic.
 *
 * @param place where it lies
 * @param time when it was put aside
 * @param reason why, a word of the contract; null: the relay has not written it
 * @param message the fault, for a person; null as before
 * @param source where it lay in the commands topic; null as before
 * @param key as its producer had sent it; null: it had none
 * @param value the first bytes of it; null: it has none
 * @param size how many bytes the value has that its producer had sent
 * @param missing what of it is not here; null: nothing
 */
public record Letter(
        Place place,
        Instant time,
        @Nullable String reason,
        @Nullable String message,
        @Nullable Source source,
        byte @Nullable [] key,
        byte @Nullable [] value,
        int size,
        @Nullable Missing missing) {

    private static final String PREFIX = "dlq-";

    /** A place in the dead-letter topic. */
    public record Place(int partition, long offset) {}

    /** A place in the topic from which it was put aside. */
    public record Source(String topic, int partition, long offset) {

        @Override
        public String toString() {
            return "offset " + offset + " of partition " + partition + " of topic '" + topic + "'";
        }
    }

    /** What the dead-letter topic did not take, so that it is not here. */
    public enum Missing {
        /** Its value. */
        VALUE,
        /** Its key and its headers, too. */
        KEY
    }

    /** A record of the topic, with so many bytes of its value at most. */
    static Letter of(ConsumerRecord<byte[], byte[]> found, int most) {
        Headers headers = found.headers();
        @Nullable
        Missing missing =
                has(headers, "headers-omitted") ? Missing.KEY : has(headers, "value-omitted") ? Missing.VALUE : null;
        byte @Nullable [] value = missing == null ? found.value() : null;
        @Nullable String size = text(headers, "value-omitted");
        return new Letter(
                new Place(found.partition(), found.offset()),
                time(headers, found.timestamp()),
                text(headers, "reason"),
                text(headers, "message"),
                source(headers),
                keyOf(found),
                value == null ? null : Arrays.copyOf(value, Math.min(value.length, most)),
                size != null ? (int) number(size, 0) : value == null ? 0 : value.length,
                missing);
    }

    /** The key with which its producer had sent it; null: it had none. */
    static byte @Nullable [] keyOf(ConsumerRecord<byte[], byte[]> found) {
        return has(found.headers(), "key-added") || has(found.headers(), "headers-omitted") ? null : found.key();
    }

    /** The headers with which its producer had sent it. */
    static Headers headersOf(ConsumerRecord<byte[], byte[]> found) {
        RecordHeaders headers = new RecordHeaders();
        for (Header header : found.headers()) {
            if (!header.key().startsWith(PREFIX)) {
                headers.add(header);
            }
        }
        return headers;
    }

    private static @Nullable Source source(Headers headers) {
        @Nullable String topic = text(headers, "topic");
        long partition = number(text(headers, "partition"), -1);
        long offset = number(text(headers, "offset"), -1);
        return topic == null || partition < 0 || offset < 0 ? null : new Source(topic, (int) partition, offset);
    }

    private static Instant time(Headers headers, long otherwise) {
        @Nullable String time = text(headers, "time");
        try {
            return time == null ? Instant.ofEpochMilli(otherwise) : Instant.parse(time);
        } catch (DateTimeException e) {
            return Instant.ofEpochMilli(otherwise);
        }
    }

    private static boolean has(Headers headers, String name) {
        return headers.lastHeader(PREFIX + name) != null;
    }

    private static @Nullable String text(Headers headers, String name) {
        @Nullable Header header = headers.lastHeader(PREFIX + name);
        return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static long number(@Nullable String text, long otherwise) {
        return text == null || !text.matches("[0-9]{1,18}") ? otherwise : Long.parseLong(text);
    }
}
