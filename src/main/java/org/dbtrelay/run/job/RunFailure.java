package org.dbtrelay.run.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a run failed, as far as dbt Cloud tells.
 *
 * @param step the step that failed; null if none did (a run can fail before its first step)
 * @param nodes the nodes that failed in it, at most 50
 */
public record RunFailure(@Nullable RunStep step, List<FailedNode> nodes) {

    public RunFailure {
        nodes = List.copyOf(nodes);
    }
}
