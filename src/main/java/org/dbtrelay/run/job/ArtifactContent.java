package org.dbtrelay.run.job;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.run.job.NodeStatus.NodeClass;
import org.jspecify.annotations.Nullable;

/**
 * Facts from an artifact's own JSON; none if it is no JSON file of dbt's, or was not read.
 *
 * @param schemaVersion {@code metadata.dbt_schema_version}
 * @param generatedAt {@code metadata.generated_at}
 * @param invocationId {@code metadata.invocation_id}: which call of dbt has made it
 * @param results of {@code run_results.json} and {@code sources.json}; null for others, if they cannot be read to their end, and
 *     if this version does not know the version of their schema
 * @param warnings the nodes that ended with a warning, bounded as {@link RunFailure#nodes}; null where the results are
 * @param owners the owners of failing and warned nodes by their ids, as far as a manifest that was read with it tells them
 */
public record ArtifactContent(
        @Nullable String schemaVersion,
        @Nullable Instant generatedAt,
        @Nullable String invocationId,
        @Nullable Results results,
        @Nullable List<FailedNode> warnings,
        Map<String, NodeOwner> owners) {

    /** Nothing is known. */
    public static final ArtifactContent NONE = new ArtifactContent(null, null, null, null, null, Map.of());

    public ArtifactContent {
        warnings = warnings == null ? null : List.copyOf(warnings);
        owners = Map.copyOf(owners);
    }

    /** The nodes that failed, and those that ended with a warning. */
    public List<FailedNode> notable() {
        List<FailedNode> nodes = new ArrayList<>();
        if (results != null) {
            nodes.addAll(results.failing());
        }
        if (warnings != null) {
            nodes.addAll(warnings);
        }
        return nodes;
    }

    /** The same with the owners of its nodes. */
    public ArtifactContent withOwners(Map<String, NodeOwner> known) {
        return new ArtifactContent(schemaVersion, generatedAt, invocationId, results, warnings, known);
    }

    /**
     * A summary of the nodes' results.
     *
     * @param nodesByStatus how many ended how, by dbt's words
     * @param nodesByClass how many ended how, by the classes of those words; each class is there
     * @param rowsAffected the sum over all nodes whose adapter tells it; null if none does
     * @param elapsedSeconds dbt's {@code elapsed_time}
     * @param slowest at most five, the slowest first
     * @param failing as in {@link RunFailure#nodes}
     */
    public record Results(
            Map<String, Integer> nodesByStatus,
            Map<NodeClass, Integer> nodesByClass,
            @Nullable Long rowsAffected,
            @Nullable Double elapsedSeconds,
            List<SlowNode> slowest,
            List<FailedNode> failing) {

        public Results {
            nodesByStatus = Map.copyOf(nodesByStatus);
            Map<NodeClass, Integer> all = new EnumMap<>(NodeClass.class);
            for (NodeClass each : NodeClass.values()) {
                all.put(each, nodesByClass.getOrDefault(each, 0));
            }
            nodesByClass = Collections.unmodifiableMap(all);
            slowest = List.copyOf(slowest);
            failing = List.copyOf(failing);
        }
    }

    /** A node and how long it took, dbt's {@code execution_time}. */
    public record SlowNode(String uniqueId, @Nullable String status, double seconds) {}
}
