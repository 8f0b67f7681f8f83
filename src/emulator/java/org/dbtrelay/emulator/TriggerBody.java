package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads and checks the body of a trigger, by the spec's {@code TriggerRunRequest}. */
final class TriggerBody {
    private enum Kind {
        TEXT("string"),
        NUMBER("integer"),
        BOOLEAN("boolean"),
        TEXTS("array");

        private final String word;

        Kind(String word) {
            this.word = word;
        }
    }

    static final int CAUSE_LENGTH = 255;
    private static final Map<String, Kind> FIELDS = new LinkedHashMap<>();

    static {
        FIELDS.put("cause", Kind.TEXT);
        FIELDS.put("git_branch", Kind.TEXT);
        FIELDS.put("git_sha", Kind.TEXT);
        FIELDS.put("azure_pull_request_id", Kind.NUMBER);
        FIELDS.put("github_pull_request_id", Kind.NUMBER);
        FIELDS.put("gitlab_merge_request_id", Kind.NUMBER);
        FIELDS.put("non_native_pull_request_id", Kind.NUMBER);
        FIELDS.put("schema_override", Kind.TEXT);
        FIELDS.put("dbt_version_override", Kind.TEXT);
        FIELDS.put("threads_override", Kind.NUMBER);
        FIELDS.put("target_name_override", Kind.TEXT);
        FIELDS.put("generate_docs_override", Kind.BOOLEAN);
        FIELDS.put("timeout_seconds_override", Kind.NUMBER);
        FIELDS.put("steps_override", Kind.TEXTS);
    }

    private TriggerBody() {}

    /** The override fields, in the order in which a trigger shows them. */
    static Collection<String> overrideNames() {
        return FIELDS.keySet().stream().skip(1).toList();
    }

    /**
     * The trigger, or a refusal. A cause that is too long is refused with {@code tooLong}; 0 lets it pass. If this is not
     * strict, unknown fields are ignored, and no cause is as good as an empty one.
     */
    static RunTrigger read(byte[] body, int tooLong, boolean strict) {
        JsonNode tree = tree(body);
        Collection<String> unknown = new TreeSet<>();
        tree.fieldNames().forEachRemaining(unknown::add);
        unknown.removeAll(FIELDS.keySet());
        if (strict && !unknown.isEmpty()) {
            throw Refusal.unknownNames(unknown);
        }
        Map<String, String> reasons = new LinkedHashMap<>();
        Map<String, JsonNode> overrides = new LinkedHashMap<>();
        FIELDS.forEach((name, kind) -> {
            JsonNode value = tree.get(name);
            if (value != null && !value.isNull()) {
                String reason = reason(value, kind);
                if (reason != null) {
                    reasons.put(name, reason);
                }
                overrides.put(name, value);
            }
        });
        JsonNode cause = overrides.remove("cause");
        if (cause == null && !strict && !tree.has("cause")) {
            cause = TextNode.valueOf("");
        }
        if (cause == null) {
            reasons.put("cause", tree.has("cause") ? "None is not of type 'string'" : "'cause' is a required property");
        }
        if (cause == null || !reasons.isEmpty()) {
            throw Refusal.badValues(reasons);
        }
        if (tooLong != 0 && cause.asText().length() > CAUSE_LENGTH) {
            throw tooLong == 500
                    ? Refusal.unexpected()
                    : Refusal.badValue("cause", "Ensure this value has at most 255 characters");
        }
        return new RunTrigger(cause.asText(), "api", overrides);
    }

    private static JsonNode tree(byte[] body) {
        try {
            JsonNode tree = Envelope.MAPPER.readTree(body);
            if (tree.isObject()) {
                return tree;
            }
        } catch (IOException e) {
            throw Refusal.invalid("The request's body is not JSON");
        }
        throw Refusal.invalid("The request's body is not a JSON object");
    }

    private static @Nullable String reason(JsonNode value, Kind kind) {
        boolean fits = switch (kind) {
            case TEXT -> value.isTextual();
            case NUMBER -> value.isIntegralNumber();
            case BOOLEAN -> value.isBoolean();
            case TEXTS -> value.isArray();
        };
        if (!fits) {
            return value + " is not of type '" + kind.word + "'";
        }
        if (kind == Kind.TEXT && value.asText().isEmpty()) {
            return "'' is too short";
        }
        for (JsonNode item : value) {
            if (!item.isTextual()) {
                return item + " is not of type 'string'";
            }
            if (item.asText().isEmpty()) {
                return "'' is too short";
            }
        }
        return null;
    }
}
