package org.dbtrelay.lineage.tell;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.UUID;
import java.util.regex.Pattern;
import org.dbtrelay.lineage.event.JobName;
import org.dbtrelay.lineage.event.RunRef;
import org.jspecify.annotations.Nullable;

/**
 * The run of the caller that a run of dbt Cloud is a part of, as a command's {@code context.openlineage.parent} tells it, in the form of
 * OpenLineage's facet {@code parent}.
 *
 * @param parent the task that has sent the command
 * @param root the outermost run of the caller's; the parent itself if it is in no other
 */
public record Caller(RunRef parent, RunRef root) {

    private static final int LONGEST_NAME = 1_000;
    private static final Pattern ID = Pattern.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

    /** The caller that a context names; null if it names none, or not in that form. */
    static @Nullable Caller in(JsonNode context) {
        JsonNode facet = context.path("openlineage").path("parent");
        @Nullable RunRef parent = run(facet);
        if (parent == null) {
            return null;
        }
        @Nullable RunRef root = run(facet.path("root"));
        return new Caller(parent, root == null ? parent : root);
    }

    private static @Nullable RunRef run(JsonNode json) {
        @Nullable String namespace = name(json.path("job").path("namespace"));
        @Nullable String name = name(json.path("job").path("name"));
        @Nullable String id = name(json.path("run").path("runId"));
        if (namespace == null || name == null || id == null) {
            return null;
        }
        // Java's own reader takes shorter ones, and makes others of them.
        return ID.matcher(id).matches() ? new RunRef(UUID.fromString(id), new JobName(namespace, name)) : null;
    }

    private static @Nullable String name(JsonNode text) {
        return text.isTextual()
                        && !text.textValue().isBlank()
                        && text.textValue().length() <= LONGEST_NAME
                ? text.textValue()
                : null;
    }
}
