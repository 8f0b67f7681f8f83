package org.dbtrelay.dbtcloud.runs;

import java.util.List;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;

/**
 * A run together with its steps.
 *
 * @param steps in the order of their index; empty if dbt Cloud gave none
 */
public record RunWithSteps(RunSnapshot run, List<RunStep> steps) {

    /** Copies the list. */
    public RunWithSteps {
        steps = List.copyOf(steps);
    }
}
