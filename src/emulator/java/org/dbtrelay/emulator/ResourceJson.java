package org.dbtrelay.emulator;

import java.util.Set;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Accounts, projects and environments. */
final class ResourceJson {
    private ResourceJson() {}

    static ObjectNode account(EmulatedAccount account) {
        ObjectNode json = Envelope.object();
        json.put("id", account.id());
        json.put("name", account.name());
        json.put("state", 1);
        json.put("plan", account.plan());
        json.put("pending_cancel", false);
        json.put("run_slots", account.runSlots());
        json.put("developer_seats", 10);
        json.put("read_only_seats", 10);
        json.put("queue_limit", 50);
        json.put("pod_memory_request_mebibytes", 600);
        json.put("run_duration_limit_seconds", 86400);
        json.put("locked", false);
        json.putNull("lock_reason");
        json.putNull("unlocked_at");
        json.put("git_auth_level", "team");
        json.put("identifier", "act_" + account.id());
        Stream.of(
                        "docs_job_id",
                        "freshness_job_id",
                        "account_migration_events",
                        "agent_credit_locked",
                        "analyst_seats",
                        "billing_email_address",
                        "business_critical",
                        "copilot_locked_until",
                        "develop_pod_memory_request_mebibytes",
                        "enterprise_login_slug",
                        "explorer_seats",
                        "groups",
                        "it_seats",
                        "lock_cause",
                        "run_locked_until",
                        "starter_repo_url",
                        "static_subdomain",
                        "trial_end_date",
                        "vanity_subdomain")
                .forEach(json::putNull);
        json.put("created_at", Humanized.offset(JobJson.CREATED));
        json.put("updated_at", Humanized.offset(JobJson.UPDATED));
        return json;
    }

    static ObjectNode project(EmulatedProject project) {
        ObjectNode json = Envelope.object();
        json.put("name", project.name());
        json.put("account_id", project.accountId());
        json.put("description", "");
        json.put("repository_id", project.id() + 1);
        json.put("connection_id", project.id() + 2);
        json.put("id", project.id());
        json.put("created_at", Humanized.spaced(JobJson.CREATED));
        json.put("updated_at", Humanized.spaced(JobJson.UPDATED));
        json.put("skipped_setup", false);
        json.put("state", 1);
        json.put("type", 0);
        Stream.of(
                        "dbt_project_subdirectory",
                        "semantic_layer_config_id",
                        "docs_job_id",
                        "freshness_job_id",
                        "docs_job",
                        "freshness_job",
                        "default_version",
                        "environments",
                        "fusion_readiness",
                        "connection",
                        "repository")
                .forEach(json::putNull);
        json.putArray("group_permissions");
        return json;
    }

    static ObjectNode repository(EmulatedProject project) {
        return Envelope.object()
                .put("id", project.id() + 1)
                .put("account_id", project.accountId())
                .put("project_id", project.id())
                .put("full_name", "jaffle-shop/analytics")
                .put("state", 1);
    }

    static ObjectNode environment(EmulatedEnvironment environment) {
        ObjectNode json = Envelope.object();
        json.put("id", environment.id());
        json.put("account_id", environment.accountId());
        json.put("project_id", environment.projectId());
        json.put("connection_id", environment.connectionId());
        json.put("repository_id", environment.projectId() + 1);
        json.putNull("credentials_id");
        json.putNull("extended_attributes_id");
        json.put("name", environment.name());
        json.put("dbt_version", environment.dbtVersion());
        json.put("raw_dbt_version", environment.dbtVersion());
        json.put("type", "deployment");
        json.put("deployment_type", deploymentType(environment));
        json.put("use_custom_branch", false);
        json.putNull("custom_branch");
        json.put("supports_docs", true);
        json.put("is_deferrable", false);
        json.put("enable_model_query_history", false);
        json.put("state", 1);
        json.put("created_at", Humanized.offset(JobJson.CREATED));
        json.put("updated_at", Humanized.offset(JobJson.UPDATED));
        json.putNull("project");
        json.putNull("credentials");
        json.putNull("fusion_readiness");
        return json;
    }

    /** What {@code include_related} adds to an environment, where it has an adapter. */
    static void related(EmulatedEnvironment environment, Set<String> included, ObjectNode json) {
        if (environment.adapter() == null) {
            return;
        }
        if (included.contains("connection") && environment.showsConnection()) {
            json.set("connection", DbtProject.connection(environment.adapter(), environment.connectionId()));
        }
        if (included.contains("repository")) {
            json.putObject("repository")
                    .put("id", environment.projectId() + 1)
                    .put("remote_url", "git://github.com/jaffle-shop/analytics.git");
        }
    }

    static ObjectNode connection(EmulatedEnvironment environment, String adapter) {
        ObjectNode json = Envelope.object();
        json.put("id", environment.connectionId());
        json.put("account_id", environment.accountId());
        json.put("created_at", Humanized.offset(JobJson.CREATED));
        json.put("updated_at", Humanized.offset(JobJson.UPDATED));
        json.put("name", adapter);
        json.put("adapter_version", adapter + (adapter.equals("bigquery") ? "_v1" : "_v0"));
        json.putNull("private_link_endpoint_id");
        json.put("is_ssh_tunnel_enabled", false);
        json.putNull("oauth_configuration_id");
        json.put("oauth_redirect_uri", "https://cloud.example.com/complete/" + adapter);
        json.put("is_configured_for_native_oauth", false);
        json.set("config", DbtProject.config(adapter));
        return json;
    }

    static @Nullable String deploymentType(EmulatedEnvironment environment) {
        return switch (environment.name()) {
            case "Production" -> "production";
            case "Staging" -> "staging";
            default -> null;
        };
    }
}
