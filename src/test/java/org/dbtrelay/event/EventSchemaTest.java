package org.dbtrelay.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.event.StrayReason;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.testkit.Schemas;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The schemas of events, the golden files of events, and what is really written: three that have to say the same. */
class EventSchemaTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path GOLDEN = Path.of("src", "test", "resources", "events");
    private static final RelayConfig CONFIG = new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(RelayConfig.class)
            .withDefaultValue("relay.name", "prod")
            .withDefaultValue("relay.events.mode", "structured")
            .build()
            .getConfigMapping(RelayConfig.class);

    private final EventRecords records = new EventRecords(CONFIG, Policies.of(CONFIG));

    static Set<String> samples() {
        return SampleEvents.all().keySet();
    }

    @Test
    void theSchemasKnowTheTypes() {
        assertThat(Schemas.alternatives("run-event", "artifact-event"))
                .isEqualTo(Arrays.stream(EventType.values())
                        .map(EventType::wireName)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    static Stream<Arguments> reasons() {
        return Stream.of(
                arguments("run-event", "rejectReason", words(RejectReason.values(), RejectReason::wireName)),
                arguments("run-event", "cancelReason", words(CancelReason.values(), CancelReason::wireName)),
                arguments("run-event", "abandonReason", words(AbandonReason.values(), AbandonReason::wireName)),
                arguments("run-event", "strayReason", words(StrayReason.values(), StrayReason::wireName)),
                arguments("run-event", "unexpectedReason", List.of("unexpected_status")),
                arguments(
                        "artifact-event",
                        "unavailableReason",
                        words(UnavailableReason.values(), UnavailableReason::wireName)));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("reasons")
    void theSchemasKnowTheReasons(String schema, String list, List<String> reasons) {
        assertThat(Schemas.document(schema).path("$defs").path(list).path("oneOf"))
                .filteredOn(choice -> choice.has("const"))
                .extracting(choice -> choice.path("const").asText())
                .containsExactlyElementsOf(reasons);
    }

    @Test
    void thereIsASampleOfEachType() {
        assertThat(samples().stream().map(name -> name.split("-", 2)[0]))
                .containsAll(Arrays.stream(EventType.values())
                        .map(EventType::wireName)
                        .toList());
    }

    @ParameterizedTest
    @MethodSource("samples")
    void whatIsWrittenIsAsTheSchemaSays(String name) throws IOException {
        JsonNode data = JSON.readTree(records.data(SampleEvents.all().get(name)));

        assertThat(Schemas.eventFaults(data)).isEmpty();
        assertThat(Schemas.faults(
                        data.path("type").asText().startsWith("artifact.") ? "artifact-event" : "run-event", data))
                .isEmpty();
    }

    /** A schema that takes anything would pass all of the above. */
    @ParameterizedTest
    @MethodSource("samples")
    void everyFieldMattersToTheSchema(String name) throws IOException {
        JsonNode data = JSON.readTree(records.data(SampleEvents.all().get(name)));
        for (var field : data.properties()) {
            ObjectNode without = data.deepCopy();
            without.remove(field.getKey());
            ObjectNode wrong = data.deepCopy();
            wrong.putArray(field.getKey()).add(true);
            if (!List.of("summary", "coalesced_into", "coalesced").contains(field.getKey())) {
                assertThat(Schemas.eventFaults(without))
                        .as("without %s", field.getKey())
                        .isNotEmpty();
            }
            if (!field.getKey().equals("context")) {
                assertThat(Schemas.eventFaults(wrong))
                        .as("wrong %s", field.getKey())
                        .isNotEmpty();
            }
        }
        assertThat(Schemas.eventFaults(((ObjectNode) data.deepCopy()).put("new_field", 1)))
                .isNotEmpty();
    }

    /**
     * Within a major version fields are added at most. If this fails for a field that is new, add it to the file; if it fails
     * for anything else, consumers of today would fail too.
     */
    @ParameterizedTest
    @MethodSource("samples")
    void whatIsWrittenStaysAsItWas(String name) throws IOException {
        RunEvent event = SampleEvents.all().get(name);
        JsonNode written = JSON.readTree(records.record(event).value());

        JsonNode golden = JSON.readTree(GOLDEN.resolve(name + ".json").toFile());

        assertThat(written).isEqualTo(golden);
        assertThat(Schemas.eventFaults(golden.path("data"))).isEmpty();
    }

    @Test
    void noGoldenFileIsLeftOver() throws IOException {
        try (Stream<Path> files = Files.list(GOLDEN)) {
            assertThat(files.map(file -> file.getFileName().toString().replace(".json", "")))
                    .containsExactlyInAnyOrderElementsOf(samples());
        }
    }

    private static <E> List<String> words(E[] values, java.util.function.Function<E, String> word) {
        return Arrays.stream(values).map(word).toList();
    }
}
