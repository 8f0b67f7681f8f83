package org.dbtrelay.lineage.project;

import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.artifact.DbtJson;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.dbtrelay.run.job.NodeStatus;
import org.dbtrelay.run.job.NodeStatus.NodeClass;
import org.jspecify.annotations.Nullable;

/**
 * The {@code run_results.json} of a step: which nodes it ran, and what became of them.
 *
 * @param generatedAt when dbt wrote it; null if it does not tell
 * @param dbtVersion null if it does not tell
 * @param invocationId dbt's id of the step; null if it does not tell
 * @param nodes models, snapshots, seeds and tests, in their order; at most {@value #MOST_NODES}
 * @param left how many more there were
 */
public record RunResults(
        @Nullable Instant generatedAt,
        @Nullable String dbtVersion,
        @Nullable String invocationId,
        List<NodeResult> nodes,
        int left) {

    /** Of more nodes in one step no lineage is told: their results alone would take tens of megabytes. */
    static final int MOST_NODES = 50_000;

    /** So many characters all ids and messages have together: sixteen megabytes at the most. Then messages go first. */
    static final int MOST_TEXT = 8_000_000;

    private static final int LONGEST_ID = 512;
    private static final int LONGEST_WORD = 100;
    private static final int LONGEST_MESSAGE = 1_000;

    /** Copies the list. */
    public RunResults {
        nodes = List.copyOf(nodes);
    }

    /**
     * Reads the file as it comes in.
     *
     * @throws IOException the transfer broke, or it is not what dbt writes
     */
    public static RunResults read(InputStream bytes) throws IOException {
        Reading reading = new Reading();
        DbtJson.readObject(bytes, reading::field);
        return new RunResults(
                reading.generatedAt, reading.dbtVersion, reading.invocationId, reading.nodes, reading.left);
    }

    private static final class Reading {
        private final List<NodeResult> nodes = new ArrayList<>();
        private @Nullable Instant generatedAt;
        private @Nullable String dbtVersion;
        private @Nullable String invocationId;
        private int left;
        private int text;

        boolean field(String name, JsonParser value) throws IOException {
            switch (name) {
                case "metadata" -> DbtJson.fields(value, this::metadata);
                case "results" -> DbtJson.elements(value, this::row);
                default -> value.skipChildren();
            }
            return true;
        }

        private boolean metadata(String name, JsonParser value) throws IOException {
            switch (name) {
                case "generated_at" -> generatedAt = DbtJson.instant(value);
                case "dbt_version" -> dbtVersion = Text.within(LONGEST_WORD, DbtJson.string(value));
                case "invocation_id" -> invocationId = Text.within(LONGEST_WORD, DbtJson.string(value));
                default -> value.skipChildren();
            }
            return true;
        }

        /** As much of it as there is room for; null: there is none. */
        private @Nullable NodeResult fitting(NodeResult node) {
            boolean isBrief = text > MOST_TEXT / 2;
            NodeResult kept = isBrief ? node.brief() : node;
            int length = kept.uniqueId().length()
                    + (kept.message() == null ? 0 : kept.message().length())
                    + (kept.queryId() == null ? 0 : kept.queryId().length());
            if (text + length > MOST_TEXT) {
                return null;
            }
            text += length;
            return kept;
        }

        private void row(JsonParser value) throws IOException {
            Row row = new Row();
            DbtJson.fields(value, row::field);
            @Nullable NodeResult node = row.result();
            if (node == null || !(node.isBuilt() || node.isTest())) {
                return;
            }
            @Nullable NodeResult fitting = fitting(node);
            if (nodes.size() < MOST_NODES && fitting != null) {
                nodes.add(fitting);
            } else {
                left++;
            }
        }
    }

    private static final class Row {
        private @Nullable String uniqueId;
        private @Nullable String status;
        private @Nullable String message;
        private @Nullable Instant startedAt;
        private @Nullable Instant completedAt;
        private @Nullable Long failures;
        private @Nullable Long rows;
        private @Nullable String code;
        private @Nullable String queryId;
        private @Nullable String jobId;
        private @Nullable String location;
        private @Nullable String projectId;

        @Nullable
        NodeResult result() {
            if (uniqueId == null
                    || uniqueId.length() > LONGEST_ID
                    || status == null
                    || status.length() > LONGEST_WORD) {
                return null;
            }
            NodeClass nodeClass = NodeStatus.classOf(status, code);
            boolean isNotable = nodeClass == NodeClass.FAILED || nodeClass == NodeClass.WARNED;
            return new NodeResult(
                    uniqueId,
                    status,
                    nodeClass,
                    startedAt,
                    completedAt,
                    isNotable ? Redaction.of(LONGEST_MESSAGE, message) : null,
                    failures,
                    // Snowflake answers so to any statement that makes a table or a view, whatever is in it.
                    "SUCCESS".equals(code) && rows != null && rows == 1 ? null : rows,
                    query());
        }

        /** BigQuery's id is one only with its project and its place, as the facet's specification has it. */
        private @Nullable String query() {
            return jobId == null || projectId == null || location == null
                    ? (queryId == null ? jobId : queryId)
                    : projectId + ":" + location + "." + jobId;
        }

        /** Databricks answers {@code N/A} where it has none. */
        private static @Nullable String id(JsonParser value) throws IOException {
            @Nullable String id = Text.within(LONGEST_ID, DbtJson.string(value));
            return id == null || id.equalsIgnoreCase("n/a") ? null : id;
        }

        boolean field(String name, JsonParser value) throws IOException {
            switch (name) {
                case "unique_id" -> uniqueId = DbtJson.string(value);
                case "status" -> status = DbtJson.string(value);
                case "message" -> message = DbtJson.string(value);
                case "failures" -> failures = DbtJson.count(value);
                case "timing" -> DbtJson.elements(value, timing -> DbtJson.fields(timing, this::time));
                case "adapter_response" -> DbtJson.fields(value, this::answer);
                default -> value.skipChildren();
            }
            return true;
        }

        /** Of compiling and executing together: the first begin and the last end. */
        private boolean time(String name, JsonParser value) throws IOException {
            switch (name) {
                case "started_at" -> {
                    @Nullable Instant time = DbtJson.instant(value);
                    startedAt = time == null || (startedAt != null && startedAt.isBefore(time)) ? startedAt : time;
                }
                case "completed_at" -> {
                    @Nullable Instant time = DbtJson.instant(value);
                    completedAt =
                            time == null || (completedAt != null && completedAt.isAfter(time)) ? completedAt : time;
                }
                default -> value.skipChildren();
            }
            return true;
        }

        private boolean answer(String name, JsonParser value) throws IOException {
            switch (name) {
                case "code" -> code = Text.within(LONGEST_WORD, DbtJson.string(value));
                case "rows_affected" -> rows = DbtJson.count(value);
                case "query_id" -> queryId = id(value);
                case "job_id" -> jobId = id(value);
                case "location" -> location = Text.within(LONGEST_WORD, DbtJson.string(value));
                case "project_id" -> projectId = Text.within(LONGEST_WORD, DbtJson.string(value));
                default -> value.skipChildren();
            }
            return true;
        }
    }
}
