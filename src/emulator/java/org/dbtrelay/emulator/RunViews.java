package org.dbtrelay.emulator;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes the picture of a run at an instant. */
final class RunViews {
    private static final List<String> RETRYABLE =
            List.of("build", "compile", "clone", "docs", "seed", "snapshot", "test", "run", "run-operation", "retry");

    private RunViews() {}

    static RunView of(Run run, Instant now, JobQueue queue) {
        RunStatus status = run.status(now);
        List<StepView> steps = StepPlan.stepsAt(run, now);
        Instant ended = status.isFinal() && run.startsAt != null ? run.endsAt : null;
        Run current = queue.current();
        return new RunView(
                run.id,
                run.triggerId,
                run.job,
                run.trigger,
                run.plan,
                now,
                run.shownCode(now),
                status,
                status.isFinal() ? run.endMessage : null,
                run.createdAt,
                due(run.dequeuedAt, now),
                due(run.startsAt, now),
                due(run.endsAt, now),
                status == RunStatus.QUEUED && current != null && current != run ? List.of(current.id) : List.of(),
                ended != null && !now.isBefore(ended.plus(run.plan.artifactsSavedAfter())),
                ended != null && !now.isBefore(ended.plus(run.plan.artifactsReadableAfter())),
                run.retryingRunId,
                retryRefusal(run, status, steps, queue),
                run.cancelled,
                steps);
    }

    /** The rules of dbt Cloud's retry: the newest run of its job, failed in a dbt command that knows {@code dbt retry}. */
    private static @Nullable String retryRefusal(Run run, RunStatus status, List<StepView> steps, JobQueue queue) {
        if (status != RunStatus.ERROR) {
            return "RETRY_NOT_FAILED_RUN";
        }
        if (queue.newestId() != run.id) {
            return "RETRY_NOT_LATEST_RUN";
        }
        String failed = steps.stream()
                .filter(step -> step.status() == RunStatus.ERROR)
                .findFirst()
                .map(StepView::command)
                .orElse(null);
        if (failed == null
                || run.plan.missingArtifacts().stream()
                        .anyMatch(path -> "*".equals(path) || "run_results.json".equals(path))) {
            return "RETRY_NO_RUN_RESULTS";
        }
        boolean retryable = RETRYABLE.stream().anyMatch(verb -> failed.matches("dbt( .*)? " + verb + "( .*)?"));
        return retryable ? null : "RETRY_UNSUPPORTED_CMD";
    }

    private static @Nullable Instant due(@Nullable Instant instant, Instant now) {
        return instant == null || instant.isAfter(now) ? null : instant;
    }
}
