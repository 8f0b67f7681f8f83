package org.dbtrelay.dbtcloud.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.jspecify.annotations.Nullable;

/** Reads the fields that all of dbt Cloud's resources have. */
final class Rows {

    private Rows() {}

    static long id(ObjectNode row) throws UnreadableAnswer {
        JsonNode id = row.path("id");
        if (!id.isIntegralNumber()) {
            throw new UnreadableAnswer("a row without id");
        }
        return id.longValue();
    }

    /** Something on the way may answer with what it has kept of another request. */
    static void mustBe(long asked, long answered, String kind) throws UnreadableAnswer {
        if (answered != asked) {
            throw new UnreadableAnswer("another " + kind + " than the one that was asked for");
        }
    }

    static String name(ObjectNode row) {
        return row.path("name").asText("");
    }

    static @Nullable String text(ObjectNode row, String field) {
        JsonNode value = row.path(field);
        return value.isTextual() ? value.textValue() : null;
    }
}
