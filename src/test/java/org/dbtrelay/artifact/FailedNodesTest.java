package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dbtrelay.run.job.FailedNode;
import org.junit.jupiter.api.Test;

/** Which rows of run_results.json are failures, and that they fit into an event. */
class FailedNodesTest {

    private static InputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private static List<FailedNode> nodes(InputStream runResults) throws IOException {
        return FailedNodes.read(runResults).nodes();
    }

    private static InputStream manyFailing(int count, String message) {
        return bytes("{\"results\": ["
                + IntStream.range(0, count)
                        .mapToObj(i -> "{\"unique_id\": \"model.shop.m%d\", \"status\": \"error\", \"message\": \"%s\"}"
                                .formatted(i, message))
                        .collect(Collectors.joining(","))
                + "]}");
    }

    private static int size(List<FailedNode> nodes) {
        return nodes.stream()
                .map(node -> node.uniqueId() + node.status() + node.message())
                .mapToInt(text -> text.getBytes(StandardCharsets.UTF_8).length)
                .sum();
    }

    @Test
    void whatMadeDbtFailIsThere() throws IOException {
        assertThat(nodes(bytes("""
                {"metadata": {"results": [{"unique_id": "no", "status": "error"}]}, "results": [
                  {"unique_id": "model.a", "status": "success", "message": "OK"},
                  {"message": "Database Error", "unique_id": "model.b", "timing": [{"status": "x"}], "status": "error"},
                  {"unique_id": "test.c", "status": "fail", "message": "Got 3 results", "failures": 3},
                  {"unique_id": "source.d", "status": "runtime error", "message": null},
                  {"unique_id": "model.e", "status": "partial success", "message": "PARTIAL SUCCESS (1/2)"},
                  {"unique_id": "model.f", "status": "skipped"}, {"unique_id": "test.g", "status": "warn"},
                  {"unique_id": "test.h", "status": "pass"}, {"status": "error"}, {"unique_id": "model.i"}, 3],
                 "elapsed_time": 2}""")))
                .containsExactly(
                        new FailedNode("model.b", "error", "Database Error"),
                        new FailedNode("test.c", "fail", "Got 3 results", 3L, null, null, FailedNode.Source.ARTIFACT),
                        new FailedNode("source.d", "runtime error", null),
                        new FailedNode("model.e", "partial success", "PARTIAL SUCCESS (1/2)"));
    }

    /** The end of a message of dbt Core 1.10. */
    @Test
    void theMessageOfCoreNamesTheCompiledCode() throws IOException {
        FailedNode node = nodes(bytes("""
                        {"results": [{"unique_id": "model.shop.orders", "status": "error", "relation_name": "\\"db\\".\\"s\\".\\"orders\\"",
                          "message": "Database Error in model orders (models/orders.sql)\\n  no column\\n  compiled code at target/run/shop/models/orders.sql"}]}""")).getFirst();
        assertThat(node.compiledPath()).isEqualTo("target/run/shop/models/orders.sql");
        assertThat(node.relationName()).isEqualTo("\"db\".\"s\".\"orders\"");
    }

    @Test
    void aLongMessageIsCut() throws IOException {
        FailedNode node = nodes(manyFailing(1, "x".repeat(2_000))).getFirst();
        assertThat(node.message()).hasSize(1_000).endsWith("x…");
        // A character of two chars is not cut in half.
        FailedNode rocket = nodes(manyFailing(1, "x".repeat(998) + "🚀🚀")).getFirst();
        assertThat(rocket.message()).isEqualTo("x".repeat(998) + "…");
    }

    @Test
    void fiftyAreEnough() throws IOException {
        List<FailedNode> nodes = nodes(manyFailing(60, "short"));
        assertThat(nodes).hasSize(50);
        assertThat(nodes.getLast().uniqueId()).isEqualTo("model.shop.m49");
        assertThat(nodes).allSatisfy(node -> assertThat(node.message()).isEqualTo("short"));
    }

    @Test
    void nothingBehindTheFiftiethIsRead() throws IOException {
        InputStream noFurther = ScriptedEnd.after(manyFailing(60, "x".repeat(1_000)), () -> {
            throw new AssertionError("read on");
        });
        assertThat(nodes(noFurther)).hasSize(50);
    }

    @Test
    void togetherTheyFitIntoAnEvent() throws IOException {
        for (String message : List.of("x".repeat(1_500), "ü".repeat(900), "🚀".repeat(500))) {
            List<FailedNode> nodes = nodes(manyFailing(50, message));
            assertThat(nodes).hasSize(50);
            assertThat(size(nodes)).isBetween(8 * 1024, 16 * 1024);
        }
    }

    @Test
    void longIdsAndStatusesOnTheirOwnFitToo() throws IOException {
        String row = "{\"unique_id\": \"%s\", \"status\": \"error\", \"message\": \"m\"}".formatted("i".repeat(5_000));
        List<FailedNode> nodes =
                nodes(bytes("{\"results\": [" + String.join(",", java.util.Collections.nCopies(50, row)) + "]}"));
        assertThat(nodes).hasSize(50);
        assertThat(size(nodes)).isLessThanOrEqualTo(16 * 1024);
    }

    @Test
    void idsThatAreTooMuchByThemselvesLeaveNothingOfTheMessages() throws IOException {
        String row = "{\"unique_id\": \"%s\", \"status\": \"fail\", \"message\": \"Got 3 results\"}"
                .formatted("名".repeat(200));
        List<FailedNode> nodes =
                nodes(bytes("{\"results\": [" + String.join(",", java.util.Collections.nCopies(50, row)) + "]}"));
        assertThat(nodes).hasSize(50);
        assertThat(nodes).allSatisfy(node -> assertThat(node.message()).isEqualTo("…"));
    }

    @Test
    void whatIsNotReadableIsAnIoException() {
        assertThatThrownBy(() -> nodes(bytes("<html>"))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> nodes(bytes("{\"results\": [{\"status\": \"er")))
                .isInstanceOf(IOException.class);
    }

    @Test
    void noResultsAreNoFailures() throws IOException {
        assertThat(nodes(bytes("{\"results\": {}, \"elapsed_time\": 1}"))).isEmpty();
        assertThat(nodes(bytes("{}"))).isEmpty();
    }
}
