package org.dbtrelay.artifact;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import org.dbtrelay.run.job.NodeStatus;
import org.dbtrelay.run.job.NodeStatus.NodeClass;
import org.jspecify.annotations.Nullable;

/**
 * One of the {@code results} of {@code run_results.json} and {@code sources.json}. The fields that are read here have been the same
 * since dbt 0.19 (version 1 of the schema), in Fusion too, which leaves out those without a value and at first left out the
 * messages (dbt-labs/dbt-fusion issue 1437); {@code sources.json} has {@code error} in the place of a message.
 *
 * @param message as dbt wrote it, of any length
 * @param seconds finite
 * @param failures the rows that a test found
 * @param relationName of the table or view
 * @param rowsAffected as the adapter tells; not negative
 * @param adapterCode {@code adapter_response.code}
 */
record ResultRow(
        @Nullable String uniqueId,
        @Nullable String status,
        @Nullable String message,
        @Nullable Double seconds,
        @Nullable Long failures,
        @Nullable String relationName,
        @Nullable Long rowsAffected,
        @Nullable String adapterCode) {

    /** Uses a row. */
    @FunctionalInterface
    interface Taker {
        /** False: enough has been read. */
        boolean take(ResultRow row);
    }

    /** The class of the node's end; a row without a status is of the class {@link NodeClass#OTHER}. */
    NodeClass nodeClass() {
        return status == null ? NodeClass.OTHER : NodeStatus.classOf(status, adapterCode);
    }

    /** Reads the rows of the array that the parser stands on; of anything else, none. False if the taker had enough. */
    static boolean readAll(JsonParser array, Taker taker) throws IOException {
        if (!array.isExpectedStartArrayToken()) {
            array.skipChildren();
            return true;
        }
        while (array.nextToken() != JsonToken.END_ARRAY) {
            if (array.currentToken() == null) {
                throw new IOException("an array without end");
            }
            Reading reading = new Reading();
            DbtJson.fields(array, reading::field);
            if (!taker.take(reading.row())) {
                return false;
            }
        }
        return true;
    }

    private static final class Reading {
        private @Nullable String uniqueId;
        private @Nullable String status;
        private @Nullable String message;
        private @Nullable Double seconds;
        private @Nullable Long failures;
        private @Nullable String relationName;
        private @Nullable Long rowsAffected;
        private @Nullable String adapterCode;

        ResultRow row() {
            return new ResultRow(uniqueId, status, message, seconds, failures, relationName, rowsAffected, adapterCode);
        }

        boolean field(String name, JsonParser value) throws IOException {
            switch (name) {
                case "unique_id" -> uniqueId = DbtJson.string(value);
                case "status" -> status = DbtJson.string(value);
                case "message", "error" -> {
                    @Nullable String text = DbtJson.string(value);
                    message = text == null ? message : text;
                }
                case "execution_time" -> seconds = DbtJson.number(value);
                case "failures" -> failures = DbtJson.count(value);
                case "relation_name" -> relationName = DbtJson.string(value);
                case "adapter_response" -> DbtJson.fields(value, this::answer);
                default -> value.skipChildren();
            }
            return true;
        }

        private boolean answer(String name, JsonParser value) throws IOException {
            switch (name) {
                case "rows_affected" -> rowsAffected = DbtJson.count(value);
                case "code" -> adapterCode = DbtJson.string(value);
                default -> value.skipChildren();
            }
            return true;
        }
    }
}
