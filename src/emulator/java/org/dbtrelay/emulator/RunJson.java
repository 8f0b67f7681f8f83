package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A run as dbt Cloud's {@code RunResponse}, with the nulls that recordings show. */
final class RunJson {
    /** Cause categories of runs that a person starts in dbt Cloud's pages. */
    private static final Set<String> OF_PERSONS = Set.of("ui");

    private final World world;
    private final Supplier<String> baseUrl;

    RunJson(World world, Supplier<String> baseUrl) {
        this.world = world;
        this.baseUrl = baseUrl;
    }

    ObjectNode of(RunView run, Set<String> include) {
        ObjectNode json = Envelope.object();
        boolean started = run.startedAt() != null;
        boolean docs = hasDocs(run);
        json.put("id", run.id());
        json.put("trigger_id", run.triggerId());
        json.put("account_id", run.job().accountId());
        json.put("environment_id", run.job().environmentId());
        json.put("project_id", run.job().projectId());
        json.put("job_definition_id", run.jobId());
        json.put("status", run.statusCode());
        json.put("dbt_version", dbtVersion(run));
        json.put("git_branch", started ? branch(run) : null);
        json.put("git_sha", started ? sha(run) : null);
        json.put("status_message", run.statusMessage());
        json.putNull("owner_thread_id");
        json.put("executed_by_thread_id", started ? "scheduler-run-0-" + Long.toHexString(run.id()) : null);
        json.putNull("deferring_run_id");
        json.put("artifacts_saved", run.artifactsSaved());
        json.put("artifact_s3_path", run.artifactsSaved() ? "prod/runs/" + run.id() + "/artifacts/target" : null);
        json.put("has_docs_generated", run.isFinal() && docs);
        json.put("has_sources_generated", run.isFinal() && started && run.job().runGenerateSources());
        json.put("notifications_sent", run.isFinal() && started);
        ArrayNode blockedBy = json.putArray("blocked_by");
        run.blockedBy().forEach(blockedBy::add);
        json.put("created_at", Humanized.spaced(run.createdAt()));
        json.put("updated_at", Humanized.spaced(updatedAt(run)));
        json.put("dequeued_at", Humanized.spaced(run.dequeuedAt()));
        json.put("started_at", Humanized.spaced(run.startedAt()));
        json.put("finished_at", Humanized.spaced(run.finishedAt()));
        json.putNull("last_checked_at");
        json.put("last_heartbeat_at", Humanized.spaced(run.startedAt()));
        json.putNull("should_start_at");
        json.set("trigger", include.contains("trigger") ? trigger(run) : null);
        json.set("job", include.contains("job") ? JobJson.nested(run.job()) : null);
        json.set("environment", include.contains("environment") ? environment(run) : null);
        ArrayNode steps = json.putArray("run_steps");
        boolean hidden = run.isFinal()
                && run.finishedAt() != null
                && run.seenAt().isBefore(run.finishedAt().plus(run.plan().stepsAfter()));
        if (include.contains("run_steps") && !hidden) {
            run.steps().forEach(step -> steps.add(StepJson.of(step, run, include.contains("debug_logs"))));
        }
        json.putNull("deprecation");
        status(json, run);
        times(json, run);
        json.put("retrying_run_id", run.retryingRunId());
        json.put("can_retry", run.retryRefusal() == null);
        json.put("retry_not_supported_reason", run.retryRefusal());
        json.put("job_id", run.jobId());
        json.putNull("is_running");
        json.put(
                "href",
                "%s/deploy/%d/projects/%d/runs/%d/"
                        .formatted(
                                baseUrl.get(), run.job().accountId(), run.job().projectId(), run.id()));
        json.put("used_repo_cache", include.contains("used_repo_cache") ? Boolean.FALSE : null);
        json.set("audit", include.contains("audit") ? audit(run) : null);
        return json;
    }

    private static void status(ObjectNode json, RunView run) {
        int code = run.statusCode();
        boolean shown = code != run.status().code();
        json.put(
                "status_humanized",
                shown && !isDocumented(code) ? "Unknown" : RunStatus.of(code).humanized());
        json.put("in_progress", code < 10);
        json.put("is_complete", code >= 10);
        json.put("is_success", code == 10);
        json.put("is_error", code == 20);
        json.put("is_cancelled", code == 30);
    }

