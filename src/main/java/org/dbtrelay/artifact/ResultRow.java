package org.dbtrelay.artifact;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One of the {@code results} of {@code run_results.json} and {@code sources.json}. The fields that are read here have been the same
 * since dbt 0.19 (version 1 of the schema), in Fusion too; {@code sources.json} has {@code error} in the place of a message.
 *
 * @param message as dbt wrote it, of any length
 * @param seconds finite
 */
record ResultRow(
        @Nullable String uniqueId,
        @Nullable String status,
        @Nullable String message,
        @Nullable Double seconds) {

    /** Uses a row. */
    @FunctionalInterface
    interface Taker {
        /** False: enough has been read. */
        boolean take(ResultRow row);
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
            if (!taker.take(new ResultRow(reading.uniqueId, reading.status, reading.message, reading.seconds))) {
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

        boolean field(String name, JsonParser value) throws IOException {
            switch (name) {
                case "unique_id" -> uniqueId = DbtJson.string(value);
                case "status" -> status = DbtJson.string(value);
                case "message", "error" -> {
                    @Nullable String text = DbtJson.string(value);
                    message = text == null ? message : text;
                }
                case "execution_time" -> seconds = DbtJson.number(value);
                default -> value.skipChildren();
            }
            return true;
        }
    }
}
