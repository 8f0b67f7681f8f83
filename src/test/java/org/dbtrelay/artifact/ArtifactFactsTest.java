package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What dbt's files say about themselves, and that files which are none of dbt's do no harm. */
class ArtifactFactsTest {

    private static final String METADATA = """
            "metadata": {"env": {"generated_at": "not this one"}, "dbt_schema_version": "v12", "generated_at": "2026-11-22T10:00:07Z"}
            """;

    private ArtifactFacts facts(String path, String content) {
        return ArtifactFacts.of(path, new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest.json", "catalog.json", "sources.json"})
    void onlyTheMetadataAreRead(String path) {
        ArtifactFacts facts = facts(path, "{" + METADATA + ", \"nodes\": this is never looked at");
        assertThat(facts).isEqualTo(new ArtifactFacts("v12", Instant.parse("2026-11-22T10:00:07Z"), Map.of(), null));
    }

    @Test
    void metadataMayComeLast() {
        ArtifactFacts facts = facts(
                "manifest.json",
                "{\"nodes\": {\"metadata\": {\"dbt_schema_version\": \"no\"}, \"a\": [1, [2]]}, " + METADATA + "}");
        assertThat(facts.schemaVersion()).isEqualTo("v12");
    }

    @Test
    void nodesAreCountedByStatus() {
        ArtifactFacts facts = facts("run_results.json", "{" + METADATA + """
                , "results": [
                  {"status": "success", "timing": [{"status": "error"}], "adapter_response": {"status": "error"}},
                  {"unique_id": "x", "status": "error", "message": "status: success"},
                  {"status": null}, {"status": {"a": 1}}, {}, 7, {"status": "success", "execution_time": NaN}],
                "args": {"elapsed_time": 1}, "elapsed_time": 12}""");
        assertThat(facts.nodesByStatus()).isEqualTo(Map.of("success", 2, "error", 1));
        assertThat(facts.elapsedSeconds()).isEqualTo(12.0);
        assertThat(facts.schemaVersion()).isEqualTo("v12");
    }

    @Test
    void statusesWithoutEndAreNotCollected() {
        String results = IntStream.range(0, 5_000)
                .mapToObj(i -> "{\"status\": \"s" + i + "\"}")
                .collect(Collectors.joining(","));
        assertThat(facts("run_results.json", "{\"results\": [" + results + "]}").nodesByStatus())
                .hasSize(32);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[1, 2]",
                "<html>",
                "{\"metadata\": {\"dbt_schema_version\": \"v12\"}, \"results\": [{\"status\": \"success\"",
                "{\"metadata\": {\"dbt_schema_version\": \"v12",
                "\u0000\u0001"
            })
    void garbageSaysNothing(String content) {
        assertThat(facts("run_results.json", content)).isEqualTo(ArtifactFacts.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"metadata\": null, \"results\": null, \"elapsed_time\": null}",
                "{\"metadata\": [{\"dbt_schema_version\": \"v12\"}], \"results\": {\"status\": \"x\"}, \"elapsed_time\": \"1\"}",
                "{\"metadata\": {\"dbt_schema_version\": {}, \"generated_at\": \"yesterday\"}, \"elapsed_time\": NaN}"
            })
    void valuesOfAnotherShapeAreIgnored(String content) {
        assertThat(facts("run_results.json", content)).isEqualTo(ArtifactFacts.NONE);
    }

    @Test
    void nestingHasABound() {
        String deep = "[".repeat(100_000) + "]".repeat(100_000);
        assertThat(facts("run_results.json", "{" + METADATA + ", \"x\": " + deep + "}"))
                .isEqualTo(ArtifactFacts.NONE);
    }

    @Test
    void otherFilesAreNotRead() {
        assertThat(facts("compiled/manifest.json", "{" + METADATA + "}")).isEqualTo(ArtifactFacts.NONE);
    }
}
