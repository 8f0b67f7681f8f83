package org.dbtrelay.emulator;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The steps of a run: which there are, and from the run's times which have begun, ended, failed. */
final class StepPlan {
    private static final Duration QUICK = Duration.ofSeconds(1);
    private static final String SOURCES = "dbt source freshness";
    private static final String DOCS = "dbt docs generate";

    private StepPlan() {}

    private record Outline(String name, @Nullable String command) {
        static Outline dbt(String command) {
            return new Outline("Invoke dbt with `" + command + "`", command);
        }

        boolean matches(@Nullable String text) {
            return text != null && (name.contains(text) || (command != null && command.contains(text)));
        }
    }

    /** The job's own commands in this run, without the steps that dbt Cloud adds. */
    static List<String> commands(Run run) {
        if (run.resumedCommands != null) {
            return run.resumedCommands;
        }
        List<String> override = run.trigger.stepsOverride();
        return override != null ? override : run.job.executeSteps();
    }

    static boolean hasDocs(Run run) {
        Boolean override = run.trigger.docsOverride();
        return override != null ? override : run.job.generateDocs();
    }

    /** Whether the run has docs by {@code now}. */
    static boolean docsGenerated(Run run, Instant now) {
        return run.isOver(now)
                && hasDocs(run)
                && stepsAt(run, now).stream()
                        .anyMatch(step -> DOCS.equals(step.command()) && step.status() == RunStatus.SUCCESS);
    }

    static List<StepView> stepsAt(Run run, Instant now) {
        Instant start = run.startsAt;
        if (start == null || now.isBefore(start)) {
            return List.of();
        }
        List<Outline> outlines = outlines(run);
        int failing = run.end == RunStatus.ERROR ? failingIndex(run, outlines) : -1;
        if (failing >= 0) {
            outlines = outlines.subList(0, failing + 1);
        }
        Instant end = run.endsAt;
        boolean over = end != null && !now.isBefore(end);
        boolean cutShort = run.end == RunStatus.CANCELLED;
        List<Instant> borders = borders(start, plannedLength(run, start, end), outlines.size());
        List<StepView> steps = new ArrayList<>();
        for (int i = 0; i < outlines.size(); i++) {
            Instant from = borders.get(i);
            Instant to = borders.get(i + 1);
            if (from.isAfter(now) || (over && cutShort && i > 0 && !from.isBefore(end))) {
                break;
            }
            boolean killed = i == failing && run.plan.stillRunning().isPositive();
            boolean ended = (!to.isAfter(now) || over)
                    && !(killed && end != null && now.isBefore(end.plus(run.plan.stillRunning())));
            boolean cut = over && cutShort && (to.isAfter(end) || i == outlines.size() - 1);
            Outline outline = outlines.get(i);
            boolean docsFailed = run.plan.docsFail() && DOCS.equals(outline.command);
            RunStatus status = !ended
                    ? RunStatus.RUNNING
                    : cut ? RunStatus.CANCELLED : i == failing || docsFailed ? RunStatus.ERROR : RunStatus.SUCCESS;
            Instant finished = !ended ? null : cut || to.isAfter(now) ? end : to;
            boolean logsReady = finished == null || !now.isBefore(finished.plus(run.plan.logsAfter()));
            String failure = status == RunStatus.ERROR ? failure(run) : null;
            steps.add(new StepView(
                    StepView.idOf(run.id, i + 1),
                    run.id,
                    i + 1,
                    outline.name,
                    outline.command,
                    status,
                    from,
                    finished,
                    logsReady,
                    failure));
        }
        return steps;
    }

    /** The command of the step that has failed by now, if it is a dbt step. */
    static Optional<String> failedCommand(Run run, Instant now) {
        return stepsAt(run, now).stream()
                .filter(step -> step.status() == RunStatus.ERROR && step.command() != null)
                .map(StepView::command)
                .findFirst();
    }

    /** The job's commands after the one that fails: those that a retry would still do. */
    static List<String> commandsFrom(Run run, String failedCommand) {
        List<String> commands = commands(run);
        int at = commands.indexOf(failedCommand);
        return at < 0 ? List.of() : commands.subList(at + 1, commands.size());
    }

    /** All that the run did not come to after that command, docs as well. */
    static List<String> skippedAfter(Run run, String failedCommand) {
        List<String> skipped = new ArrayList<>(commandsFrom(run, failedCommand));
        if (hasDocs(run)) {
            skipped.add(DOCS);
        }
        return skipped;
    }

    private static List<Outline> outlines(Run run) {
        List<Outline> outlines = new ArrayList<>();
        outlines.add(new Outline("Clone git repository", null));
        outlines.add(new Outline("Create profile from connection Warehouse", null));
        outlines.add(Outline.dbt("dbt deps"));
        if (run.job.runGenerateSources()) {
            outlines.add(Outline.dbt(SOURCES));
        }
        commands(run).forEach(command -> outlines.add(Outline.dbt(command)));
        if (hasDocs(run)) {
            outlines.add(Outline.dbt(DOCS));
        }
        return outlines;
    }

    private static int failingIndex(Run run, List<Outline> outlines) {
        for (int i = 0; i < outlines.size(); i++) {
            if (outlines.get(i).matches(run.plan.failingStep())) {
                return i;
            }
        }
        return outlines.size() - (hasDocs(run) ? 2 : 1);
    }

    private static String failure(Run run) {
        if (!run.plan.failureMessage().isEmpty()) {
            return run.plan.failureMessage();
        }
        return run.endMessage == null ? "dbt command failed" : run.endMessage;
    }

    /** The instants between the steps: the three before the job's own are short, the others share the rest. */
    private static List<Instant> borders(Instant start, Duration length, int steps) {
        Duration twentieth = length.dividedBy(20);
        Duration quick = twentieth.compareTo(QUICK) < 0 ? twentieth : QUICK;
        int quickOnes = Math.min(3, steps - 1);
        Duration rest = length.minus(quick.multipliedBy(quickOnes)).dividedBy(steps - quickOnes);
        List<Instant> borders = new ArrayList<>(List.of(start));
        for (int i = 1; i < steps; i++) {
            borders.add(borders.getLast().plus(i <= quickOnes ? quick : rest));
        }
        borders.add(start.plus(length));
        return borders;
    }

    /** How long the steps were to take together, even if the run was cut short. */
    private static Duration plannedLength(Run run, Instant start, @Nullable Instant end) {
        boolean cut = run.end == RunStatus.CANCELLED && run.plan.end() != RunStatus.CANCELLED;
        if (end != null && !cut) {
            return Duration.between(start, end);
        }
        Duration planned = run.plan.running();
        return planned == null || planned.isZero() ? Duration.ofHours(1) : planned;
    }
}
