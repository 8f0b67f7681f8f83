package org.dbtrelay.run.job;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step of a run, read at the run's end ({@code include_related=run_steps}).
 *
 * @param index from 1, as dbt Cloud counts; the {@code step} of an artifact
 * @param started false if it never ran: one before it failed, or the run was cancelled
 * @param dbtCommand the dbt command of the step; null for steps that are none (clone, profile) and in old answers
 * @param logTail the last lines of the step's log, at most 4 KiB; empty if there is none
 * @param startedAt by dbt Cloud's clock; null if it is not told
 * @param loggedNodes failed nodes that the end of the step's log names; only logs of dbt v2 do
 */
public record RunStep(
        int index,
        String name,
        JobRunStatus status,
        boolean started,
        @Nullable String dbtCommand,
        String logTail,
        @Nullable Instant startedAt,
        List<FailedNode> loggedNodes) {

    public RunStep {
        loggedNodes = List.copyOf(loggedNodes);
    }

    /** A step whose time of start is not told and whose log names no nodes. */
    public RunStep(
            int index, String name, JobRunStatus status, boolean started, @Nullable String dbtCommand, String logTail) {
        this(index, name, status, started, dbtCommand, logTail, null, List.of());
    }
}
