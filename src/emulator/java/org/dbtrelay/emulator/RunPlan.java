package org.dbtrelay.emulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How long a run takes and how it ends. Durations are in the emulator's time and are divided by its
 * speed factor. Immutable; each method gives a changed copy.
 *
 * @param queued time in the queue although nothing is in the way
 * @param starting time at status 2
 * @param running time at status 3; null: until it is told to finish
 * @param end final status, unless a cancel or a time-out comes first
 * @param statusMessage {@code status_message} at the end
 * @param failingStep the first step whose name or command contains this text fails; null with status 20: the last
 *     command
 * @param failureMessage what the failing step's log and node say
 * @param failingNodes rows of {@code run_results.json}; empty: one is made from the failure message
 * @param docsFail the docs step fails, which does not fail the run
 * @param artifactsSavedAfter from the end until {@code artifacts_saved} is true
 * @param artifactsReadableAfter from the end until artifacts are no longer 404
 * @param logsAfter from the end of a step until its log is there
 * @param artifacts beside or in place of the usual ones
 * @param missingArtifacts paths that are left out; {@code "*"}: all
 * @param debugLogLines length of each dbt step's debug log
 * @param engine of dbt; tells the shape of logs and artifacts
 * @param nodes more rows of {@code run_results.json} of each dbt step that builds: reused, no-op, warned
 * @param stillRunning after the end the failing step is shown as running for that long, as that of a run that was killed for
 *     memory; zero: it is shown as failed at once. Such a step leaves no files
 * @param stepsAfter from the end until the run's steps are shown
 * @param project the dbt project that artifacts are made of; null: small ones that do not belong together
 * @param failsAgain how many retries of such a run fail likewise, one after another
 */
