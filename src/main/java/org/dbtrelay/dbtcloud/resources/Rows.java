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

    static String name(ObjectNode row) {
        return row.path("name").asText("");
    }

    static @Nullable String text(ObjectNode row, String field) {
        JsonNode value = row.path(field);
        return value.isTextual() ? value.textValue() : null;
    }
}
