package org.dbtrelay.testkit;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The JSON Schemas in {@code docs/schemas}, as tests hold commands and events against them. Formats are checked, and nothing is
 * fetched from anywhere.
 */
public final class Schemas {

    /** The documents, by the names of their files. */
    public static final List<String> NAMES = List.of("command", "run-event", "artifact-event");

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();
    private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
    private static final SchemaValidatorsConfig CONFIG = SchemaValidatorsConfig.builder()
            .formatAssertionsEnabled(true)
            .locale(Locale.ROOT)
            .build();
    private static final Map<String, JsonSchema> COMPILED = new ConcurrentHashMap<>();
    private static final Set<String> TYPES = alternatives("run-event", "artifact-event");

    private Schemas() {}

    /** A document as it stands in its file. */
    public static ObjectNode document(String name) {
        try {
            return (ObjectNode) JSON.readTree(
                    Path.of("docs", "schemas", name + ".schema.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The faults that a document as a whole finds; empty if there are none. */
    public static List<String> faults(String name, JsonNode value) {
        return validate(COMPILED.computeIfAbsent(name, it -> compiled(document(it))), value);
    }

    /** The faults that the part of a document under {@code $defs} finds; its words are plainer than those of the whole. */
    public static List<String> faults(String name, String definition, JsonNode value) {
        return validate(COMPILED.computeIfAbsent(name + "#" + definition, it -> part(name, definition)), value);
    }

    /** The faults of an event's data, by its type; empty if there are none. */
    public static List<String> eventFaults(JsonNode data) {
        String type = data.path("type").asText();
        String name = type.startsWith("artifact.") ? "artifact-event" : "run-event";
        return TYPES.contains(type)
                ? faults(name, type, data)
                : List.of("the schemas know no event of the type '" + type + "'");
    }

    /**
     * Checks the data of an event.
     *
     * @throws AssertionError if it is not as its schema says
     */
    public static void assertEvent(byte[] data) {
        try {
            assertEvent(JSON.readTree(data));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As {@link #assertEvent(byte[])}. */
    public static void assertEvent(JsonNode data) {
        List<String> faults = eventFaults(data);
        if (!faults.isEmpty()) {
            throw new AssertionError("not as docs/schemas says: " + faults + "\n" + data);
        }
    }

    /** The alternatives of a document: the types of events, or the verbs of commands. */
    public static Set<String> alternatives(String... names) {
        Set<String> found = new TreeSet<>();
        for (String name : names) {
            for (JsonNode alternative : document(name).path("oneOf")) {
                found.add(alternative.path("$ref").asText().replace("#/$defs/", ""));
            }
        }
        return found;
    }

    private static List<String> validate(JsonSchema schema, JsonNode value) {
        return schema.validate(value).stream()
                .map(ValidationMessage::getMessage)
                .toList();
    }

    private static JsonSchema part(String name, String definition) {
        ObjectNode document = document(name);
        document.remove(List.of("$id", "oneOf"));
        document.put("$ref", "#/$defs/" + definition);
        return compiled(document);
    }

    private static JsonSchema compiled(ObjectNode document) {
        JsonSchema schema = FACTORY.getSchema(document, CONFIG);
        schema.initializeValidators();
        return schema;
    }
}
