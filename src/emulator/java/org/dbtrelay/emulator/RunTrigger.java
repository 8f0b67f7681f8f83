package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * The request that started a run.
 *
 * @param category one of dbt Cloud's cause categories: {@code api}, {@code scheduled}, {@code rerun} ...
 * @param overrides the fields of the trigger body as they came, without {@code cause} and without nulls
 */
public record RunTrigger(String cause, String category, Map<String, JsonNode> overrides) {

    public RunTrigger {
        overrides = new LinkedHashMap<>(overrides);
    }

    /** A trigger without overrides. */
    public static RunTrigger of(String cause, String category) {
        return new RunTrigger(cause, category, Map.of());
    }

    /** The steps asked for in place of the job's, or null. */
    @Nullable
    List<String> stepsOverride() {
        JsonNode steps = overrides.get("steps_override");
        return steps == null
                ? null
                : StreamSupport.stream(steps.spliterator(), false)
                        .map(JsonNode::asText)
                        .toList();
    }

    @Nullable
    Boolean docsOverride() {
        JsonNode docs = overrides.get("generate_docs_override");
        return docs == null ? null : docs.asBoolean();
    }

    @Nullable
    Integer timeoutOverride() {
        JsonNode timeout = overrides.get("timeout_seconds_override");
        return timeout == null ? null : timeout.asInt();
    }

    @Nullable
    String text(String field) {
        JsonNode value = overrides.get(field);
        return value == null ? null : value.asText();
    }

    /** A run for a pull request is a CI run: it may run beside others. */
    boolean isForPullRequest() {
        return overrides.keySet().stream()
                .anyMatch(field ->
                        field.endsWith("_pull_request_id") || field.equals("gitlab_merge_request_id"));
    }
}
