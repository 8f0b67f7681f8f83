package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.redaction.LongStringCut;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.FailedNode.Source;
import org.junit.jupiter.api.Test;

/** Failed nodes in the logs of dbt v2: made by hand, after docs.getdbt.com and the issues that {@link StepLog} names. */
class StepLogTest {

    private static FailedNode logged(String id, String status, String message, Long failures, String relation) {
        return new FailedNode(id, status, message, failures, relation, null, Source.LOG);
    }

    @Test
    void nodesOfOtelAndTheirMessages() {
        assertThat(StepLog.failedNodes("""
                        , "attributes": {"unique_id": "model.shop.cut"}}
                        {"record_type": "SpanStart", "event_type": "v1.public.events.fusion.node.NodeProcessed", "attributes": {"unique_id": "model.shop.orders", "node_outcome": "NODE_OUTCOME_UNSPECIFIED"}}
                        {"record_type": "LogRecord", "severity_text": "ERROR", "body": "Database Error: password=hunter2", "event_type": "v1.public.events.fusion.log.LogMessage", "attributes": {"code": 1308, "unique_id": "model.shop.orders"}}
                        {"record_type": "SpanEnd", "event_type": "v1.public.events.fusion.node.NodeEvaluated", "attributes": {"unique_id": "model.shop.orders", "database": "db", "schema": "shop", "identifier": "orders", "node_outcome": "NODE_OUTCOME_ERROR", "node_error_type": "NODE_ERROR_TYPE_USER"}}
                        {"record_type": "SpanEnd", "event_type": "v1.public.events.fusion.node.NodeProcessed", "attributes": {"unique_id": "model.shop.orders", "node_outcome": "error"}}
                        {"record_type": "SpanEnd", "event_type": "v1.public.events.fusion.node.NodeProcessed", "attributes": {"unique_id": "test.shop.unique_id.1", "node_outcome": "NODE_OUTCOME_SUCCESS", "node_test_detail": {"test_outcome": "TEST_OUTCOME_FAILED", "failing_rows": 3}}}
                        {"record_type": "SpanEnd", "event_type": "v1.public.events.fusion.node.NodeProcessed", "attributes": {"unique_id": "model.shop.late", "node_outcome": "NODE_OUTCOME_SKIPPED", "node_skip_reason": "NODE_SKIP_REASON_CACHED"}}
                        {"record_type": "SpanEnd", "event_type": "v1.public.events.fusion.invocation.Invocation", "attributes": {"node_outcome": "NODE_OUTCOME_ERROR"}}
                        {"record_type": 7, "attributes": [], "event_type": null}
                        [1]
                        {"record_type": "SpanEnd", "event_type": "v1.publi"""))
                .containsExactly(
                        logged("model.shop.orders", "error", "Database Error: password=***", null, "db.shop.orders"),
                        logged("test.shop.unique_id.1", "fail", null, 3L, null));
    }

    /** A log of hours: its end comes here, and the lines before it that may name a failed node or tell its message. */
    @Test
    void aFailedNodeFarFromTheEndIsSeen() throws IOException {
        String far = """
                {"record_type":"LogRecord","severity_text":"ERROR","body":"no such column","attributes":{"unique_id":"model.shop.orders"}}
                {"record_type":"SpanEnd","event_type":"v1.public.events.fusion.node.NodeProcessed","attributes":{"unique_id":"model.shop.orders","node_outcome":"NODE_OUTCOME_ERROR"}}
                {"record_type": "SpanEnd", "event_type": "v1.public.events.fusion.node.NodeProcessed", "attributes": {"unique_id": "test.shop.t", "node_test_detail": {"test_outcome": "failed"}}}
                \u001b[31m    Failed\u001b[0m [  0.19s] model shop.updates (table)
                """;
        String rest =
                "{\"record_type\": \"SpanEnd\", \"attributes\": {\"unique_id\": \"model.shop.m\"}}\n".repeat(50_000);
        byte[] json =
                Envelope.JSON.writeValueAsBytes(Envelope.JSON.createObjectNode().put("logs", far + rest));

        JsonNode read = Envelope.JSON.readTree(new LongStringCut(new ByteArrayInputStream(json), StepLog.WORDS));

        assertThat(read.path("logs").textValue()).startsWith(far).hasSizeLessThan(60_000);
        assertThat(StepLog.failedNodes(read.path("logs").textValue()))
                .containsExactly(
                        logged("model.shop.orders", "error", "no such column", null, null),
                        logged("test.shop.t", "fail", null, null, null),
                        logged("model shop.updates", "error", null, null, "shop.updates"));
        assertThat(Redaction.tail(read.path("logs").textValue()))
                .as("the tail is that of the whole log")
                .isEqualTo(Redaction.tail(far + rest));
    }

    @Test
    void linesOfATerminalHaveTypeAndRelation() {
        assertThat(StepLog.failedNodes("""
                        dbt-fusion 2.0.0-preview.28
                         Succeeded [  2.25s] model shop.my_model (table)
                            Failed [  1.74s] test  shop_dbt_test__audit.unique_my_model_id (models/my.yml:6:9)
                        \u001b[31m    Failed\u001b[0m [  0.19s] model shop.updates (table)
                        Failed to connect to the warehouse
                          Finished 'build' target 'dev' in 5s 829ms
                        """))
                .containsExactly(
                        logged(
                                "test shop_dbt_test__audit.unique_my_model_id",
                                "fail",
                                null,
                                null,
                                "shop_dbt_test__audit.unique_my_model_id"),
                        logged("model shop.updates", "error", null, null, "shop.updates"));
    }

    @Test
    void theLogOfCoreNamesNone() {
        assertThat(StepLog.failedNodes("""
                        10:00:01  1 of 2 ERROR creating sql table model shop.orders ....... [ERROR in 0.10s]
                        10:00:02    Database Error in model orders (models/orders.sql)
                        10:00:02  Done. PASS=1 WARN=0 ERROR=1 SKIP=0 NO-OP=0 TOTAL=2
                        """)).isEmpty();
    }

    @Test
    void fiftyAreEnoughAndNoLineTakesLong() {
        String many = IntStream.range(0, 2_000)
                .mapToObj(i -> " Failed [ 0.1s] model shop.m" + i)
                .collect(Collectors.joining("\n"));
        assertThat(StepLog.failedNodes(many)).hasSize(50);
        assertThat(StepLog.failedNodes("Failed [" + " ".repeat(100_000) + "\n" + "{".repeat(100_000)
                        + "\n Failed [ 1s] test" + " test".repeat(100)))
                .hasSize(1);
    }
}
