package org.dbtrelay.command;

import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.job.JobNames;
import org.jspecify.annotations.Nullable;

/** The fields that select a job or a run. */
final class SelectorFields {

    static final int LONGEST_COMMAND_ID = 128;
    private static final int LONGEST_NAME = 255;
    private static final List<String> NAMES = List.of("project_name", "environment_name", "job_name");

    private SelectorFields() {}

    static boolean namesJob(Fields fields) {
        return fields.has("job_id") || NAMES.stream().anyMatch(fields::has);
    }

    /** The job, by its id or by its names. */
    static JobSelector job(Fields fields) throws BadField {
        @Nullable Long jobId = fields.id("job_id");
        @Nullable String project = fields.text("project_name", LONGEST_NAME);
        @Nullable String environment = fields.text("environment_name", LONGEST_NAME);
        @Nullable String job = fields.text("job_name", LONGEST_NAME);
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

    /**
     * The run, by its id or as the one of another command.
     *
     * @param ownId of the command itself, which cannot be its own target
     */
    static RunSelector run(Fields fields, String ownId) throws BadField {
        @Nullable Long runId = fields.id("run_id");
        @Nullable String target = fields.commandId("target_command_id", LONGEST_COMMAND_ID);
        if (runId != null) {
            return new RunSelector.ById(runId);
        }
        if (target == null) {
            throw new BadField("run_id", "must be given, or target_command_id");
        }
        if (target.equals(ownId)) {
            throw new BadField("target_command_id", "must not be the command's own id");
        }
        return new RunSelector.OfCommand(target);
    }

    /** Refuses a command that names what it means in none of these ways, or in several. */
    static void exactlyOne(Fields fields, boolean jobToo) throws BadField {
        List<String> given = new ArrayList<>();
        for (String field : List.of("run_id", "target_command_id")) {
            if (fields.has(field)) {
                given.add(field);
            }
        }
        if (jobToo && namesJob(fields)) {
            given.add(
                    fields.has("job_id")
                            ? "job_id"
                            : NAMES.stream().filter(fields::has).findFirst().orElseThrow());
        }
        if (given.size() != 1) {
            throw new BadField(
                    given.isEmpty() ? "run_id" : given.getLast(),
                    "exactly one of run_id, target_command_id"
                            + (jobToo ? " and a job (job_id, or project_name, environment_name and job_name)" : "")
                            + " must be given; found " + (given.isEmpty() ? "none" : String.join(" and ", given)));
        }
    }
}
