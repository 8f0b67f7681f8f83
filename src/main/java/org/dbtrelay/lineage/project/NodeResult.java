package org.dbtrelay.lineage.project;

import java.time.Instant;
import org.dbtrelay.run.job.NodeStatus.NodeClass;
import org.jspecify.annotations.Nullable;

/**
 * What became of a node in a step: a row of {@code run_results.json}.
 *
 * @param status dbt's word
 * @param nodeClass what the word means
 * @param startedAt by dbt's clock; null if dbt does not tell
 * @param completedAt likewise
 * @param message of a node that failed or was warned of; null for others. Without secrets, at most 1,000 characters
 * @param failures of a test: the rows that it found; null if dbt does not tell
 * @param rows that it has written; null if the adapter does not tell
 * @param queryId the id of its query in the database; null if the adapter does not tell
 */
public record NodeResult(
        String uniqueId,
        String status,
        NodeClass nodeClass,
        @Nullable Instant startedAt,
        @Nullable Instant completedAt,
        @Nullable String message,
        @Nullable Long failures,
        @Nullable Long rows,
        @Nullable String queryId) {

    /** The same without its message and its query. */
    NodeResult brief() {
        return new NodeResult(uniqueId, status, nodeClass, startedAt, completedAt, null, failures, rows, null);
    }

    /** Whether it is a test of data or of a unit. */
    public boolean isTest() {
        return uniqueId.startsWith("test.") || uniqueId.startsWith("unit_test.");
    }

    /** Whether it writes a table or a view. */
    public boolean isBuilt() {
        return uniqueId.startsWith("model.") || uniqueId.startsWith("snapshot.") || uniqueId.startsWith("seed.");
    }
}
