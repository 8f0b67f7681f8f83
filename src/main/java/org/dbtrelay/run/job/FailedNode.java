package org.dbtrelay.run.job;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A model, test, … that failed, or ended with a warning.
 *
 * @param status dbt's word
 * @param failures of a test: the rows that it found; null if dbt does not tell
 * @param relationName the table or view of the node; null if dbt does not tell
 * @param compiledPath the file with the node's compiled code, as dbt names it; null if dbt does not tell
 * @param source where the relay has it from
 */
public record FailedNode(
        String uniqueId,
        String status,
        @Nullable String message,
        @Nullable Long failures,
        @Nullable String relationName,
        @Nullable String compiledPath,
        Source source) {

    /** Of a file that tells nothing more. */
    public FailedNode(String uniqueId, String status, @Nullable String message) {
        this(uniqueId, status, message, null, null, null, Source.ARTIFACT);
    }

    /** The same with what another source says of the node where this one says nothing. */
    public FailedNode completedBy(FailedNode other) {
        return new FailedNode(
                uniqueId,
                status,
                message == null ? other.message : message,
                failures == null ? other.failures : failures,
                relationName == null ? other.relationName : relationName,
                compiledPath == null ? other.compiledPath : compiledPath,
                source);
    }

    /** The same with another message. */
    public FailedNode withMessage(@Nullable String other) {
        return new FailedNode(uniqueId, status, other, failures, relationName, compiledPath, source);
    }

    /** The source of a failing node. */
    public enum Source {
        /** {@code run_results.json}, or {@code sources.json}. */
        ARTIFACT,
        /** The step's log: the file does not have the node. */
        LOG;

        /** As it stands in events. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
