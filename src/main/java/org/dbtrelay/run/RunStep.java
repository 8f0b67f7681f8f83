package org.dbtrelay.run;

import org.jspecify.annotations.Nullable;

/**
 * One step of a run, read once at the run's end ({@code include_related=run_steps}).
 *
 * @param index from 1, as dbt Cloud counts; the {@code step} of an artifact
 * @param dbtCommand the dbt command of the step; null for steps that are none (clone, profile) and in old answers
 * @param logTail the last lines of the step's log, at most 4 KiB; empty if there is none
 */
public record RunStep(
        int index,
        String name,
        JobRunStatus status,
        @Nullable String dbtCommand,
        String logTail) {}
