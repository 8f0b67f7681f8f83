package org.dbtrelay.run;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which step of a run made an artifact. dbt Cloud keeps artifacts per step and gives the last step's by default, which with
 * {@code generate_docs} is the docs step and not what was built.
 */
final class StepChoice {

    private static final Set<String> BUILDING = Set.of("build", "run", "test", "seed", "snapshot", "source");

    private StepChoice() {}

    /** The artifacts with their steps. */
    static List<WantedArtifact> wanted(List<String> paths, List<RunStep> steps) {
        return paths.stream()
                .map(path -> new WantedArtifact(path, step(path, steps)))
                .toList();
    }

    /** The last step that ran a dbt command that makes the file; null: leave it to dbt Cloud. */
    private static @Nullable Integer step(String path, List<RunStep> steps) {
        return steps.stream()
                .filter(step -> !(step.status() instanceof JobRunStatus.Known known
                        && (known == JobRunStatus.Known.QUEUED || known == JobRunStatus.Known.STARTING)))
                .filter(step -> makes(verb(step), path))
                .map(RunStep::index)
                .max(Integer::compare)
                .orElse(null);
    }

    private static boolean makes(String verb, String path) {
        return path.equals("catalog.json") ? verb.equals("docs") : BUILDING.contains(verb);
    }

    /** The first word after {@code dbt} of the step's command, or of its name, where the command stands in back-ticks. */
    private static String verb(RunStep step) {
        String text = step.dbtCommand() == null ? step.name() : step.dbtCommand();
        int dbt = text.toLowerCase(Locale.ROOT).lastIndexOf("dbt ");
        if (dbt < 0) {
            return "";
        }
        for (String word : text.substring(dbt + 4).replace("`", " ").strip().split("\\s+", -1)) {
            if (!word.startsWith("-")) {
                return word.toLowerCase(Locale.ROOT);
            }
        }
        return "";
    }
}