    private static boolean isDocumented(int code) {
        return Set.of(1, 2, 3, 10, 20, 30).contains(code);
    }

    private static void times(ObjectNode json, RunView run) {
        Instant now = run.seenAt();
        Instant end = run.finishedAt() == null ? now : run.finishedAt();
        Duration total = Duration.between(run.createdAt(), end);
        Duration running = run.startedAt() == null ? Duration.ZERO : Duration.between(run.startedAt(), end);
        Duration queued = run.startedAt() == null ? total : Duration.between(run.createdAt(), run.startedAt());
        json.put("duration", Humanized.clock(total));
        json.put("queued_duration", Humanized.clock(queued));
        json.put("run_duration", Humanized.clock(running));
        json.put("duration_humanized", Humanized.duration(total));
        json.put("queued_duration_humanized", Humanized.duration(queued));
        json.put("run_duration_humanized", Humanized.duration(running));
        json.put("created_at_humanized", Humanized.duration(Duration.between(run.createdAt(), now)) + " ago");
        json.put(
                "finished_at_humanized",
                run.finishedAt() == null
                        ? "0 minutes from now"
                        : Humanized.duration(Duration.between(run.finishedAt(), now)) + " ago");
    }

    private static ObjectNode trigger(RunView run) {
        ObjectNode json = Envelope.object();
        json.put("id", run.triggerId());
        json.put("cause", run.cause());
        json.put("job_definition_id", run.jobId());
        for (String name : TriggerBody.overrideNames()) {
            JsonNode value = run.trigger().overrides().get(name);
            json.set(name, value);
        }
        json.put("created_at", Humanized.spaced(run.createdAt()));
        json.put("cause_humanized", run.cause());
        json.putNull("job");
        json.put("cause_category", run.trigger().category());
        return json;
    }

    private @Nullable JsonNode environment(RunView run) {
        return world.environment(run.job().accountId(), run.job().environmentId())
                .map(ResourceJson::environment)
                .orElse(null);
    }

    private static ObjectNode audit(RunView run) {
        ObjectNode json = Envelope.object();
        json.set("trigger", OF_PERSONS.contains(run.trigger().category()) ? person() : token());
        json.set("cancellation", run.cancelledByUser() ? token() : null);
        return json;
    }

    private static ObjectNode token() {
        return actor("1", "service_token", "relay");
    }

    private static ObjectNode person() {
        return actor("2", "user", "Ada Lovelace");
    }

    private static ObjectNode actor(String id, String type, String name) {
        ObjectNode json = Envelope.object();
        json.putObject("actor").put("id", id).put("type", type).put("name", name);
        return json;
    }

    private String dbtVersion(RunView run) {
        String override = run.trigger().text("dbt_version_override");
        if (override == null && run.plan().engine() == RunPlan.Engine.FUSION) {
            return RunPlan.LATEST_FUSION;
        }
        return override != null
                ? override
                : world.environment(run.job().accountId(), run.job().environmentId())
                        .map(EmulatedEnvironment::dbtVersion)
                        .orElse("latest");
    }

    private static String branch(RunView run) {
        String override = run.trigger().text("git_branch");
        return override == null ? "main" : override;
    }

    private static String sha(RunView run) {
        String override = run.trigger().text("git_sha");
        return override == null ? "%040x".formatted(run.jobId() * 2_654_435_761L & Long.MAX_VALUE) : override;
    }

    private static boolean hasDocs(RunView run) {
        return run.steps().stream()
                .anyMatch(step -> "dbt docs generate".equals(step.command()) && step.status() == RunStatus.SUCCESS);
    }

    private static Instant updatedAt(RunView run) {
        if (run.finishedAt() != null) {
            return run.finishedAt();
        }
        if (run.startedAt() != null) {
            return run.startedAt();
        }
        return run.dequeuedAt() != null ? run.dequeuedAt() : run.createdAt();
    }
}
