package org.dbtrelay.run.command;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a trigger changes of its job, for one run.
 *
 * @param steps dbt commands instead of the job's own; null: the job's
 * @param schema the target schema; null: the job's
 * @param runConfig any further fields of dbt Cloud's trigger body, a JSON object as text; null: none
 * @param runConfigFields the names of the fields in {@code runConfig}
 */
public record Overrides(
        @Nullable List<String> steps,
        @Nullable String schema,
        @Nullable String runConfig,
        Set<String> runConfigFields) {

    /** The further fields that dbt Cloud documents for its trigger body. */
    public static final Set<String> DOCUMENTED_RUN_CONFIG = Set.of(
            "git_sha",
            "git_branch",
            "dbt_version_override",
            "target_name_override",
            "threads_override",
            "timeout_seconds_override",
            "generate_docs_override",
            "azure_pull_request_id",
            "github_pull_request_id",
            "gitlab_merge_request_id",
            "non_native_pull_request_id");

    /** Nothing is changed. */
    public static final Overrides NONE = new Overrides(null, null, null, Set.of());

    public Overrides {
        steps = steps == null ? null : List.copyOf(steps);
        runConfigFields = Set.copyOf(runConfigFields);
    }
}
