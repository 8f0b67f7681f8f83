package org.dbtrelay.lineage.tell;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SpecVersion;
import io.openlineage.client.OpenLineage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.config.LineageTests;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The events of five projects, one for one in {@code src/test/resources/lineage}. After a wanted change, look at the files in
 * {@code target/lineage} and copy them. OpenLineage's own classes read each event and must find all of it; with
 * {@code -Dopenlineage.spec=<directory>}, the {@code spec} of a copy of OpenLineage's repository, its published schemas check each.
 */
class GoldenLineageTest {

    private static final Path GOLDEN = Path.of("src", "test", "resources", "lineage");
    private static final Path MADE = Path.of("target", "lineage");

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();

    /** As OpenLineage's client reads, but that it would not pass over what it does not know. */
    private static final JsonMapper OPEN_LINEAGE = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** The projects. */
    enum Project {
        SNOWFLAKE,
        BIGQUERY,
        REDSHIFT,
        SNAPSHOTS,
        REUSED;

        private JaffleShop shop() {
            return switch (this) {
                case SNOWFLAKE -> JaffleShop.standard("snowflake", "ANALYTICS");
                case BIGQUERY -> JaffleShop.standard("bigquery", "acme-prod");
                case REDSHIFT -> JaffleShop.standard("redshift", "analytics");
                case SNAPSHOTS ->
                    JaffleShop.standard("postgres", "analytics")
                            .node("snapshot.shop.orders_history", "snapshot", "success", "model.shop.orders")
                            .node("model.shop.broken", "table", "error", "snapshot.shop.orders_history")
                            .node("model.shop.after", "table", "skipped", "model.shop.broken");
                case REUSED ->
                    new JaffleShop("snowflake", "ANALYTICS")
                            .fusion()
                            .source("orders")
                            .node("model.shop.orders", "table", "reused", "source.shop.raw.orders")
                            .node("model.shop.daily", "dynamic_table", "no-op", "model.shop.orders")
                            .node("model.shop.weekly", "table", "success", "model.shop.daily")
                            .test("not_null", "model.shop.weekly", "id", "ERROR", "reused", "model.shop.weekly");
            };
        }

        private Map<String, String> connection() {
            return switch (this) {
                case SNOWFLAKE -> Map.of("account", "xy12345.eu-west-1");
                case BIGQUERY -> Map.of("type", "bigquery");
                case REDSHIFT -> Map.of("hostname", "shop.cabc123.eu-west-1.redshift.amazonaws.com", "port", "5439");
                case SNAPSHOTS -> Map.of();
                case REUSED -> Map.of("account", "acme-prod");
            };
        }

        private List<JsonNode> events() throws IOException, InterruptedException {
            RunLineage run = new RunLineage(
                    SampleRuns.run(SampleRuns.ENDED), SampleRuns.around(LineageTests.AGGREGATE, connection()));
            Told told = new Told();
            told.events().add(Told.json(run.start()));
            new StepLineage(run, SampleRuns.BUILD).tell(shop(), told);
            told.events().add(Told.json(run.end()));
            return told.events();
        }
    }

    @ParameterizedTest
    @EnumSource(Project.class)
    void eventsStay(Project project) throws IOException, InterruptedException {
        String name = project.name().toLowerCase(Locale.ROOT) + ".json";
        String made = JSON.writeValueAsString(project.events()) + "\n";
        Files.createDirectories(MADE);
        Files.writeString(MADE.resolve(name), made);

        assertThat(GOLDEN.resolve(name)).exists();
        assertThat(made).isEqualTo(Files.readString(GOLDEN.resolve(name)));
    }

    /** A field that its class does not know would be lost on its way through OpenLineage's client. */
    @ParameterizedTest
    @EnumSource(Project.class)
    void openLineageReadsAllOfThem(Project project) throws IOException, InterruptedException {
        for (JsonNode event : project.events()) {
            OpenLineage.RunEvent read = OPEN_LINEAGE.treeToValue(event, OpenLineage.RunEvent.class);
            JsonNode again = OPEN_LINEAGE.valueToTree(read);

            assertThat(read.getRun().getRunId())
                    .hasToString(event.path("run").path("runId").asText());
            assertThat(read.getRun().getFacets().getAdditionalProperties().keySet())
                    .isSubsetOf("dbt_run", "dbt_node");
            assertThat(read.getJob().getFacets().getAdditionalProperties()).isEmpty();
            assertThat(names(again)).containsAll(names(event));
        }
    }

    /** The facets' versions are those that OpenLineage's client of this version writes. */
    @ParameterizedTest
    @EnumSource(Project.class)
    void schemasAreThoseOfTheClient(Project project) throws IOException, InterruptedException {
        for (JsonNode event : project.events()) {
            JsonNode again = OPEN_LINEAGE.valueToTree(OPEN_LINEAGE.treeToValue(event, OpenLineage.RunEvent.class));
            // The client writes the address of its own version, whatever it has read, for facets that it knows.
            assertThat(schemas(again)).containsAll(schemas(event));
        }
    }

