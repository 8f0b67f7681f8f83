package org.dbtrelay.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;

/** A job, by itself and inside a run: the same fields, other time stamps. */
final class JobJson {
    static final Instant CREATED = Instant.parse("2026-03-25T13:47:20.129690Z");
    static final Instant UPDATED = Instant.parse("2026-04-12T10:53:05.333419Z");

    private JobJson() {}

    static ObjectNode of(EmulatedJob job) {
        ObjectNode json = fields(job);
        json.put("created_at", Humanized.offset(CREATED));
        json.put("updated_at", Humanized.offset(UPDATED));
        json.put("generate_sources", job.runGenerateSources());
        json.put("cron_humanized", "Every hour");
        json.putNull("next_run");
        json.putNull("next_run_humanized");
        json.putNull("account");
        json.putNull("project");
        json.putNull("environment");
        json.putNull("fusion_readiness");
        json.putNull("lifecycle_webhooks_url");
        return json;
    }

    static ObjectNode nested(EmulatedJob job) {
        ObjectNode json = fields(job);
        json.put("created_at", Humanized.zulu(CREATED));
        json.put("updated_at", Humanized.zulu(UPDATED));
        return json;
    }

    private static ObjectNode fields(EmulatedJob job) {
        ObjectNode json = Envelope.object();
        json.putObject("execution").put("timeout_seconds", job.timeoutSeconds());
        json.put("generate_docs", job.generateDocs());
        json.put("run_generate_sources", job.runGenerateSources());
        json.put("run_compare_changes", false);
        json.put("run_lint", false);
        json.put("errors_on_lint_failure", true);
        json.put("id", job.id());
        json.put("account_id", job.accountId());
        json.put("project_id", job.projectId());
        json.put("environment_id", job.environmentId());
        json.put("name", job.name());
        json.put("description", job.description());
        json.putNull("dbt_version");
        json.putNull("raw_dbt_version");
        json.putNull("created_at");
        json.putNull("updated_at");
        job.executeSteps().forEach(json.putArray("execute_steps")::add);
        json.put("state", job.state());
        json.put("deactivated", job.deactivated());
        json.put("run_failure_count", job.deactivated() ? 100 : 0);
        json.putNull("deferring_job_definition_id");
        json.putNull("deferring_environment_id");
        json.put("lifecycle_webhooks", false);
        json.putNull("lifecycle_webhooks_url");
        json.putObject("triggers")
                .put("github_webhook", false)
                .put("git_provider_webhook", false)
                .put("schedule", false)
                .put("on_merge", false);
        json.putObject("settings").put("threads", 4).put("target_name", "default");
        json.putObject("schedule")
                .put("cron", "0 * * * *")
                .put("date", "every_day")
                .put("time", "every_hour");
        json.put("is_deferrable", false);
        json.put("job_type", job.type());
        json.put("triggers_on_draft_pr", false);
        json.putNull("job_completion_trigger_condition");
        return json;
    }
}
