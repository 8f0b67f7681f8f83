package org.dbtrelay.emulator;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A step of a run, as it is at one instant.
 *
 * @param index from 1
 * @param command dbt command; null for the steps that dbt Cloud puts before them
 * @param finishedAt null until it has ended
 * @param logsReady false while dbt Cloud has not gathered the logs
 * @param failure what the step says about its failure; null if it has none
 */
public record StepView(
        long id,
        long runId,
        int index,
        String name,
        @Nullable String command,
        RunStatus status,
        Instant startedAt,
        @Nullable Instant finishedAt,
        boolean logsReady,
        @Nullable String failure) {

    /** The id of a step tells its run: it is the run's id with two more digits. */
    static long idOf(long runId, int index) {
        return runId * 100 + index;
    }
}
