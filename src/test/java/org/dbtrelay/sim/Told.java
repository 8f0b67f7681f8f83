package org.dbtrelay.sim;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;

/** How much an event tells of why a run has failed. */
record Told(boolean step, boolean log, boolean nodes) {

    private static final JsonMapper JSON = new JsonMapper();

    /** What the data of an event tells; null: of no failure. */
    static Told of(byte[] event) {
        JsonNode data;
        try {
            data = JSON.readTree(event);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String status = data.path("status").asText();
        boolean timedOut = data.path("status_message").asText().contains("timed out");
        if (!status.equals("error") && !(status.equals("cancelled") && timedOut)) {
            return null;
        }
        JsonNode failure = data.path("failure");
        return new Told(
                failure.path("step").isObject(),
                !failure.path("log_tail").asText("").isBlank(),
                !failure.path("nodes").isEmpty());
    }

    boolean isFull() {
        return step && log && nodes;
    }

    boolean tellsMoreThan(Told before) {
        return weight() > before.weight();
    }

    private int weight() {
        return (step ? 1 : 0) + (log ? 1 : 0) + (nodes ? 1 : 0);
    }
}
