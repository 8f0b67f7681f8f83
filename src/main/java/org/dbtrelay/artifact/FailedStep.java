package org.dbtrelay.artifact;

import java.util.Comparator;
import java.util.List;
import org.dbtrelay.run.job.DbtCommand;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.jspecify.annotations.Nullable;

/**
 * Which step explains why a run has not succeeded. A failing docs or source freshness step that dbt Cloud adds does not
 * fail a run, so it explains one only if no other step failed.
 */
final class FailedStep {

    private FailedStep() {}

    /**
     * The step; null if none failed. Of a run that was cancelled (so dbt Cloud calls a time-out), the one that was cut. A step of
     * any ended run can be called running for a while, as after a run was killed for memory: then it is the one.
     */
    static @Nullable RunStep of(RunSnapshot run, List<RunStep> steps) {
        RunStep failed = steps.stream()
                .filter(step -> step.status() == JobRunStatus.Known.ERROR)
                .max(Comparator.comparingInt(FailedStep::weight).thenComparingInt(RunStep::index))
                .orElse(null);
        if (failed != null) {
            return failed;
        }
        boolean cancelled = run.status() == JobRunStatus.Known.CANCELLED;
        return steps.stream()
                .filter(step -> (cancelled && step.status() == JobRunStatus.Known.CANCELLED) || isUnsettled(step))
                .min(Comparator.comparing((RunStep step) -> !step.started()).thenComparingInt(RunStep::index))
                .orElse(null);
    }

    /** Whether dbt Cloud has not yet told how the step ended, although it began. */
    static boolean isUnsettled(RunStep step) {
        return step.started() && !step.status().isTerminal();
    }

    /** Whether the step left a {@code run_results.json} that tells which nodes failed in it. */
    static boolean hasRunResults(RunStep step) {
        @Nullable DbtCommand command = DbtCommand.of(step);
        return command != null && command.writesRunResults();
    }

    private static int weight(RunStep step) {
        @Nullable DbtCommand command = DbtCommand.of(step);
        return command == null
                ? 1
                : switch (command.kind()) {
                    case BUILD -> 2;
                    case EVALUATE, PARSE, OTHER -> 1;
                    case DOCS, FRESHNESS -> 0;
                };
    }
}
