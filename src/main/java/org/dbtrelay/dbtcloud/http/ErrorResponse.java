package org.dbtrelay.dbtcloud.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The parts of an answer with a bad status that the relay reads.
 *
 * @param contentType null: none was told
 * @param retryAfter null: likewise
 * @param body all of it, up to a bound; empty if there is none
 */
public record ErrorResponse(
        int status, @Nullable String contentType, @Nullable String retryAfter, String body) {

    /** Whether it is a page for people. dbt Cloud's API has none: a proxy or a login page sent it. */
    boolean isPage() {
        return contentType != null && contentType.toLowerCase(Locale.ROOT).contains("html");
    }

    /** The body, or a missing node if it is no JSON. */
    JsonNode json() {
        try {
            return Envelope.JSON.readTree(body);
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }

    /** dbt Cloud's words in a body, in its envelope or as {@code {"detail": "…"}} (seen as 405 and 500); empty if it has none. */
    static String userMessage(JsonNode body) {
        JsonNode message = body.path("status").path("user_message");
        JsonNode words = message.isTextual() && !message.textValue().isBlank() ? message : body.path("detail");
        return words.isTextual() ? words.textValue() : "";
    }
}
