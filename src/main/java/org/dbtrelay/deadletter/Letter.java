package org.dbtrelay.deadletter;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/** A record of the dead-letter topic. */
public final class Letter {

    private static final String PREFIX = "dlq-";

    /** The relay's own are shorter. */
    private static final int LONGEST_HEADER = 4 * 1024;

    /** The headers that are read here. */
    private static final List<String> NAMES = List.of(
            "reason",
            "message",
            "topic",
            "partition",
            "offset",
            "time",
            "key-added",
            "value-omitted",
            "headers-omitted");

    private final ConsumerRecord<byte[], byte[]> found;
    private final byte @Nullable [] value;
    private final int size;
    private final boolean keyCut;

    /**
     * With so many bytes at most of its value and its key; the rest is not held, and its producer's headers are not: all of them are as
     * long as their producer likes.
     */
    private Letter(ConsumerRecord<byte[], byte[]> found, int most) {
        RecordHeaders ours = new RecordHeaders();
        for (String name : NAMES) {
            @Nullable Header header = found.headers().lastHeader(PREFIX + name);
            if (header != null) {
                ours.add(header.key(), cut(header.value(), LONGEST_HEADER));
            }
        }
        byte @Nullable [] key = found.key();
        this.keyCut = key != null && key.length > most;
        byte @Nullable [] whole = missing(found.headers()) == null ? found.value() : null;
        @Nullable String omitted = text(found.headers(), "value-omitted");
        this.value = cut(whole, most);
        this.size = omitted != null ? (int) number(omitted, 0) : whole == null ? 0 : whole.length;
        this.found = new ConsumerRecord<>(
                found.topic(),
                found.partition(),
                found.offset(),
                found.timestamp(),
                found.timestampType(),
                found.serializedKeySize(),
                found.serializedValueSize(),
                cut(key, most),
                null,
                ours,
                found.leaderEpoch());
    }

    private static byte @Nullable [] cut(byte @Nullable [] bytes, int most) {
        return bytes == null ? null : Arrays.copyOf(bytes, Math.min(bytes.length, most));
    }

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

    /** A record of the topic, with so many bytes of its key and its value at most. */
    static Letter of(ConsumerRecord<byte[], byte[]> found, int most) {
        return new Letter(found, most);
    }

    /** Where it lies. */
    public Place place() {
        return new Place(found.partition(), found.offset());
    }

    /** When it was put aside. */
    public Instant time() {
        return time(found.headers(), found.timestamp());
    }

    /** Why, a word of the contract; null: the relay has not written it. */
    public @Nullable String reason() {
        return text(found.headers(), "reason");
    }

    /** The fault, for a person; null as before. */
    public @Nullable String message() {
        return text(found.headers(), "message");
    }

    /** Where it lay in the commands topic; null as before. */
    public @Nullable Source source() {
        return source(found.headers());
    }

    /** The first bytes of the key with which its producer had sent it; null: it had none, or it is missing. */
    public byte @Nullable [] key() {
        return keyOf(found);
    }

    /** Whether only the first bytes of the key are here. */
    public boolean keyIsCut() {
        return keyCut;
    }

    /** The first bytes of its value; null: it has none, or it is missing. */
    public byte @Nullable [] value() {
        return value;
    }

    /** How many bytes the value has that its producer had sent. */
    public int size() {
        return size;
    }

    /** What of it is not here; null: nothing. */
    public @Nullable Missing missing() {
        return missing(found.headers());
    }

    private static @Nullable Missing missing(Headers headers) {
        if (has(headers, "headers-omitted")) {
            return Missing.KEY;
        }
        return has(headers, "value-omitted") ? Missing.VALUE : null;
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
