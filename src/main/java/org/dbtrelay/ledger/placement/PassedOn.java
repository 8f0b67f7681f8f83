package org.dbtrelay.ledger.placement;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * The header of a record that the relay has passed on to the partition of its key: where the record lay when its producer had
 * sent it, and where it was passed on to. Clients copy headers from one record to another, so the relay
 * trusts the header only if it fits the record's own place: see {@link Placement}.
 *
 * @param topicId Kafka's id of the topic, so that a copy in another topic, or in one that was made anew, says nothing
 * @param partition where its producer had put it
 * @param offset its place there
 * @param timestamp its time there, in milliseconds
 * @param to the partition that it was passed on to
 * @param partitions how many the topic had then
 */
public record PassedOn(String topicId, int partition, long offset, long timestamp, int to, int partitions) {

    /** Its name. */
    public static final String HEADER = "relay-passed-on";

    private static final Pattern FORM = Pattern.compile(
            "topic=([\\w-]{1,64}) from=(\\d{1,9})@(\\d{1,18}) timestamp=(-?\\d{1,18}) to=(\\d{1,9}) of=([1-9]\\d{0,8})");

    /** Reads the header; null: it is absent or cannot be understood. */
    static @Nullable PassedOn in(Headers headers) {
        Header header = headers.lastHeader(HEADER);
        if (header == null || header.value() == null) {
            return null;
        }
        Matcher found = FORM.matcher(new String(header.value(), StandardCharsets.UTF_8));
        return found.matches()
                ? new PassedOn(
                        found.group(1),
                        Integer.parseInt(found.group(2)),
                        Long.parseLong(found.group(3)),
                        Long.parseLong(found.group(4)),
                        Integer.parseInt(found.group(5)),
                        Integer.parseInt(found.group(6)))
                : null;
    }

    /** Puts it into headers, in the place of any other one. */
    void putInto(Headers headers) {
        headers.remove(HEADER);
        headers.add(HEADER, toString().getBytes(StandardCharsets.UTF_8));
    }

    /** As it stands in the header. */
    @Override
    public String toString() {
        return "topic=" + topicId + " from=" + partition + "@" + offset + " timestamp=" + timestamp + " to=" + to
                + " of=" + partitions;
    }
}
