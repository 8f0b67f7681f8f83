package org.dbtrelay.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.dbtrelay.run.Command;
import org.dbtrelay.run.JobNames;
import org.dbtrelay.run.JobSelector;
import org.dbtrelay.run.Overrides;
import org.dbtrelay.run.Task;
import org.dbtrelay.run.Wishes;
import org.jspecify.annotations.Nullable;

/** The fields of a {@code trigger}. */
final class TriggerFields {

    private static final Set<String> OWN_FIELDS = Set.of("cause", "steps_override", "schema_override");
    private static final int MAX_RUN_CONFIG = 8 * 1024;

    private TriggerFields() {}

    /** The command that they make. */
    static Command.Fit read(Fields fields, Command.Head head) throws BadField {
        return new Command.Fit(
                head,
                new Task.Trigger(job(fields), fields.text("cause", 2_000), overrides(fields), false, false),
                new Wishes(
                        fields.duration("poll_interval", Duration.ofSeconds(1), Duration.ofHours(1)),
                        fields.duration("timeout", Duration.ofSeconds(1), Duration.ofDays(30)),
                        whether(fields.choice("on_timeout", List.of("cancel", "abandon")), "cancel"),
                        whether(fields.choice("on_unclear", List.of("retry", "park")), "park"),
                        null,
                        artifacts(fields)));
    }

    private static JobSelector job(Fields fields) throws BadField {
        @Nullable Long jobId = fields.id("job_id");
        @Nullable String project = fields.text("project_name", 255);
        @Nullable String environment = fields.text("environment_name", 255);
        @Nullable String job = fields.text("job_name", 255);
        boolean anyName = project != null || environment != null || job != null;
        if (jobId != null && anyName) {
            throw new BadField("job_id", "must not be given together with project_name, environment_name or job_name");
        }
        if (jobId != null) {
            return new JobSelector.ById(jobId);
        }
        if (project == null || environment == null || job == null) {
            throw new BadField(
                    "job_id", "must be given, or project_name, environment_name and job_name, all three of them");
        }
        return new JobSelector.ByNames(new JobNames(project, environment, job));
    }

    private static Overrides overrides(Fields fields) throws BadField {
        @Nullable List<String> steps = fields.texts("steps_override", 50, 1_000);
        if (steps != null && steps.isEmpty()) {
            throw new BadField("steps_override", "must hold at least one step");
        }
        @Nullable String schema = fields.text("schema_override", 255);
        @Nullable ObjectNode runConfig = fields.object("additional_run_config");
        if (runConfig == null) {
            return new Overrides(steps, schema, null, Set.of());
        }
        Set<String> names = new TreeSet<>();
        for (Iterator<String> all = runConfig.fieldNames(); all.hasNext(); ) {
            String name = all.next();
            if (OWN_FIELDS.contains(name)) {
                throw new BadField(
                        "additional_run_config", "must not hold '" + name + "', which is a field of its own");
            }
            names.add(name);
        }
        String text = runConfig.toString();
        if (text.length() > MAX_RUN_CONFIG) {
            throw new BadField("additional_run_config", "must not be larger than 8 KiB");
        }
        return new Overrides(steps, schema, text, names);
    }

    private static @Nullable List<String> artifacts(Fields fields) throws BadField {
        @Nullable List<String> paths = fields.texts("artifacts", 50, 500);
        if (paths != null) {
            for (String path : paths) {
                if (path.startsWith("/")
                        || path.contains("\\")
                        || List.of(path.split("/", -1)).contains("..")) {
                    throw new BadField(
                            "artifacts", "must hold paths relative to dbt's target directory; '" + path + "' is none");
                }
            }
            if (Set.copyOf(paths).size() < paths.size()) {
                throw new BadField("artifacts", "must not hold a path twice");
            }
        }
        return paths;
    }

    private static @Nullable Boolean whether(@Nullable String choice, String wanted) {
        return choice == null ? null : Boolean.valueOf(choice.equals(wanted));
    }
}