public record RunPlan(
        Duration queued,
        Duration starting,
        @Nullable Duration running,
        RunStatus end,
        @Nullable String statusMessage,
        @Nullable String failingStep,
        String failureMessage,
        List<FailingNode> failingNodes,
        boolean docsFail,
        Duration artifactsSavedAfter,
        Duration artifactsReadableAfter,
        Duration logsAfter,
        List<PlannedArtifact> artifacts,
        List<String> missingArtifacts,
        int debugLogLines,
        Engine engine,
        List<FailingNode> nodes,
        Duration stillRunning,
        Duration stepsAfter,
        @Nullable DbtProject project,
        int failsAgain) {

    /** {@code dbt_version} of a run by Fusion. */
    static final String LATEST_FUSION = "latest-fusion";

    /** The engines of dbt. */
    public enum Engine {
        /** dbt Core, or dbt v1. */
        CORE,
        /** Fusion, or dbt v2. */
        FUSION
    }

    /** Queued 1 s, starting 1 s, running 3 s, success. */
    public static RunPlan succeeding() {
        return new RunPlan(
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(3),
                RunStatus.SUCCESS,
                null,
                null,
                "",
                List.of(),
                false,
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                List.of(),
                List.of(),
                20,
                Engine.CORE,
                List.of(),
                Duration.ZERO,
                Duration.ZERO,
                null,
                0);
    }

    /** As {@link #succeeding}, but the first step that contains {@code step} fails with {@code message}. */
    public static RunPlan failing(String step, String message) {
        return succeeding().changed(b -> {
            b.end = RunStatus.ERROR;
            b.failingStep = step;
            b.failureMessage = message;
        });
    }

    /** As {@link #succeeding}, but {@code dbt build} fails in a way that passes by itself. */
    public static RunPlan failing(TransientFailure failure) {
        return failing("dbt build", failure.message()).failingNode("model.jaffle_shop.orders", "error", failure.message());
    }

    /** With so many retries that fail likewise, one after another, before one succeeds. */
    public RunPlan failsAgain(int times) {
        return changed(b -> b.failsAgain = times);
    }

    /** As {@link #succeeding}, but it never ends by itself. */
    public static RunPlan unending() {
        return succeeding().running(null);
    }

    /** In the queue for that long although nothing is in the way. */
    public RunPlan queued(Duration time) {
        return changed(b -> b.queued = time);
    }

    /** At status 2 for that long. */
    public RunPlan starting(Duration time) {
        return changed(b -> b.starting = time);
    }

    /** At status 3 for that long; null: until it is told to finish. */
    public RunPlan running(@Nullable Duration time) {
        return changed(b -> b.running = time);
    }

    /** All three times at once. */
    public RunPlan taking(Duration queue, Duration start, Duration run) {
        return queued(queue).starting(start).running(run);
    }

    /** Ends at once: useful for throughput. */
    public RunPlan instantly() {
        return taking(Duration.ZERO, Duration.ZERO, Duration.ZERO);
    }

    /** With another end, and a {@code status_message}. */
    public RunPlan endingAs(RunStatus status, @Nullable String message) {
        return changed(b -> {
            b.end = status;
            b.statusMessage = message;
        });
    }

    /** With one more failing row in {@code run_results.json}. */
    public RunPlan failingNode(String uniqueId, String status, String message) {
        return changed(b -> b.failingNodes = plus(b.failingNodes, new FailingNode(uniqueId, status, message)));
    }

    /** With a docs step that fails, which does not fail the run. */
    public RunPlan withFailingDocs() {
        return changed(b -> b.docsFail = true);
    }

    /** With {@code artifacts_saved} false until so long after the end. */
    public RunPlan artifactsSavedAfter(Duration time) {
        return changed(b -> b.savedAfter = time);
    }

    /** With 404 for artifacts until so long after the end. */
    public RunPlan artifactsReadableAfter(Duration time) {
        return changed(b -> b.readableAfter = time);
    }

    /** With empty logs until so long after the end of each step. */
    public RunPlan logsAfter(Duration time) {
        return changed(b -> b.logsAfter = time);
    }

    /** With one more artifact, or another one in the place of a usual one. */
    public RunPlan artifact(PlannedArtifact artifact) {
        return changed(b -> b.artifacts = plus(b.artifacts, artifact));
    }

    /** Without the artifact at that path. */
    public RunPlan withoutArtifact(String path) {
        return changed(b -> b.without = plus(b.without, path));
    }

    /** Without any artifact: the list's data is null. */
    public RunPlan withoutArtifacts() {
        return withoutArtifact("*");
    }

    /** With a debug log of that many lines for each dbt step. */
    public RunPlan debugLogLines(int lines) {
        return changed(b -> b.debugLogLines = lines);
    }

    /**
     * By Fusion: step logs are OTel, each step that builds leaves a {@code catalog.json} and its telemetry, {@code run_results.json}
     * has no messages and lacks nodes with errors.
     */
    public RunPlan fusion() {
        return changed(b -> b.engine = Engine.FUSION);
    }

    /** With one more row of {@code run_results.json} that is no failure, such as {@code reused}, {@code no-op} or {@code warn}. */
    public RunPlan node(String uniqueId, String status, String message) {
        return changed(b -> b.nodes = plus(b.nodes, new FailingNode(uniqueId, status, message)));
    }

    /** With the manifest, the run results and the catalog of a project, which belong together. */
    public RunPlan of(DbtProject dbtProject) {
        return changed(b -> b.project = dbtProject);
    }

    /** As {@link #failing}, but killed: so long after the run's end the step is shown as running. */
    public static RunPlan killed(String step, Duration stillRunning) {
        return failing(step, "dbt was killed")
                .endingAs(RunStatus.ERROR, "This run exceeded your account's run memory limits.")
                .stillRunning(stillRunning);
    }

    /** With a failing step that is shown as running until so long after the run's end. */
    public RunPlan stillRunning(Duration time) {
        return changed(b -> b.stillRunning = time);
    }

    /** With steps that are not shown until so long after the end. */
    public RunPlan stepsAfter(Duration time) {
        return changed(b -> b.stepsAfter = time);
    }

    /** The same in less time: all durations divided by {@code speed}. */
    RunPlan faster(double speed) {
        return changed(b -> {
            b.queued = divided(b.queued, speed);
            b.starting = divided(b.starting, speed);
            b.running = b.running == null ? null : divided(b.running, speed);
            b.savedAfter = divided(b.savedAfter, speed);
            b.readableAfter = divided(b.readableAfter, speed);
            b.logsAfter = divided(b.logsAfter, speed);
            b.stillRunning = divided(b.stillRunning, speed);
            b.stepsAfter = divided(b.stepsAfter, speed);
        });
    }

    static Duration divided(Duration duration, double speed) {
        return speed == 1.0 ? duration : Duration.ofNanos((long) (duration.toNanos() / speed));
    }

    /** The plan of a retry of such a run, unless told otherwise: as long, and it succeeds if it does not fail again. */
    RunPlan ofRetry() {
        if (failsAgain > 0) {
            return failsAgain(failsAgain - 1);
        }
        return changed(b -> {
            b.end = RunStatus.SUCCESS;
            b.statusMessage = null;
            b.failingStep = null;
            b.failingNodes = List.of();
            b.stillRunning = Duration.ZERO;
        });
    }

    private RunPlan changed(Edit edit) {
        Draft b = new Draft(this);
        edit.on(b);
        return new RunPlan(
                b.queued,
                b.starting,
                b.running,
                b.end,
                b.statusMessage,
                b.failingStep,
                b.failureMessage,
                b.failingNodes,
                b.docsFail,
                b.savedAfter,
                b.readableAfter,
                b.logsAfter,
                b.artifacts,
                b.without,
                b.debugLogLines,
                b.engine,
                b.nodes,
                b.stillRunning,
                b.stepsAfter,
                b.project,
                b.failsAgain);
    }

    private static <T> List<T> plus(List<T> list, T more) {
        List<T> longer = new ArrayList<>(list);
        longer.add(more);
        return List.copyOf(longer);
    }

    private interface Edit {
        void on(Draft draft);
    }

    private static final class Draft {
        Duration queued;
        Duration starting;

        @Nullable
        Duration running;

        RunStatus end;

        @Nullable
        String statusMessage;

        @Nullable
        String failingStep;

        String failureMessage;
        List<FailingNode> failingNodes;
        boolean docsFail;
        Duration savedAfter;
        Duration readableAfter;
        Duration logsAfter;
        List<PlannedArtifact> artifacts;
        List<String> without;
        int debugLogLines;
        Engine engine;
        List<FailingNode> nodes;
        Duration stillRunning;
        Duration stepsAfter;

        @Nullable
        DbtProject project;

        int failsAgain;

        Draft(RunPlan plan) {
            queued = plan.queued;
            starting = plan.starting;
            running = plan.running;
            end = plan.end;
            statusMessage = plan.statusMessage;
            failingStep = plan.failingStep;
            failureMessage = plan.failureMessage;
            failingNodes = plan.failingNodes;
            docsFail = plan.docsFail;
            savedAfter = plan.artifactsSavedAfter;
            readableAfter = plan.artifactsReadableAfter;
            logsAfter = plan.logsAfter;
            artifacts = plan.artifacts;
            without = plan.missingArtifacts;
            debugLogLines = plan.debugLogLines;
            engine = plan.engine;
            nodes = plan.nodes;
            stillRunning = plan.stillRunning;
            stepsAfter = plan.stepsAfter;
            project = plan.project;
            failsAgain = plan.failsAgain;
        }
    }
}
