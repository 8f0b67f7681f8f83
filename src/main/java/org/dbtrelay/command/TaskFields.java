package org.dbtrelay.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.JobRunStatus;
import org.jspecify.annotations.Nullable;

/** The fields that make the task of a command. */
final class TaskFields {

    private static final Set<String> OWN_FIELDS = Set.of("cause", "steps_override", "schema_override");
    private static final int MAX_RUN_CONFIG = 8 * 1024;
    private static final int MOST_STATUSES = 12;

    private TaskFields() {}

    /**
     * The task that they make.
     *
     * @param id of the command
     */
    static Task read(Fields fields, Verb verb, String id) throws BadField {
        return switch (verb) {
            case TRIGGER -> trigger(fields);
            case RETRY -> retry(fields, id);
            case CANCEL -> {
                SelectorFields.exactlyOne(fields, false);
                yield new Task.Cancel(SelectorFields.run(fields, id));
            }
            case FOLLOW -> follow(fields);
        };
    }

    private static Task trigger(Fields fields) throws BadField {
        return new Task.Trigger(
                SelectorFields.job(fields),
                fields.text("cause", 2_000),
                overrides(fields),
                Boolean.TRUE.equals(fields.flag("retry_from_failure")),
                Boolean.TRUE.equals(fields.flag("dry_run")));
    }

    private static Task retry(Fields fields, String id) throws BadField {
        SelectorFields.exactlyOne(fields, true);
        return SelectorFields.namesJob(fields)
                ? new Task.Rerun(SelectorFields.job(fields))
                : new Task.Retry(SelectorFields.run(fields, id));
    }

    private static Task follow(Fields fields) throws BadField {
        @Nullable Long runId = fields.id("run_id");
        if (runId == null) {
            throw new BadField("run_id", "must be given");
        }
        return new Task.Follow(runId, expected(fields));
    }

    private static Set<JobRunStatus.Known> expected(Fields fields) throws BadField {
        Set<JobRunStatus.Known> expected = EnumSet.noneOf(JobRunStatus.Known.class);
        @Nullable List<JsonNode> elements = fields.list("expected_statuses", 1, MOST_STATUSES, "statuses");
        if (elements != null) {
            for (JsonNode element : elements) {
                expected.add(status(element));
            }
        }
        return expected;
    }

    private static JobRunStatus.Known status(JsonNode element) throws BadField {
        for (JobRunStatus.Known status : JobRunStatus.Known.values()) {
            boolean named = element.isTextual() && element.textValue().equals(status.label());
            boolean numbered = element.isInt() && element.intValue() == status.code();
            if (named || numbered) {
                return status;
            }
        }
        throw new BadField(
                "expected_statuses",
                "must hold only words of " + labels() + " or dbt Cloud's numbers " + codes() + "; found "
                        + (element.isTextual() || element.isIntegralNumber()
                                ? Quoted.text(element.asText())
                                : Quoted.kind(element)));
    }

    private static List<String> labels() {
        return Arrays.stream(JobRunStatus.Known.values())
                .map(JobRunStatus.Known::label)
                .toList();
    }

    private static List<Integer> codes() {
        return Arrays.stream(JobRunStatus.Known.values())
                .map(JobRunStatus.Known::code)
                .toList();
    }

    private static Overrides overrides(Fields fields) throws BadField {
        @Nullable List<String> steps = fields.texts("steps_override", 1, 50, 1_000);
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
            throw new BadField("additional_run_config", "must not be larger than 8 KiB; found " + text.length());
        }
        return new Overrides(steps, schema, text, names);
    }
}
