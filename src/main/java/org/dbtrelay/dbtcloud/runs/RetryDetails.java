package org.dbtrelay.dbtcloud.runs;

import java.util.List;

/**
 * What a retry of a failed run would begin with (GET {@code runs/{run_id}/retry/}).
 *
 * @param failedStep the command that failed
 * @param skippedSteps the commands that the run did not come to
 */
public record RetryDetails(String failedStep, List<String> skippedSteps) {

    /** Copies the list. */
    public RetryDetails {
        skippedSteps = List.copyOf(skippedSteps);
    }
}
