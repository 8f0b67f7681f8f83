package org.dbtrelay.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.dbtrelay.config.LineageTopic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.lineage.event.Transition;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.event.EventType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code docs/asyncapi.yaml} holds together and speaks of the topics and the types that there are. */
class AsyncApiTest {

    private static final Path FILE = Path.of("docs", "asyncapi.yaml");
    private static final String PREFIX = "org.dbtrelay.";

    private static JsonNode api;

    @BeforeAll
    static void read() throws IOException {
        api = new YAMLMapper().readTree(FILE.toFile());
    }

    @Test
    void itIsAnAsyncapi3Document() {
        assertThat(api.path("asyncapi").asText()).isEqualTo("3.0.0");
        assertThat(names(api)).contains("info", "channels", "operations", "components");
        assertThat(api.path("info").path("title").asText()).isEqualTo("dbt-cloud-relay");
    }

    @Test
    void everyReferenceLeadsSomewhere() throws IOException {
        List<String> references = new ArrayList<>();
        collect(api, references);
        List<String> dead = new ArrayList<>();
        for (String reference : references) {
            if (resolved(reference).isMissingNode()) {
                dead.add(reference);
            }
        }

        assertThat(references).hasSizeGreaterThan(50);
        assertThat(dead).isEmpty();
    }

    @Test
    void theChannelsAreTheTopicsOfTheDefaultConfiguration() {
        RelayConfig config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                // It is off by default, and the topic has its name then, too.
                .withDefaultValue("relay.openlineage.enabled", "true")
                .build()
                .getConfigMapping(RelayConfig.class);
        RelayConfig.Topics topics = config.topics();
        Map<String, String> addresses = new TreeMap<>();
        api.path("channels")
                .properties()
                .forEach(channel -> addresses.put(
                        channel.getKey(), channel.getValue().path("address").asText()));

        assertThat(addresses)
                .isEqualTo(Map.of(
                        "commands", topics.commands(),
                        "runEvents", topics.runEvents(),
                        "artifactEvents", topics.artifactEvents(),
                        "deadLetters", topics.deadLetters(),
                        "lineageEvents", LineageTopic.used(config).orElseThrow()));
        api.path("channels")
                .forEach(channel -> assertThat(
                                channel.path("bindings").path("kafka").path("topic"))
                        .isEqualTo(channel.path("address")));
    }

    @Test
    void eachChannelHasOneOperationInTheRightDirection() {
        Map<String, String> actions = new TreeMap<>();
        api.path("operations").forEach(operation -> {
            String channel = operation.path("channel").path("$ref").asText().replace("#/channels/", "");
            assertThat(actions.put(channel, operation.path("action").asText()))
                    .as(channel)
                    .isNull();
        });

        assertThat(actions)
                .isEqualTo(Map.of(
                        "commands", "receive",
                        "runEvents", "send",
                        "artifactEvents", "send",
                        "deadLetters", "send",
                        "lineageEvents", "send"));
    }

    @Test
    void theMessagesAreTheTypesOfEventsEachWithItsSchema() throws IOException {
        Map<String, String> types = new TreeMap<>();
        for (Map.Entry<String, JsonNode> message :
                api.path("components").path("messages").properties()) {
            String name = message.getValue().path("name").asText("");
            if (!name.isEmpty()) {
                assertThat(name).isEqualTo(PREFIX + message.getKey());
                JsonNode schema = resolved(message.getValue()
                        .path("payload")
                        .path("schema")
                        .path("$ref")
                        .asText());
                types.put(
                        message.getKey(),
                        schema.path("properties").path("type").path("const").asText());
            }
        }

        assertThat(types)
                .isEqualTo(Arrays.stream(EventType.values())
                        .map(EventType::wireName)
                        .collect(Collectors.toMap(type -> type, type -> type)));
    }

    @Test
    void eachTypeIsOnItsTopic() {
        assertThat(typesOn("runEvents")).isEqualTo(types(type -> !type.startsWith("artifact.")));
        assertThat(typesOn("artifactEvents")).isEqualTo(types(type -> type.startsWith("artifact.")));
    }

