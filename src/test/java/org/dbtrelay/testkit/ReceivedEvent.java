package org.dbtrelay.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * A record as it was read from a topic.
 *
 * @param origin the record itself, for tests that care about bytes and positions
 * @param headers the headers as text, the last one of each name; CloudEvents' attributes begin with {@code ce_}
 * @param value the value as JSON, missing (never null) if it is no JSON or absent
 */
public record ReceivedEvent(ConsumerRecord<byte[], byte[]> origin, Map<String, String> headers, JsonNode value) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TYPE_PREFIX = "org.dbtrelay.";

    /** Reads the headers and, if it can, the value of a record. */
    public static ReceivedEvent of(ConsumerRecord<byte[], byte[]> origin) {
        var headers = new LinkedHashMap<String, String>();
        for (Header header : origin.headers()) {
            headers.put(header.key(), text(header.value()));
        }
        return new ReceivedEvent(origin, headers, json(origin.value()));
    }

    public String topic() {
        return origin.topic();
    }

    /** The record's key as text, null if it has none. */
    public String key() {
        return text(origin.key());
    }

    /** The value as text, null for a tombstone. */
    public String text() {
        return text(origin.value());
    }

    /** The header of this name as text, null if there is none. */
    public String header(String name) {
        return headers.get(name);
    }

    /** A CloudEvents attribute such as {@code id} or {@code time}, from headers (binary) or envelope (structured); null if absent. */
    public String attribute(String name) {
        return isStructured() ? value.path(name).asText(null) : headers.get("ce_" + name);
    }

    /** The event's data: the value in binary mode, its {@code data} in structured mode. */
    public JsonNode data() {
        return isStructured() ? value.path("data") : value;
    }

    /** The short type, for example {@code run.queued}, from the CloudEvents type or else from the data; empty for other records. */
    public String type() {
        String type = attribute("type");
        if (type == null) {
            return data().path("type").asText("");
        }
        return type.startsWith(TYPE_PREFIX) ? type.substring(TYPE_PREFIX.length()) : type;
    }

    /** The command that the event belongs to, by its data; empty for other records. */
    public String commandId() {
        return data().path("command_id").asText("");
    }

    /** The event's place among its command's events, from 0. */
    public OptionalLong sequence() {
        JsonNode sequence = data().path("sequence");
        return sequence.isIntegralNumber() ? OptionalLong.of(sequence.longValue()) : OptionalLong.empty();
    }

    /** The run, as far as it is known. */
    public OptionalLong runId() {
        JsonNode run = data().path("run_id");
        return run.isIntegralNumber() ? OptionalLong.of(run.longValue()) : OptionalLong.empty();
    }

    /** The data's {@code reason}, for example {@code job_not_found}. */
    public Optional<String> reason() {
        return Optional.ofNullable(data().path("reason").asText(null));
    }

    /** Whether the event is of this short type and of this command. */
    public boolean is(String type, String commandId) {
        return type().equals(type) && commandId().equals(commandId);
    }

    @Override
    public String toString() {
        return "%s-%d@%d key=%s %s %s"
                .formatted(origin.topic(), origin.partition(), origin.offset(), key(), headers, text());
    }

    /** Whether it is an event that a relay has written, by its CloudEvents source. */
    public boolean isOfRelay() {
        String source = attribute("source");
        return source != null && source.startsWith("/dbt-cloud-relay/");
    }

    /** Whether the value is the CloudEvent as a whole. */
    public boolean isStructured() {
        String contentType = headers.get("content-type");
        return contentType != null && contentType.startsWith("application/cloudevents+json");
    }

    private static JsonNode json(byte[] bytes) {
        if (bytes == null) {
            return MissingNode.getInstance();
        }
        try {
            return JSON.readTree(bytes);
        } catch (IOException e) {
            // A dead letter may be anything: its text and bytes are there for the test.
            return MissingNode.getInstance();
        }
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }
}
