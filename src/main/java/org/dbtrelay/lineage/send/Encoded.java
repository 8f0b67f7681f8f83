package org.dbtrelay.lineage.send;

import java.nio.charset.StandardCharsets;
import org.dbtrelay.lineage.event.LineageEvent;

/**
 * An event on its way.
 *
 * @param key of its Kafka record
 * @param json in UTF-8; not copied
 */
@SuppressWarnings("ArrayRecordComponent")
public record Encoded(byte[] key, byte[] json) {

    /** An event as it goes out. */
    public static Encoded of(LineageEvent event) {
        return new Encoded(event.key().getBytes(StandardCharsets.UTF_8), event.bytes());
    }
}
