package org.dbtrelay.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class EventHistoryTest {

    private static final String RUNS = "dbt.run.events";
    private static final String ARTIFACTS = "dbt.artifact.events";

    private long offset;

    @Test
    void acceptsAHistoryThatIsSpreadOverBothTopics() {
        var history = EventHistory.of(List.of(
                event(ARTIFACTS, "c1", 3, "artifact.ready"),
                event(RUNS, "c1", 0, "command.accepted"),
                event(RUNS, "c2", 0, "command.accepted"),
                event(RUNS, "c1", 1, "run.running"),
                event(RUNS, "c1", 2, "run.failed"),
                event(RUNS, "c1", 4, "run.failure_explained")));

        history.assertFaultless();
        assertThat(history.typesOf("c1"))
                .containsExactly(
                        "command.accepted", "run.running", "run.failed", "artifact.ready", "run.failure_explained");
        assertThat(history.unfinished()).containsExactly("c2");
        assertThatThrownBy(() -> history.assertFinished(List.of("c1", "c3")))
                .hasMessageContaining("without any event: [c3]")
                .hasMessageContaining("without an outcome: [c2]");
    }

    @Test
    void findsAGap() {
        assertThat(faults(event(RUNS, "c1", 0, "command.accepted"), event(RUNS, "c1", 2, "run.running")))
                .singleElement()
                .asString()
                .startsWith("c1: sequence 1 is missing (events: 0 command.accepted, 2 run.running)");
        assertThat(faults(event(RUNS, "c1", 2, "run.running")))
                .singleElement()
                .asString()
                .contains("sequences 0 to 1 are missing");
    }

    @Test
    void findsARepetitionEvenOverTwoTopics() {
        assertThat(faults(
                        event(RUNS, "c1", 0, "command.accepted"),
                        event(RUNS, "c1", 1, "run.succeeded"),
                        event(ARTIFACTS, "c1", 1, "artifact.ready")))
                .singleElement()
                .asString()
                .contains("sequence 1 comes 2 times");
    }

    @Test
    void findsDisorderWithinATopic() {
        assertThat(faults(event(RUNS, "c1", 1, "run.running"), event(RUNS, "c1", 0, "command.accepted")))
                .singleElement()
                .asString()
                .contains("sequence 0 comes after 1 in " + RUNS);
    }

    @Test
    void findsASecondOutcomeAndAnAfterlife() {
        assertThat(faults(
                        event(RUNS, "c1", 0, "run.succeeded"),
                        event(RUNS, "c1", 1, "run.running"),
                        event(RUNS, "c1", 2, "run.cancelled")))
                .anySatisfy(fault -> assertThat(fault).contains("2 outcomes: [run.succeeded, run.cancelled]"))
                .anySatisfy(fault -> assertThat(fault).contains("sequence 1, run.running, comes after the outcome"))
                .hasSize(2);
    }

    @Test
    void findsAnArtifactBeforeTheOutcome() {
        assertThat(faults(event(RUNS, "c1", 0, "command.accepted"), event(ARTIFACTS, "c1", 1, "artifact.ready")))
                .singleElement()
                .asString()
                .contains("sequence 1, artifact.ready, comes before the outcome");
    }

    @Test
    void findsAWrongKeyAndAWrongId() {
        var message =
                message(RUNS, "other", "{\"command_id\": \"c1\", \"sequence\": 0, \"type\": \"command.accepted\"}");
        message.headers().add("ce_id", "c1-0".getBytes(StandardCharsets.UTF_8));

        assertThat(EventHistory.of(List.of(ReceivedEvent.of(message))).faults())
                .anySatisfy(fault -> assertThat(fault).contains("sequence 0 has the CloudEvents id c1-0"))
                .anySatisfy(fault -> assertThat(fault).contains("sequence 0 has the key other"))
                .hasSize(2);
    }

    @Test
    void readsStructuredEventsAndToleratesOtherRecords() {
        var structured = message(RUNS, "c1", """
                {"specversion": "1.0", "id": "c1/0", "type": "org.dbtrelay.run.queued",
                 "data": {"command_id": "c1", "sequence": 0, "run_id": 70403110257794, "reason": "none"}}
                """);
        structured
                .headers()
                .add("content-type", "application/cloudevents+json; charset=utf-8".getBytes(StandardCharsets.UTF_8));
        ReceivedEvent event = ReceivedEvent.of(structured);

        assertThat(event.is("run.queued", "c1")).isTrue();
        assertThat(event.runId()).hasValue(70403110257794L);
        assertThat(event.reason()).hasValue("none");
        assertThat(EventHistory.of(List.of(event)).faults()).isEmpty();

        ReceivedEvent noJson = ReceivedEvent.of(message("dbt.commands.dlq", "k", "{not json"));
        ReceivedEvent tombstone = ReceivedEvent.of(new ConsumerRecord<>(RUNS, 0, 0, null, null));
        assertThat(noJson.type()).isEmpty();
        assertThat(noJson.text()).isEqualTo("{not json");
        assertThat(tombstone.key()).isNull();
        assertThat(tombstone.text()).isNull();
        assertThat(EventHistory.of(List.of(noJson, tombstone)).commandIds()).isEmpty();
    }

    private static List<String> faults(ReceivedEvent... events) {
        return EventHistory.of(List.of(events)).faults();
    }

    private ReceivedEvent event(String topic, String commandId, long sequence, String type) {
        var message = message(
                topic,
                commandId,
                "{\"command_id\": \"%s\", \"sequence\": %d, \"type\": \"%s\"}".formatted(commandId, sequence, type));
        message.headers()
                .add("ce_id", (commandId + "/" + sequence).getBytes(StandardCharsets.UTF_8))
                .add("ce_type", ("org.dbtrelay." + type).getBytes(StandardCharsets.UTF_8));
        return ReceivedEvent.of(message);
    }

    private ConsumerRecord<byte[], byte[]> message(String topic, String key, String value) {
        return new ConsumerRecord<>(
                topic, 0, offset++, key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8));
    }
}
