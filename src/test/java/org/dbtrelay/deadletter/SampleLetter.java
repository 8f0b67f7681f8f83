package org.dbtrelay.deadletter;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/** Builds dead letters for tests. Unless something else is set, one without key and headers, put there by nobody knows whom. */
public final class SampleLetter {

    private final byte @Nullable [] value;
    private final RecordHeaders headers = new RecordHeaders();
    private byte @Nullable [] key;
    private int most = Integer.MAX_VALUE;

    private SampleLetter(byte @Nullable [] value) {
        this.value = value;
    }

    public static SampleLetter of(byte @Nullable [] value) {
        return new SampleLetter(value);
    }

    public SampleLetter key(byte... bytes) {
        key = bytes;
        return this;
    }

    /** A header of the relay, without {@code dlq-}. */
    public SampleLetter header(String name, String text) {
        headers.add("dlq-" + name, text.getBytes(UTF_8));
        return this;
    }

    /** With so many bytes of its value at most. */
    public SampleLetter most(int bytes) {
        most = bytes;
        return this;
    }

    /** The letter at offset 12 of partition 3, of the beginning of time. */
    public Letter build() {
        return Letter.of(
                new ConsumerRecord<>(
                        "dbt.commands.dlq",
                        3,
                        12,
                        0,
                        TimestampType.CREATE_TIME,
                        key == null ? -1 : key.length,
                        value == null ? -1 : value.length,
                        key,
                        value,
                        headers,
                        Optional.empty()),
                most);
    }
}
