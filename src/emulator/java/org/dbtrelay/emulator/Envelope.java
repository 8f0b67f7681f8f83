package org.dbtrelay.emulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The frame around every answer: {@code status}, {@code data}, and {@code extra} on lists. */
final class Envelope {
    static final ObjectMapper MAPPER = new ObjectMapper();

    private Envelope() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static ArrayNode array() {
        return MAPPER.createArrayNode();
    }

    static Answer ok(JsonNode data) {
        ObjectNode body = framed(200, true, "Success!");
        body.set("data", data);
        return answer(200, body);
    }

    static Answer created(JsonNode data) {
        ObjectNode body = framed(201, true, "Success!");
        body.set("data", data);
        return answer(201, body);
    }

    static Answer list(List<? extends JsonNode> page, int total, ObjectNode filters, @Nullable String orderBy) {
        ObjectNode body = framed(200, true, "Success!");
        body.putArray("data").addAll(page);
        ObjectNode extra = body.putObject("extra");
        extra.set("filters", filters);
        extra.put("order_by", orderBy);
        extra.putObject("pagination").put("count", page.size()).put("total_count", total);
        return answer(200, body);
    }

    static Answer error(int status, String userMessage, JsonNode data) {
        ObjectNode body = framed(status, false, userMessage);
        body.set("data", data);
        if (data.isTextual()) {
            // Seen only beside a text; bodies with an object are older.
            body.putObject("extra");
            body.putNull("error_code");
        }
        return answer(status, body);
    }

    static Answer error(int status, String userMessage) {
        return error(status, userMessage, NullNode.instance);
    }

    static Answer answer(int status, JsonNode body) {
        return Answer.of(status, Answer.JSON, new Content.Bytes(bytes(body)));
    }

    static byte[] bytes(JsonNode body) {
        try {
            return MAPPER.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A tree can be written", e);
        }
    }

    private static ObjectNode framed(int code, boolean success, String userMessage) {
        ObjectNode body = object();
        body.putObject("status")
                .put("code", code)
                .put("is_success", success)
                .put("user_message", userMessage)
                .put("developer_message", "");
        return body;
    }
}
