package org.dbtrelay.lineage.follow;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.dbtrelay.lineage.tell.Step;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.run.job.DbtCommand;
import org.dbtrelay.run.job.Engine;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunStep;
import org.jspecify.annotations.Nullable;

/** The steps of a run that lineage tells of: those that ran a command of dbt. Cloning and profiles are none. */
final class Steps {

    private Steps() {}

    /** In the order in which they ran. */
    static List<Step> of(ToldRun run, List<RunStep> all) {
        List<RunStep> inOrder =
                all.stream().sorted(Comparator.comparingInt(RunStep::index)).toList();
        int docs = inOrder.stream()
                .filter(RunStep::started)
                .filter(step -> is(step, DbtCommand.Kind.DOCS))
                .mapToInt(RunStep::index)
                .max()
                .orElse(0);
        boolean isFusion = Engine.of(run.dbtVersion()) == Engine.FUSION || "fusion".equals(run.engine());
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < inOrder.size(); i++) {
            RunStep step = inOrder.get(i);
            @Nullable DbtCommand command = DbtCommand.of(step);
            if (command == null || !step.started()) {
                continue;
            }
            boolean hasOwnCatalog = command.writesCatalog() || (isFusion && command.materializes());
            Instant begun = step.startedAt() == null ? run.begun() : step.startedAt();
            steps.add(new Step(
                    step.index(),
                    words(step),
                    (step.status().isTerminal() ? step.status().label() : run.status()),
                    begun,
                    end(run, inOrder, i, begun),
                    command.kind() == DbtCommand.Kind.BUILD,
                    // A catalog of before tells of the tables of before.
                    hasOwnCatalog ? step.index() : docs > step.index() ? docs : 0));
        }
        return List.copyOf(steps);
    }

    /** When the next step began; dbt Cloud tells no end of a step in all its answers. */
    private static Instant end(ToldRun run, List<RunStep> steps, int place, Instant begun) {
        for (RunStep later : steps.subList(place + 1, steps.size())) {
            if (later.startedAt() != null && !later.startedAt().isBefore(begun)) {
                return later.startedAt();
            }
        }
        return run.ended().isBefore(begun) ? begun : run.ended();
    }

    private static boolean is(RunStep step, DbtCommand.Kind kind) {
        @Nullable DbtCommand command = DbtCommand.of(step);
        return command != null && command.kind() == kind && step.status() != JobRunStatus.Known.ERROR;
    }

    /** The command; where dbt Cloud tells none, what stands in back-ticks in the name. */
    private static String words(RunStep step) {
        @Nullable String command = step.dbtCommand();
        if (command != null && !command.isBlank()) {
            return command.strip();
        }
        int begin = step.name().indexOf('`');
        int end = step.name().lastIndexOf('`');
        return begin < end ? step.name().substring(begin + 1, end).strip() : step.name();
    }
}
