package org.dbtrelay.emulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The artifacts of a run, by step. Each dbt step leaves its files in {@code target/}, over those of the steps before it;
 * what a step shows is the directory as it was after that step.
 */
final class Artifacts {
    private static final List<String> LEAVE_NOTHING = List.of("deps", "debug", "clean", "init", "parse", "ls", "list");

    /** The commands whose step of a Fusion job writes a catalog (docs.getdbt.com, "Build and view your docs with dbt"). */
    private static final Pattern BUILDING = Pattern.compile("dbt( .*)? (build|run|seed|snapshot)( .*)?");

    private Artifacts() {}

    /** The paths after step {@code step}, null for the last, sorted; empty if there are none or none can be read yet. */
    static List<String> paths(RunView run, @Nullable Long step) {
        return canBeRead(run, step) ? List.copyOf(directory(run, until(step)).keySet()) : List.of();
    }

    /** The artifact at {@code path} as it was after step {@code step}, null for the last. */
    static Optional<Content> read(RunView run, String path, @Nullable Long step) {
        return canBeRead(run, step)
                ? Optional.ofNullable(directory(run, until(step)).get(path)).map(Supplier::get)
                : Optional.empty();
    }

    private static boolean canBeRead(RunView run, @Nullable Long step) {
        return run.artifactsReadable()
                && (step == null || (step >= 1 && step <= run.steps().size()));
    }

    private static int until(@Nullable Long step) {
        return step == null ? Integer.MAX_VALUE : step.intValue();
    }

    private static SequencedMap<String, Supplier<Content>> directory(RunView run, int until) {
        TreeMap<String, Supplier<Content>> files = new TreeMap<>();
        for (StepView step : run.steps()) {
            if (step.index() > until || step.command() == null || leftNothing(run, step)) {
                continue;
            }
            usual(run, step).forEach(path -> files.put(path, () -> ArtifactBody.of(path, run, step)));
            for (PlannedArtifact planned : run.plan().artifacts()) {
                boolean always = planned.command() == null && leavesFiles(step.command());
                if (always || (planned.command() != null && step.command().contains(planned.command()))) {
                    files.put(planned.path(), planned::content);
                }
            }
        }
        for (String path : run.plan().missingArtifacts()) {
            if ("*".equals(path)) {
                files.clear();
            } else {
                files.remove(path);
            }
        }
        return files;
    }

    /** It was cut, or killed: the files are those of the steps before it. */
    private static boolean leftNothing(RunView run, StepView step) {
        boolean killed = run.plan().stillRunning().isPositive()
                && (step.status() == RunStatus.ERROR || step.status() == RunStatus.RUNNING);
        return killed || step.status() == RunStatus.CANCELLED;
    }

    private static boolean leavesFiles(String command) {
        return LEAVE_NOTHING.stream().noneMatch(verb -> command.matches("dbt( .*)? " + verb + "( .*)?"));
    }

    private static List<String> usual(RunView run, StepView step) {
        String command = step.command();
        if (command == null || !leavesFiles(command)) {
            return List.of();
        }
        List<String> paths = new ArrayList<>(List.of("manifest.json"));
        if (command.contains("source freshness")) {
            paths.add("sources.json");
        } else {
            paths.add("run_results.json");
        }
        if (command.contains("docs generate") && step.status() == RunStatus.SUCCESS) {
            paths.add("catalog.json");
        }
        if (run.plan().engine() == RunPlan.Engine.FUSION) {
            paths.add("metadata/telemetry-" + step.index() + "-otel.parquet");
            if (BUILDING.matcher(command).matches()) {
                paths.add("catalog.json");
            }
        }
        return paths;
    }
}
