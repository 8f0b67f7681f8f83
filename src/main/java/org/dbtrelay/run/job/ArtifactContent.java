package org.dbtrelay.run.job;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an artifact says about itself; nothing if it is none of dbt's own JSON files, or was not read.
 *
 * @param schemaVersion {@code metadata.dbt_schema_version}
 * @param generatedAt {@code metadata.generated_at}
 * @param invocationId {@code metadata.invocation_id}: which call of dbt has made it
 * @param results of {@code run_results.json} and {@code sources.json}; null for others, and if they cannot be read to their end
 */
public record ArtifactContent(
        @Nullable String schemaVersion,
        @Nullable Instant generatedAt,
        @Nullable String invocationId,
        @Nullable Results results) {

    /** Nothing is known. */
    public static final ArtifactContent NONE = new ArtifactContent(null, null, null, null);

    /**
     * What became of the nodes, in short.
     *
     * @param nodesByStatus how many ended how, by dbt's words
     * @param elapsedSeconds dbt's {@code elapsed_time}
     * @param slowest at most five, the slowest first
     * @param failing as in {@link RunFailure#nodes}
     */
    public record Results(
            Map<String, Integer> nodesByStatus,
            @Nullable Double elapsedSeconds,
            List<SlowNode> slowest,
            List<RunFailure.FailedNode> failing) {

        public Results {
            nodesByStatus = Map.copyOf(nodesByStatus);
            slowest = List.copyOf(slowest);
            failing = List.copyOf(failing);
        }
    }

    /** A node and how long it took, dbt's {@code execution_time}. */
    public record SlowNode(String uniqueId, @Nullable String status, double seconds) {}
}
