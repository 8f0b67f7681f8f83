package org.dbtrelay.run.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a run failed, as far as dbt Cloud tells.
 *
 * @param step the step that failed; null if none did (a run can fail before its first step)
 * @param nodes the failing nodes of {@code run_results.json}, at most 50
 */
public record RunFailure(@Nullable RunStep step, List<FailedNode> nodes) {

    public RunFailure {
        nodes = List.copyOf(nodes);
    }

    /** A model, test, … that failed. */
    public record FailedNode(
            String uniqueId, String status, @Nullable String message) {}
}
