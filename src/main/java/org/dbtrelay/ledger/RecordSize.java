package org.dbtrelay.ledger;

import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** The size that a record adds to a transaction. */
public final class RecordSize {

    private RecordSize() {}

    /** The bytes of its key, its value and its headers; Kafka's own framing is not counted. */
    public static int of(ProducerRecord<byte[], byte[]> record) {
        int bytes = length(record.key()) + length(record.value());
        for (Header header : record.headers()) {
            bytes += header.key().length() + length(header.value());
        }
        return bytes;
    }

    private static int length(byte @Nullable [] content) {
        return content == null ? 0 : content.length;
    }
}