    /** The golden events of lineage, which are what the code writes, have the form that the document tells. */
    @Test
    void lineageEventsAreAsTheDocumentTells() throws IOException {
        assertThat(schema("lineageEvent").path("properties").path("eventType").path("enum"))
                .extracting(JsonNode::asText)
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Transition.values()).map(Enum::name).toList());
        int events = 0;
        for (String golden : List.of("bigquery", "redshift", "reused", "snapshots", "snowflake")) {
            for (JsonNode event : new ObjectMapper()
                    .readTree(Path.of("src", "test", "resources", "lineage", golden + ".json")
                            .toFile())) {
                assertFits(event, schema("lineageEvent"));
                events++;
            }
        }
        assertThat(events).isGreaterThan(50);
    }

    /** The names of objects, as deep as the document goes. */
    private static void assertFits(JsonNode value, JsonNode schema) throws IOException {
        if (schema.has("$ref")) {
            String reference = schema.path("$ref").asText();
            if (reference.startsWith("#")) {
                assertFits(value, resolved(reference));
            }
            return;
        }
        schema.path("required")
                .forEach(name -> assertThat(value.has(name.asText()))
                        .as("%s of %s", name, value)
                        .isTrue());
        if (schema.has("items")) {
            for (JsonNode each : value) {
                assertFits(each, schema.path("items"));
            }
        }
        if (schema.has("properties")) {
            assertThat(names(value)).isSubsetOf(names(schema.path("properties")));
            for (Map.Entry<String, JsonNode> field : value.properties()) {
                assertFits(field.getValue(), schema.path("properties").path(field.getKey()));
            }
        }
    }

    @Test
    void noMessageIsLeftOutOfTheChannels() {
        Set<String> used = new TreeSet<>();
        api.path("channels")
                .forEach(channel -> channel.path("messages")
                        .forEach(message ->
                                used.add(message.path("$ref").asText().replace("#/components/messages/", ""))));

        assertThat(used).isEqualTo(names(api.path("components").path("messages")));
    }

    @Test
    void theHeadersAreThoseOfTheDocuments() {
        assertThat(names(schema("eventHeaders").path("properties")))
                .isEqualTo(Document.at("docs/events.md").firstColumn("Headers"));
        assertThat(names(schema("deadLetterHeaders").path("properties")))
                .isEqualTo(Document.at("docs/commands.md").firstColumn("Dead letters").stream()
                        .filter(name -> name.startsWith("dlq-"))
                        .collect(Collectors.toSet()));
    }

    @Test
    void theReasonsOfDeadLettersAreAllThere() {
        assertThat(schema("deadLetterHeaders")
                        .path("properties")
                        .path("dlq-reason")
                        .path("oneOf"))
                .extracting(reason -> reason.path("const").asText())
                .containsExactlyElementsOf(Arrays.stream(DeadLetterReason.values())
                        .map(DeadLetterReason::wireName)
                        .toList());
    }

    private static JsonNode schema(String name) {
        return api.path("components").path("schemas").path(name);
    }

    private static Set<String> typesOn(String channel) {
        return names(api.path("channels").path(channel).path("messages")).stream()
                .filter(name -> name.contains("."))
                .collect(Collectors.toSet());
    }

    private static Set<String> types(java.util.function.Predicate<String> wanted) {
        return Arrays.stream(EventType.values())
                .map(EventType::wireName)
                .filter(wanted)
                .collect(Collectors.toSet());
    }

    private static void collect(JsonNode node, List<String> references) {
        if (node.path("$ref").isTextual()) {
            references.add(node.path("$ref").asText());
        }
        node.forEach(child -> collect(child, references));
    }

    /** What a reference of the document, or of the schemas beside it, leads to; missing if nowhere. */
    private static JsonNode resolved(String reference) throws IOException {
        String[] parts = reference.split("#", 2);
        Path file = FILE.resolveSibling(parts[0]);
        JsonNode document = parts[0].isEmpty()
                ? api
                : Files.exists(file) ? new ObjectMapper().readTree(file.toFile()) : new ObjectMapper().missingNode();
        return parts.length == 1 ? document : document.at(parts[1]);
    }

    private static Set<String> names(JsonNode object) {
        return StreamSupport.stream(((Iterable<String>) object::fieldNames).spliterator(), false)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
