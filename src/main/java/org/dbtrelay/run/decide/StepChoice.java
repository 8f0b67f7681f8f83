package org.dbtrelay.run.decide;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.job.DbtCommand;
import org.dbtrelay.run.job.DbtCommand.Kind;
import org.dbtrelay.run.job.Engine;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.WantedArtifact;
import org.jspecify.annotations.Nullable;

/**
 * Which step of a run made an artifact. dbt Cloud keeps artifacts per step and gives the last step's by default, which with
 * {@code generate_docs} is the docs step and not what was built. Which commands write which file is documented (docs.getdbt.com,
 * "About dbt artifacts"). dbt Cloud's default remains for what no step of the run makes.
 */
final class StepChoice {

    /** Fusion's telemetry has the step in its name. */
    private static final Pattern TELEMETRY = Pattern.compile("metadata/telemetry-([0-9]{1,6})-otel\\.parquet");

    private StepChoice() {}

    /** The artifacts with their steps, each once. A step that was asked for stays. */
    static List<WantedArtifact> wanted(List<ArtifactWish> requested, List<RunStep> steps, @Nullable Engine engine) {
        Map<WantedArtifact, WantedArtifact> byStep = new LinkedHashMap<>();
        for (ArtifactWish wish : requested) {
            WantedArtifact wanted = wish.step() == null
                    ? chosen(wish.path(), steps, engine)
                    : new WantedArtifact(wish.path(), wish.step());
            byStep.putIfAbsent(new WantedArtifact(wanted.path(), wanted.step()), wanted);
        }
        return List.copyOf(byStep.values());
    }

    /** Those of a step that the run does not have. */
    static List<WantedArtifact> absent(List<WantedArtifact> wanted, List<RunStep> steps) {
        return wanted.stream()
                .filter(artifact ->
                        artifact.step() != null && steps.stream().noneMatch(step -> step.index() == artifact.step()))
                .toList();
    }

    private static WantedArtifact chosen(String path, List<RunStep> steps, @Nullable Engine engine) {
        return path.equals("catalog.json") ? catalog(steps, engine) : new WantedArtifact(path, step(path, steps));
    }

    /**
     * A step that says {@code --write-catalog} writes the catalog. Else dbt v1 does it in the docs step; dbt v2 needs none in dbt
     * Cloud and does it in each {@code build}, {@code run}, {@code seed} and {@code snapshot} (docs.getdbt.com, "Build and view your
     * docs with dbt"). Of a run that has both, the likelier one by its engine is asked first, and then the other: the version that dbt Cloud tells can
     * be the name of a release track that nobody has seen yet.
     */
    private static WantedArtifact catalog(List<RunStep> steps, @Nullable Engine engine) {
        @Nullable Integer docs = last(steps, of(Kind.DOCS));
        @Nullable Integer built = last(steps, DbtCommand::materializes);
        boolean isFusion = engine == Engine.FUSION;
        List<Integer> candidates = Stream.of(
                        last(steps, DbtCommand::writesCatalog), isFusion ? built : docs, isFusion ? docs : built)
                .filter(Objects::nonNull)
                .distinct()
                .toList();
        return new WantedArtifact(
                "catalog.json",
                candidates.isEmpty() ? null : candidates.getFirst(),
                candidates.size() < 2 ? null : candidates.get(1));
    }

    private static @Nullable Integer step(String path, List<RunStep> steps) {
        Matcher telemetry = TELEMETRY.matcher(path);
        if (telemetry.matches()) {
            return Integer.valueOf(telemetry.group(1));
        }
        return switch (path) {
            case "sources.json" -> last(steps, of(Kind.FRESHNESS));
            case "index.html", "static_index.html" -> last(steps, of(Kind.DOCS));
            case "run_results.json" -> last(steps, of(Kind.BUILD), DbtCommand::writesRunResults);
            // The manifest, what is compiled, and all else that comes of a parsed project.
            default -> last(steps, of(Kind.BUILD), of(Kind.EVALUATE), DbtCommand::parses);
        };
    }

    private static Predicate<DbtCommand> of(Kind kind) {
        return command -> command.kind() == kind;
    }

    /** The last step that ran such a command; if none did, such as the next one says. */
    @SafeVarargs
    private static @Nullable Integer last(List<RunStep> steps, Predicate<DbtCommand>... inThisOrder) {
        for (Predicate<DbtCommand> makesIt : inThisOrder) {
            @Nullable
            RunStep last = steps.stream()
                    .filter(RunStep::started)
                    .filter(step -> {
                        @Nullable DbtCommand command = DbtCommand.of(step);
                        return command != null && makesIt.test(command);
                    })
                    .max(Comparator.comparingInt(RunStep::index))
                    .orElse(null);
            if (last != null) {
                return last.index();
            }
        }
        return null;
    }
}
