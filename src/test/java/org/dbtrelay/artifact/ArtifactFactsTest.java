package org.dbtrelay.artifact;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.ArtifactContent.SlowNode;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.NodeStatus.NodeClass;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What dbt's files say about themselves, and that files which are none of dbt's do no harm. */
class ArtifactFactsTest {

    private static final String METADATA = """
            "metadata": {"env": {"generated_at": "not this one"}, "dbt_schema_version": "v12",
              "generated_at": "2026-11-22T10:00:07Z", "invocation_id": "0a1b"}
            """;
    private static final ArtifactContent OF_METADATA =
            new ArtifactContent("v12", Instant.parse("2026-11-22T10:00:07Z"), "0a1b", null, null, Map.of());

    private static ArtifactContent facts(String path, String content) {
        return ArtifactFacts.of(path, new ByteArrayInputStream(content.getBytes(UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest.json", "catalog.json", "semantic_manifest.json"})
    void onlyTheMetadataAreRead(String path) {
        assertThat(facts(path, "{" + METADATA + ", \"nodes\": this is never looked at"))
                .isEqualTo(OF_METADATA);
    }

    @Test
    void nothingBehindTheMetadataOfAManifestIsRead() {
        byte[] begin = ("{" + METADATA + ", \"nodes\": {").getBytes(UTF_8);
        InputStream noFurther = ScriptedEnd.after(
                new SequenceInputStream(
                        new ByteArrayInputStream(begin),
                        new ByteArrayInputStream(" ".repeat(100_000).getBytes(UTF_8))),
                () -> {
                    throw new AssertionError("read on");
                });

        assertThat(ArtifactFacts.of("manifest.json", noFurther)).isEqualTo(OF_METADATA);
    }

    @Test
    void metadataMayComeLast() {
        ArtifactContent facts = facts(
                "manifest.json",
                "{\"nodes\": {\"metadata\": {\"dbt_schema_version\": \"no\"}, \"a\": [1, [2]]}, " + METADATA + "}");
        assertThat(facts).isEqualTo(OF_METADATA);
    }

    /** Made by hand after the schemas on schemas.getdbt.com: one of each family, as small as it gets. */
    static Stream<Arguments> versions() {
        String core = "{\"metadata\": {\"dbt_schema_version\": \"https://schemas.getdbt.com/dbt/run-results/v%d.json\","
                + " \"dbt_version\": \"1.0.0\", \"generated_at\": \"2026-11-22T10:00:07.123456Z\","
                + " \"invocation_id\": \"id\", \"env\": {}},"
                + " \"results\": [%s], \"elapsed_time\": 4.5, \"args\": {\"which\": \"build\"}}";
        String old = """
                {"status": "success", "timing": [], "thread_id": "Thread-1", "execution_time": 2.5, "message": "CREATE TABLE",
                 "adapter_response": {"rows_affected": 1}, "unique_id": "model.shop.a"},
                {"status": "fail", "timing": [], "thread_id": "Thread-1", "execution_time": 0.5, "message": "Got 3 results",
                 "failures": 3, "adapter_response": {}, "unique_id": "test.shop.b"}""";
        String compiled = """
                {"status": "success", "timing": [], "thread_id": "Thread-1", "execution_time": 2.5, "message": "CREATE TABLE",
                 "failures": null, "unique_id": "model.shop.a", "compiled": true, "compiled_code": "select 'status'",
                 "relation_name": "\\"x\\"", "batch_results": {"successful": [], "failed": []}},
                {"status": "fail", "timing": [], "thread_id": "Thread-1", "execution_time": 0.5, "message": "Got 3 results",
                 "failures": 3, "unique_id": "test.shop.b", "compiled": true, "compiled_code": "", "relation_name": null}""";
        String fusion = """
                {"unique_id": "model.shop.a", "status": "success", "execution_time": 2.5, "thread_id": "main", "timing": null,
                 "adapter_response": {"_message": "x"}, "message": null, "failures": null},
                {"unique_id": "test.shop.b", "status": "fail", "execution_time": 0.5, "message": "Got 3 results"}""";
        return Stream.of(
                Arguments.of("v1", core.formatted(1, old)),
                Arguments.of("v3", core.formatted(3, old)),
                Arguments.of("v4", core.formatted(4, old)),
                Arguments.of("v5", core.formatted(5, compiled)),
                Arguments.of("v6", core.formatted(6, compiled)),
                Arguments.of("v6 of Fusion", core.formatted(6, fusion)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("versions")
    void runResultsOfEachVersionSayTheSame(String name, String file) {
        ArtifactContent facts = facts("run_results.json", file);

        assertThat(facts.schemaVersion()).contains("/run-results/" + name.substring(0, 2));
        assertThat(facts.generatedAt()).isEqualTo("2026-11-22T10:00:07.123456Z");
        assertThat(facts.invocationId()).isEqualTo("id");
        ArtifactContent.Results results = facts.results();
        assertThat(results.nodesByStatus()).isEqualTo(Map.of("success", 1, "fail", 1));
        assertThat(classes(results)).isEqualTo(Map.of(NodeClass.BUILT, 1, NodeClass.FAILED, 1));
        assertThat(results.elapsedSeconds()).isEqualTo(4.5);
        assertThat(results.slowest())
                .containsExactly(
                        new SlowNode("model.shop.a", "success", 2.5), new SlowNode("test.shop.b", "fail", 0.5));
        assertThat(results.failing())
                .extracting(FailedNode::uniqueId, FailedNode::status, FailedNode::message)
                .containsExactly(tuple("test.shop.b", "fail", "Got 3 results"));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 7, 10, 12, 20})
    void manifestsOfEachVersionSayWhereTheyAreFrom(int version) {
        String schema = "https://schemas.getdbt.com/dbt/manifest/v" + version + ".json";

        assertThat(facts(
                        "manifest.json",
                        "{\"metadata\": {\"dbt_schema_version\": \"" + schema
                                + "\", \"dbt_version\": \"x\", \"generated_at\": \"2026-11-22T10:00:07Z\","
                                + " \"invocation_id\": null, \"project_id\": null}, \"nodes\": {}, \"sources\": {}}"))
                .isEqualTo(
                        new ArtifactContent(schema, Instant.parse("2026-11-22T10:00:07Z"), null, null, null, Map.of()));
    }

    @Test
    void freshnessOfSourcesIsCountedToo() {
        ArtifactContent facts = facts("sources.json", "{" + METADATA + """
                , "results": [
                  {"unique_id": "source.shop.raw.a", "max_loaded_at": "2026-11-22T09:00:00Z", "status": "pass",
                   "criteria": {"warn_after": {"count": 12}}, "execution_time": 0.5},
                  {"unique_id": "source.shop.raw.b", "status": "error", "max_loaded_at_time_ago_in_s": 90000.0, "execution_time": 1},
                  {"unique_id": "source.shop.raw.c", "error": "no such table", "status": "runtime error"}],
                "elapsed_time": 1.75}""");
        assertThat(facts.results())
                .isEqualTo(new ArtifactContent.Results(
                        Map.of("pass", 1, "error", 1, "runtime error", 1),
                        Map.of(NodeClass.BUILT, 1, NodeClass.FAILED, 2),
                        null,
                        1.75,
                        List.of(
                                new SlowNode("source.shop.raw.b", "error", 1),
                                new SlowNode("source.shop.raw.a", "pass", 0.5)),
                        List.of(
                                new FailedNode("source.shop.raw.b", "error", null),
                                new FailedNode("source.shop.raw.c", "runtime error", "no such table"))));
    }

    @Test
    void nodesAreCountedByStatus() {
        ArtifactContent facts = facts("run_results.json", "{" + METADATA + """
                , "results": [
                  {"status": "success", "timing": [{"status": "error"}], "adapter_response": {"status": "error"}},
                  {"unique_id": "x", "status": "error", "message": "status: success", "execution_time": "long"},
                  {"status": null}, {"status": {"a": 1}}, {"status": 7}, {}, 7, {"unique_id": "y", "status": "reused",
                   "execution_time": NaN}, {"unique_id": "z", "execution_time": -1}],
                "args": {"elapsed_time": 1}, "elapsed_time": 12}""");
        assertThat(facts.results().nodesByStatus()).isEqualTo(Map.of("success", 1, "error", 1, "reused", 1));
        assertThat(facts.results().elapsedSeconds()).isEqualTo(12.0);
        assertThat(facts.results().slowest()).isEmpty();
        assertThat(facts.schemaVersion()).isEqualTo("v12");
    }

    @Test
    void theSlowestFiveAreToldTheSlowestFirst() {
        String results = IntStream.range(0, 1_000)
                .mapToObj(i -> "{\"unique_id\": \"m" + i + "\", \"status\": \"success\", \"execution_time\": "
                        + (i * 7 % 1_000) + "}")
                .collect(Collectors.joining(","));
        assertThat(facts("run_results.json", "{\"results\": [" + results + "]}")
                        .results()
                        .slowest())
                .extracting(SlowNode::seconds)
                .containsExactly(999.0, 998.0, 997.0, 996.0, 995.0);
    }

    @Test
    void failingNodesHaveABoundAndNoSecrets() {
        String results = IntStream.range(0, 60)
                .mapToObj(i ->
                        "{\"unique_id\": \"m" + i + "\", \"status\": \"error\", \"message\": \"password=hunter2\"}")
                .collect(Collectors.joining(","));
        ArtifactContent.Results facts =
                facts("run_results.json", "{\"results\": [" + results + "]}").results();
        assertThat(facts.failing())
                .hasSize(50)
                .allSatisfy(node -> assertThat(node.message()).isEqualTo("password=***"));
        assertThat(facts.nodesByStatus()).isEqualTo(Map.of("error", 60));
    }

    @Test
    void ofANameThatComesTwiceTheLastCounts() {
        ArtifactContent facts = facts("run_results.json", """
                {"results": [{"unique_id": "a", "status": "error", "execution_time": 1}], "elapsed_time": 1,
                 "results": [{"unique_id": "b", "status": "success", "status": "warn", "execution_time": 2}], "elapsed_time": 2}""");
        assertThat(facts.results())
                .isEqualTo(new ArtifactContent.Results(
                        Map.of("warn", 1),
                        Map.of(NodeClass.WARNED, 1),
                        null,
                        2.0,
                        List.of(new SlowNode("b", "warn", 2)),
                        List.of()));
    }

    @Test
    void statusesWithoutEndAreNotCollected() {
        String results = IntStream.range(0, 5_000)
                .mapToObj(i -> "{\"status\": \"s" + i + "\"}")
                .collect(Collectors.joining(","));
        assertThat(facts("run_results.json", "{\"results\": [" + results + "]}")
                        .results()
                        .nodesByStatus())
                .hasSize(32);
        assertThat(facts("run_results.json", "{\"results\": [" + results + "]}")
                        .results()
                        .nodesByClass())
                .containsEntry(NodeClass.OTHER, 5_000);
    }

    /** After the results of dbt v2 in dagster-io/dagster issues 33920 and 34216: a node that was not built did not fail. */
    @Test
    void nodesAreCountedByClassAndTheirRowsAreSummed() {
        ArtifactContent facts = facts("run_results.json", "{" + METADATA + """
                , "results": [
                  {"unique_id": "model.shop.a", "status": "success", "adapter_response": {"rows_affected": 40, "code": "INSERT"}},
                  {"unique_id": "model.shop.b", "status": "reused"},
                  {"unique_id": "model.shop.c", "status": "no-op", "adapter_response": null},
                  {"unique_id": "model.shop.d", "status": "warn", "adapter_response": {"code": "skip", "rows_affected": -1}},
                  {"unique_id": "test.shop.e", "status": "warn", "message": "Got 2 results, configured to warn if != 0",
                   "failures": 2, "relation_name": "audit.e"},
                  {"unique_id": "model.shop.f", "status": "partial success", "adapter_response": {"rows_affected": 2.0}},
                  {"unique_id": "model.shop.g", "status": "skipped"},
                  {"unique_id": "model.shop.h", "status": "entangled"}]}""");
        ArtifactContent.Results results = facts.results();
        assertThat(classes(results))
                .isEqualTo(Map.of(
                        NodeClass.BUILT, 1,
                        NodeClass.REUSED, 1,
                        NodeClass.NO_OP, 2,
                        NodeClass.WARNED, 1,
                        NodeClass.FAILED, 1,
                        NodeClass.SKIPPED, 1,
                        NodeClass.OTHER, 1));
        assertThat(results.nodesByStatus()).containsEntry("entangled", 1).containsEntry("warn", 2);
        assertThat(results.rowsAffected()).isEqualTo(42);
        assertThat(facts.warnings())
                .containsExactly(new FailedNode(
                        "test.shop.e",
                        "warn",
                        "Got 2 results, configured to warn if != 0",
                        2L,
                        "audit.e",
                        null,
                        FailedNode.Source.ARTIFACT));
    }

    @ParameterizedTest
    @ValueSource(strings = {"run_results.json", "sources.json"})
    void resultsInASchemaOfTheFutureAreNotSummedUp(String path) {
        String schema = "https://schemas.getdbt.com/dbt/any/v7.json";
        ArtifactContent facts = facts(
                path,
                "{\"metadata\": {\"dbt_schema_version\": \"" + schema
                        + "\"}, \"results\": [{\"unique_id\": \"a\", \"status\": \"success\"}]}");
        assertThat(facts).isEqualTo(new ArtifactContent(schema, null, null, null, null, Map.of()));
    }

    /** The classes that have nodes. */
    private static Map<NodeClass, Integer> classes(ArtifactContent.Results results) {
        return results.nodesByClass().entrySet().stream()
                .filter(entry -> entry.getValue() > 0)
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "null", "[1, 2]", "<html>", "{\"metadata\": {\"dbt_schema_version\": \"v12", "\u0000\u0001"})
    void garbageSaysNothing(String content) {
        assertThat(facts("run_results.json", content)).isEqualTo(ArtifactContent.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ", \"results\": [{\"status\": \"success\"",
                ", \"results\": [{\"status\": \"success\"}, ",
                ", \"results\": [{\"status\": \"success\"}], \"args\": {",
                ", \"results\": [{\"status\": \"success\"}]",
                ", \"results\": [}]}",
                ", \"results\": \"none\"}",
                ", \"results\": {\"status\": \"success\"}}",
                "}"
            })
    void whatBreaksOffOrHasNoResultsHasNoSummary(String rest) {
        assertThat(facts("run_results.json", "{" + METADATA + rest)).isEqualTo(OF_METADATA);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"metadata\": null, \"results\": null, \"elapsed_time\": null}",
                "{\"metadata\": [{\"dbt_schema_version\": \"v12\"}], \"results\": {\"status\": \"x\"}, \"elapsed_time\": \"1\"}",
                "{\"metadata\": {\"dbt_schema_version\": {}, \"generated_at\": \"yesterday\"}, \"elapsed_time\": NaN}"
            })
    void valuesOfAnotherShapeAreIgnored(String content) {
        assertThat(facts("run_results.json", content)).isEqualTo(ArtifactContent.NONE);
    }

    @Test
    void nestingAndStringsHaveABound() {
        String deep = "[".repeat(100_000) + "]".repeat(100_000);
        assertThat(facts("run_results.json", "{" + METADATA + ", \"x\": " + deep + "}"))
                .isEqualTo(OF_METADATA);
        String large = "x".repeat(3_000_000);
        assertThat(facts(
                        "run_results.json",
                        "{" + METADATA + ", \"results\": [{\"status\": \"error\", \"message\": \"" + large + "\"}]}"))
                .isEqualTo(OF_METADATA);
        assertThat(facts(
                                "run_results.json",
                                "{\"results\": [{\"status\": \"error\", \"compiled_code\": \"" + large + "\"}]}")
                        .results()
                        .nodesByStatus())
                .as("what is skipped may be of any length")
                .isEqualTo(Map.of("error", 1));
    }

    @Test
    void aTransferThatBreaksIsNoFault() throws IOException {
        InputStream broken = ScriptedEnd.after(("{" + METADATA + ", \"results\": [").getBytes(UTF_8), () -> {
            throw new IOException("reset");
        });
        assertThat(ArtifactFacts.of("run_results.json", broken)).isEqualTo(OF_METADATA);
    }

    @Test
    void otherFilesAreNotRead() {
        assertThat(facts("compiled/manifest.json", "{" + METADATA + "}")).isEqualTo(ArtifactContent.NONE);
    }
}
