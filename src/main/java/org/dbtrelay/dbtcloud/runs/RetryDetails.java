package org.dbtrelay.dbtcloud.runs;

import java.util.List;

/**
 * The first step of a retry of a failed run, and the steps that were skipped (GET {@code runs/{run_id}/retry/}).
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
