package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;

/** A request that dbt Cloud would refuse, with the error body that it would send. */
final class Refusal extends RuntimeException {
    private static final String INVALID =
            "The request was invalid. Please double check the provided data and try again.";

    static final String NOT_FOUND =
            "The requested resource was not found. Please check that you have the proper permissions.";

    private final int status;
    private final String userMessage;
    private final transient JsonNode data;

    Refusal(int status, String userMessage, JsonNode data) {
        super(userMessage, null, false, false);
        this.status = status;
        this.userMessage = userMessage;
        this.data = data;
    }

    /** 400 for a value: {@code data} is {@code {field: reason}}. */
    static Refusal badValue(String field, String reason) {
        return badValues(Map.of(field, reason));
    }

    static Refusal badValues(Map<String, String> reasons) {
        ObjectNode data = JsonNodeFactory.instance.objectNode();
        reasons.forEach(data::put);
        return new Refusal(400, INVALID, data);
    }

    /** 400 for names that are not in the schema: {@code data} is a text in the words of dbt Cloud's schema checker. */
    static Refusal unknownNames(Collection<String> names) {
        String list = names.stream().sorted().map(name -> "'" + name + "'").collect(Collectors.joining(", "));
        String text = "Additional properties are not allowed (%s %s unexpected)"
                .formatted(list, names.size() == 1 ? "was" : "were");
        return new Refusal(400, INVALID, JsonNodeFactory.instance.textNode(text));
    }

    /** 400 with a text. */
    static Refusal invalid(String text) {
        return new Refusal(400, INVALID, JsonNodeFactory.instance.textNode(text));
    }

    static Refusal invalidToken() {
        return new Refusal(401, "Invalid token.", NullNode.instance);
    }

    static Refusal wrongAccount() {
        return new Refusal(403, "Access denied: Token is not scoped to account.", NullNode.instance);
    }

    static Refusal notFound() {
        return new Refusal(404, NOT_FOUND, NullNode.instance);
    }

    /** 500 as a server answers that did not expect the request's data. */
    static Refusal unexpected() {
        return new Refusal(500, "An unexpected error occurred. Please try again later.", NullNode.instance);
    }

    Answer answer() {
        return Envelope.error(status, userMessage, data);
    }
}
