package org.dbtrelay.lineage.tell;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dbtrelay.config.LineageTests;
import org.dbtrelay.lineage.tell.ToldRun.Happening;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunLineageTest {

    private static final String PARENT = """
            {"openlineage": {"parent": {"run": {"runId": "0193f2a0-1c7e-7b7a-8d4e-2f3a4b5c6d7e"},
              "job": {"namespace": "airflow", "name": "orders.transform"}%s}}}""";

    private static final String ROOT = """
            , "root": {"run": {"runId": "0193f29f-aa10-7c11-9f00-0a1b2c3d4e5f"}, "job": {"namespace": "airflow", "name": "orders"}}""";

    private static RunLineage lineage(String json) {
        return new RunLineage(SampleRuns.run(json), SampleRuns.around(LineageTests.AGGREGATE));
    }

    private static String with(String field, String value) {
        String changed = SampleRuns.ENDED.replaceFirst(
                "\"" + field + "\": (\"[^\"]*\"|[^,}\\s]+)", "\"" + field + "\": " + value);
        assertThat(SampleRuns.ENDED).contains("\"" + field + "\": ");
        return changed;
    }

    private static JsonNode facet(JsonNode event, String name) {
        return event.path("run").path("facets").path(name);
    }

    @Test
    void tellsThatARunHasEnded() {
        JsonNode end = Told.json(lineage(SampleRuns.ENDED).end());

        assertThat(end.path("eventType").asText()).isEqualTo("COMPLETE");
        assertThat(end.path("eventTime").asText()).isEqualTo("2026-11-29T12:02:00Z");
        assertThat(end.path("job").path("name").asText()).isEqualTo("job-559062");
        assertThat(end.path("job").path("namespace").asText()).isEqualTo("dbt-cloud://ab123.us1.dbt.com/4238");
        assertThat(facet(end, "nominalTime").path("nominalStartTime").asText()).isEqualTo("2026-11-29T12:00:00Z");
        assertThat(facet(end, "externalQuery").path("externalQueryId").asText()).isEqualTo("70403110257797");
        assertThat(facet(end, "dbt_run").path("run_url").asText()).startsWith("https://ab123.us1.dbt.com/");
        assertThat(facet(end, "tags").path("tags"))
                .extracting(tag -> tag.path("key").asText())
                .containsExactly("project", "environment", "environment_type", "job_type", "cause_category");
        assertThat(end.path("run").path("facets").has("parent")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "run.succeeded, success, COMPLETE",
        "run.failed, error, FAIL",
        "run.cancelled, cancelled, ABORT",
        "run.attempt_failed, error, FAIL",
        "run.failed, cancelled, ABORT"
    })
    void givesEachEndItsMeaning(String type, String status, String event) {
        String json =
                with("type", "\"" + type + "\"").replace("\"status\": \"success\"", "\"status\": \"" + status + "\"");

        assertThat(Told.json(lineage(json).end()).path("eventType").asText()).isEqualTo(event);
    }

    @Test
    void saysWhyARunFailed() {
        String json = with("type", "\"run.failed\"")
                .replace("\"status\": \"success\"", "\"status\": \"error\"")
                .replace(
                        "\"failure\": null",
                        "\"failure\": {\"step\": {\"name\": \"Invoke dbt\"}, \"nodes\": [{\"message\": null}, {\"message\": \"no such column\"}]}");

        assertThat(facet(Told.json(lineage(json).end()), "errorMessage")
                        .path("message")
                        .asText())
                .isEqualTo("no such column");
    }

    @Test
    void isPartOfTheCallersRun() {
        JsonNode end =
                Told.json(lineage(with("context", PARENT.formatted(ROOT))).end());

        assertThat(facet(end, "parent").path("job").path("name").asText()).isEqualTo("orders.transform");
        assertThat(facet(end, "parent").path("root").path("job").path("name").asText())
                .isEqualTo("orders");
        assertThat(lineage(with("context", PARENT.formatted(ROOT))).end().key()).isEqualTo("run:airflow/orders");
        assertThat(lineage(SampleRuns.ENDED).end().key())
                .isEqualTo("run:dbt-cloud://ab123.us1.dbt.com/4238/job-559062");
    }

    @Test
    void takesTheCallersRunForTheOutermostOneIfItTellsNoOther() {
        JsonNode end = Told.json(lineage(with("context", PARENT.formatted(""))).end());

        assertThat(facet(end, "parent").path("root").path("job").path("name").asText())
                .isEqualTo("orders.transform");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"openlineage\": 7}",
                "{\"openlineage\": {\"parent\": {\"run\": {\"runId\": \"no uuid\"}, \"job\": {\"namespace\": \"a\", \"name\": \"b\"}}}}",
                "{\"openlineage\": {\"parent\": {\"run\": {\"runId\": \"0193f2a0-1c7e-7b7a-8d4e-2f3a4b5c6d7e\"}}}}",
                "{\"openlineage\": {\"parent\": {\"run\": {\"runId\": \"1-2-3-4-5\"}, \"job\": {\"namespace\": \"a\", \"name\": \"b\"}}}}",
                "[1]",
                "\"openlineage\""
            })
    void doesNotMindAParentInAnotherForm(String context) {
        assertThat(Told.json(lineage(with("context", context)).end())
                        .path("run")
                        .path("facets")
                        .has("parent"))
                .isFalse();
    }

    @Test
    void tellsThatARunRuns() throws IOException {
        String json = with("type", "\"run.running\"")
                .replace("\"status\": \"success\"", "\"status\": \"running\"")
                .replace("\"previous_status\": \"running\"", "\"previous_status\": \"starting\"");

        assertThat(SampleRuns.run(json).happening()).isEqualTo(Happening.RUNS);
        assertThat(SampleRuns.run(json).wasRunning()).isFalse();
        assertThat(Told.json(lineage(json).start()).path("eventTime").asText()).isEqualTo("2026-11-29T12:01:00Z");
    }

    /** A run that was cancelled in the queue has no start: its making stands for it. */
    @Test
    void beginsWhenItWasMadeIfItNeverRan() {
        assertThat(Told.json(lineage(with("started_at", "null")).start())
                        .path("eventTime")
                        .asText())
                .isEqualTo("2026-11-29T12:00:00Z");
        assertThat(Told.json(lineage(with("finished_at", "null")).end())
                        .path("eventTime")
                        .asText())
                .isEqualTo("2026-11-29T12:02:03Z");
    }

    @Test
    void readsStructuredEventsToo() throws IOException {
        byte[] structured = "{\"specversion\": \"1.0\", \"data\": %s}"
                .formatted(SampleRuns.ENDED)
                .getBytes(StandardCharsets.UTF_8);

        assertThat(ToldRun.read(structured, true)).contains(SampleRuns.run(SampleRuns.ENDED));
    }

    @Test
    void saysNothingOfARunThatAnotherCommandTellsOf() throws IOException {
        String json = SampleRuns.ENDED.replace("\"sequence\": 4", "\"sequence\": 4, \"coalesced_into\": \"orders-0\"");

        assertThat(ToldRun.read(json.getBytes(StandardCharsets.UTF_8), false)).isEmpty();
    }

    /** Whatever the relay tells can be read; of it only these types are of a run that runs or has ended. */
    @Test
    void readsAllEventsThatTheRelayTells() throws IOException {
        List<Path> golden;
        try (Stream<Path> files = Files.walk(Path.of("src/test/resources/events"))) {
            golden = files.filter(file -> file.toString().endsWith(".json")).toList();
        }
        assertThat(golden).isNotEmpty();
        int told = 0;
        for (Path file : golden) {
            byte[] json = Files.readAllBytes(file);
            String type =
                    new ObjectMapper().readTree(json).path("data").path("type").asText();
            boolean ofARun = List.of(
                            "run.running", "run.succeeded", "run.failed", "run.cancelled", "run.attempt_failed")
                    .contains(type);
            if (ToldRun.read(json, true).isPresent()) {
                told++;
                assertThat(ofARun).as(file.toString()).isTrue();
            }
        }
        assertThat(told).isGreaterThan(2);
    }
}
