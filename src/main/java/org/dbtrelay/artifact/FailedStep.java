package org.dbtrelay.artifact;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.dbtrelay.run.JobRunStatus;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.RunStep;
import org.jspecify.annotations.Nullable;

/**
 * Which step explains why a run has not succeeded. A failing docs or source freshness step that dbt Cloud adds does not
 * fail a run, so it explains one only if no other step failed.
 */
final class FailedStep {

    private static final Set<String> BUILDING = Set.of("build", "run", "test", "seed", "snapshot");

    private FailedStep() {}

    /** The step; null if none failed. Of a run that was cancelled (so dbt Cloud calls a time-out), the one that was cut. */
    static @Nullable RunStep of(RunSnapshot run, List<RunStep> steps) {
        RunStep failed = steps.stream()
                .filter(step -> step.status() == JobRunStatus.Known.ERROR)
                .max(Comparator.comparingInt(FailedStep::weight).thenComparingInt(RunStep::index))
                .orElse(null);
        if (failed != null || run.status() != JobRunStatus.Known.CANCELLED) {
            return failed;
        }
        return steps.stream()
                .filter(step -> step.status() == JobRunStatus.Known.CANCELLED)
                .min(Comparator.comparingInt(RunStep::index))
                .orElse(null);
    }

    /** Whether the step ran dbt; cloning and the profile do not, and leave no artifacts. */
    static boolean isDbt(RunStep step) {
        return command(step).contains("dbt ");
    }

    private static int weight(RunStep step) {
        String command = command(step);
        if (command.contains("docs generate") || command.contains("source freshness")) {
            return 0;
        }
        return List.of(command.split("[\\s`]+", -1)).stream().anyMatch(BUILDING::contains) ? 2 : 1;
    }

    /** The command, or the name, which holds it in back-ticks. */
    private static String command(RunStep step) {
        return (step.dbtCommand() == null ? step.name() : step.dbtCommand()).toLowerCase(Locale.ROOT);
    }
}