    @ParameterizedTest
    @EnumSource(Project.class)
    void ownFacetsAreAsTheirSchemaSays(Project project) throws IOException, InterruptedException {
        JsonSchema schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(JSON.readTree(
                        Path.of("docs/schemas/lineage-facets.schema.json").toFile()));
        for (JsonNode event : project.events()) {
            JsonNode facets = event.path("run").path("facets");
            assertThat(facets.has("dbt_run") || event.path("eventType").asText().equals("START"))
                    .isTrue();
            assertThat(schema.validate(facets)).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(Project.class)
    @EnabledIfSystemProperty(named = "openlineage.spec", matches = ".+")
    void publishedSchemasTakeAllOfThem(Project project) throws IOException, InterruptedException {
        Path spec = Path.of(System.getProperty("openlineage.spec"));
        JsonSchemaFactory factory = JsonSchemaFactory.getInstance(
                SpecVersion.VersionFlag.V202012,
                builder -> builder.schemaMappers(mappers -> mappers.mappings(address -> address.startsWith(
                                "https://openlineage.io/spec/facets/")
                        ? spec.resolve("facets")
                                .resolve(address.replaceFirst(".*/", "").replaceFirst("#.*", ""))
                                .toUri()
                                .toString()
                        : address.startsWith("https://openlineage.io/spec/2-0-2/")
                                ? spec.resolve("OpenLineage.json").toUri().toString()
                                : address)));
        JsonSchema events = factory.getSchema(SchemaLocation.of("https://openlineage.io/spec/2-0-2/OpenLineage.json"));
        for (JsonNode event : project.events()) {
            assertThat(events.validate(event)).as(event.toString()).isEmpty();
            for (JsonNode facet : facets(event)) {
                String schema = facet.path("_schemaURL").asText();
                if (!schema.startsWith("urn:")) {
                    assertThat(factory.getSchema(SchemaLocation.of(schema)).validate(facet))
                            .as(facet.toString())
                            .isEmpty();
                }
            }
        }
    }

    /** A run has one start and one end, and all are part of the outermost one. */
    @ParameterizedTest
    @EnumSource(Project.class)
    void eachRunHasOneStartAndOneEnd(Project project) throws IOException, InterruptedException {
        Map<String, List<String>> byRun = project.events().stream()
                .collect(Collectors.groupingBy(
                        event -> event.path("run").path("runId").asText(),
                        Collectors.mapping(event -> event.path("eventType").asText(), Collectors.toList())));

        assertThat(byRun.values()).allSatisfy(types -> {
            assertThat(types).hasSize(2).startsWith("START");
            assertThat(types.getLast()).isIn("COMPLETE", "FAIL", "ABORT");
        });
        List<String> roots = project.events().stream()
                .map(event -> event.path("run")
                        .path("facets")
                        .path("parent")
                        .path("root")
                        .path("run")
                        .path("runId"))
                .map(JsonNode::asText)
                .filter(id -> !id.isEmpty())
                .distinct()
                .toList();
        assertThat(roots).containsExactly("a044664a-71e6-59f6-b064-51e1554c95cf");
    }

    @Test
    void goldenFilesAreAllUsed() throws IOException {
        try (Stream<Path> files = Files.list(GOLDEN)) {
            assertThat(files.map(file -> file.getFileName().toString())).hasSameSizeAs(Project.values());
        }
    }

    /** All names of fields, with the way to them. */
    private static Set<String> names(JsonNode json) {
        Set<String> names = new TreeSet<>();
        names("", json, names);
        return names;
    }

    private static void names(String path, JsonNode json, Set<String> names) {
        json.properties().forEach(field -> {
            names.add(path + "/" + field.getKey());
            names(path + "/" + field.getKey(), field.getValue(), names);
        });
        if (json.isArray()) {
            json.forEach(element -> names(path + "[]", element, names));
        }
        // Empty ones may be left out.
        names.removeAll(List.of(path + "/outputFacets", path + "/inputFacets", path + "/facets"));
    }

    private static List<JsonNode> facets(JsonNode event) {
        List<JsonNode> facets = new ArrayList<>();
        collect(event, facets);
        return facets;
    }

    private static void collect(JsonNode json, List<JsonNode> facets) {
        if (json.has("_schemaURL")) {
            facets.add(json);
        }
        json.forEach(part -> collect(part, facets));
    }

    private static Set<String> schemas(JsonNode event) {
        return facets(event).stream()
                .map(facet -> facet.path("_schemaURL").asText())
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
