package org.dbtrelay.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.docs.Document;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.event.SampleEvent;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.NodeOwner;
import org.dbtrelay.run.job.NodeStatus;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.testkit.Schemas;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code docs/events.md} says what the records of events hold, and {@code docs/commands.md} what those of dead letters do. */
class EventsDocumentTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Instant TIME = Instant.parse("2026-11-22T10:00:15Z");

    /** Their fields are the user's own, or names of dbt's. */
    private static final Set<String> OPEN = Set.of("context", "summary.nodes");

    private static final RelayConfig CONFIG = new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(RelayConfig.class)
            .build()
            .getConfigMapping(RelayConfig.class);

    private final Document document = Document.at("docs/events.md");
    private final EventRecords records = new EventRecords(CONFIG, Policies.of(CONFIG));

    /** An event with everything in it. */
    record Kind(String heading, RunEvent event) {
        @Override
        public String toString() {
            return heading;
        }
    }

    static Stream<Kind> kinds() {
        return Stream.of(
                new Kind(
                        "Data of command events",
                        event(
                                EventType.COMMAND_REJECTED,
                                new RunEvent.OfCommand("trigger", RejectReason.INVALID, "message", null))),
                new Kind("Data of run events", event(EventType.RUN_FAILED, ofRun())),
                new Kind(
                        "Data of artifact.ready",
                        event(
                                EventType.ARTIFACT_READY,
                                new RunEvent.OfArtifact(new StoredArtifact(
                                        new WantedArtifact("run_results.json", 4),
                                        "file:///artifacts/run_results.json",
                                        1L,
                                        "00".repeat(32),
                                        "application/json",
                                        new ArtifactContent(
                                                "version",
                                                TIME,
                                                "id",
                                                new ArtifactContent.Results(
                                                        Map.of("success", 1),
                                                        Map.of(),
                                                        1L,
                                                        1.0,
                                                        List.of(new ArtifactContent.SlowNode("a", "success", 1)),
                                                        List.of(new FailedNode("b", "fail", "c"))),
                                                List.of(new FailedNode("d", "warn", "e")),
                                                Map.of(
                                                        "b",
                                                        new NodeOwner("group", "name", "email"),
                                                        "d",
                                                        new NodeOwner("group", "name", "email"))))))),
                new Kind(
                        "Data of artifact.unavailable",
                        event(
                                EventType.ARTIFACT_UNAVAILABLE,
                                new RunEvent.OfMissingArtifact(
                                        new WantedArtifact("catalog.json", 4),
                                        UnavailableReason.NOT_PRODUCED,
                                        "message"))));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void listsTheFields(Kind kind) {
        Set<String> fields = new TreeSet<>();
        paths("", read(records.data(kind.event())), fields);

        assertThat(document.firstColumn(kind.heading())).containsExactlyInAnyOrderElementsOf(fields);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void hasAnExampleWithAllFields(Kind kind) {
        Set<String> fields = names(read(records.data(kind.event())));
        String family = kind.event().type().wireName();
        String begin = kind.event().body() instanceof RunEvent.OfRun
                ? "run."
                : kind.event().body() instanceof RunEvent.OfCommand ? "command." : family;

        assertThat(document.examples("json"))
                .map(EventsDocumentTest::read)
                .filteredOn(example -> example.path("type").asText().startsWith(begin))
                .isNotEmpty()
                .allSatisfy(example -> assertThat(names(example)).isEqualTo(fields));
    }

    /** Each is an event that could be; what the relay could not write stands in no document. */
    @Test
    void itsExamplesAreEvents() {
        assertThat(document.examples("json"))
                .map(EventsDocumentTest::read)
                .filteredOn(example -> example.has("command_id"))
                .hasSizeGreaterThan(6)
                .allSatisfy(example -> assertThat(Schemas.eventFaults(example)).isEmpty());
    }

    @Test
    void listsTheHeaders() {
        Headers headers =
                records.record(kinds().findFirst().orElseThrow().event()).headers();

        assertThat(document.firstColumn("Headers")).containsExactlyInAnyOrderElementsOf(names(headers));
    }

    @Test
    void listsTheTypes() {
        assertThat(document.firstColumn("Types"))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(EventType.values())
                        .map(EventType::wireName)
                        .toList());
    }

    @Test
    void listsTheStatusesOfNodes() {
        assertThat(document.firstColumn("Statuses of nodes"))
                .containsExactlyElementsOf(
                        Arrays.stream(NodeStatus.values()).map(NodeStatus::word).toList());
        assertThat(NodeStatus.values())
                .allSatisfy(status -> assertThat(document.row(status.word()))
                        .contains("| `" + status.nodeClass().wireName() + "` |"));
        assertThat(document.firstColumn("Classes of nodes"))
                .containsExactlyElementsOf(Arrays.stream(NodeStatus.NodeClass.values())
                        .map(NodeStatus.NodeClass::wireName)
                        .toList());
    }

    @Test
    void listsTheReasonsOfCancellations() {
        assertThat(document.firstColumn("Reasons of run.cancelled"))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(CancelReason.values())
                        .map(CancelReason::wireName)
                        .toList());
    }

    @Test
    void listsTheReasonsOfAbandonments() {
        assertThat(document.firstColumn("Reasons of run.abandoned"))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(AbandonReason.values())
                        .map(AbandonReason::wireName)
                        .toList());
    }

    @Test
    void listsTheReasonsOfUnavailability() {
        assertThat(document.firstColumn("Reasons of artifact.unavailable"))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(UnavailableReason.values())
                        .map(UnavailableReason::wireName)
                        .toList());
    }

    @Test
    void theDocumentOfCommandsListsTheHeadersOfDeadLetters() {
        DeadLetterRecords records = new DeadLetterRecords(CONFIG);
        DeadLetter verdict = new DeadLetter(DeadLetterReason.MALFORMED, "message");
        Set<String> headers = new TreeSet<>();
        for (byte[] key : Arrays.asList(new byte[0], null)) {
            for (int refusals = 0; refusals < 4; refusals++) {
                headers.addAll(names(records.record(
                                new ConsumerRecord<>("dbt.commands", 0, 0, key, new byte[0]), verdict, TIME, refusals)
                        .headers()));
            }
        }

        assertThat(Document.at("docs/commands.md").firstColumn("Dead letters")).containsAll(headers);
    }

    private static RunEvent.OfRun ofRun() {
        RunSnapshot run = new RunSnapshot(
                1L,
                2L,
                3L,
                4L,
                5L,
                "job",
                JobRunStatus.Known.ERROR,
                "status message",
                "https://ab123.us1.dbt.com/",
                TIME,
                TIME,
                TIME,
                true,
                "cause",
                6L,
                new RunDetails("main", "sha", "1.9.0", List.of(7L), true, "scheduled", "api", "relay", 8L));
        RunFailure failure = new RunFailure(
                new RunStep(4, "Invoke dbt with `dbt build`", JobRunStatus.Known.ERROR, true, "dbt build", "log"),
                List.of(new FailedNode("model.shop.orders", "error", "message")));
        return new RunEvent.OfRun(
                run,
                JobRunStatus.Known.RUNNING,
                "job",
                "cause",
                true,
                failure,
                "reason",
                "message",
                1,
                new RunNames("project", "environment", "production", "1.9.0"),
                null);
    }

    private static RunEvent event(EventType type, RunEvent.Body body) {
        return SampleEvent.of("orders")
                .observedAt(TIME)
                .about(2L, 5L, 1L)
                .context("{\"batch\": 17}")
                .trace(new TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1"))
                .build(type, body);
    }

    /** The paths of all fields, such as {@code failure.nodes[].status}. */
    private static void paths(String prefix, JsonNode node, Set<String> found) {
        if (node.isArray()) {
            node.forEach(element -> paths(prefix + "[]", element, found));
        }
        node.properties().forEach(field -> {
            String path = prefix.isEmpty() ? field.getKey() : prefix + "." + field.getKey();
            found.add(path);
            if (!OPEN.contains(path)) {
                paths(path, field.getValue(), found);
            }
        });
    }

    private static Set<String> names(JsonNode object) {
        Set<String> names = new TreeSet<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static Set<String> names(Headers headers) {
        Set<String> names = new TreeSet<>();
        for (Header header : headers) {
            names.add(header.key());
        }
        return names;
    }

    private static JsonNode read(byte[] json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode read(String json) {
        return read(json.getBytes(StandardCharsets.UTF_8));
    }
}
