package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.http.WireFields;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.jspecify.annotations.Nullable;

/**
 * A run as dbt Cloud sends it ({@code RunResponse}), as far as the relay reads it; everything may be null or absent. Its id, its
 * status and its job's id have to be right, because decisions rest on them; any other odd value counts as absent.
 */
public record RunJson(WireFields fields) {

    /** A step in another status has only been if its time of start says so. */
    private static final Set<JobRunStatus> RUNS_OR_RAN =
            Set.of(JobRunStatus.Known.RUNNING, JobRunStatus.Known.SUCCESS, JobRunStatus.Known.ERROR);

    /** The bound of a status message and of names, in characters. */
    static final int LONGEST_MESSAGE = 1_000;

    private static final int LONGEST_COMMAND = 10_000;

    /** The bound of names that are kept with a run in flight, in characters: a branch's can be 250. */
    private static final int LONGEST_NAME = 255;

    /** Of the run's page; a longer address is none. */
    private static final int LONGEST_URL = 2_000;

    /** So many of the runs ahead of it are told: a queue of dbt Cloud's can hold fifty. */
    static final int MOST_AHEAD = 20;

    /** The fields of a trigger that name a pull request, one for each kind of provider. */
    private static final List<String> PULL_REQUESTS = List.of(
            "github_pull_request_id", "gitlab_merge_request_id", "azure_pull_request_id", "non_native_pull_request_id");

    /** No status is a status that this build does not know: the run is polled on. */
    private static final long NO_STATUS = 0;

    /** The cause of a run whose trigger is told and has none. */
    private static final String NO_CAUSE = "";

    /**
     * Of a row, or of the data of an answer.
     *
     * @throws UnreadableAnswer if it is no object
     */
    static RunJson of(JsonNode row) throws UnreadableAnswer {
        if (!row.isObject()) {
            throw new UnreadableAnswer("an answer without data");
        }
        return new RunJson(new WireFields(row, "run"));
    }

    /**
     * The run as the relay knows it.
     *
     * @param askedAccount the account of the request, for answers that name none
     * @param askedJob the job of the request, for answers that name none; null if the request named none
     * @throws UnreadableAnswer if it has no id, its job is unknown or another than was asked for, or one of these or its status is of
     *     another kind
     */
    RunSnapshot toSnapshot(long askedAccount, @Nullable Long askedJob) throws UnreadableAnswer {
        Long id = fields.strict("id");
        if (id == null || id <= 0) {
            throw new UnreadableAnswer("a run without id");
        }
        WireFields job = fields.object("job");
        Long ofJob = firstOf(
                fields.strict("job_definition_id"),
                fields.strict("job_id"),
                job == null ? null : job.strict("id"),
                askedJob);
        if (ofJob == null) {
            throw new UnreadableAnswer("a run without job");
        }
        if (askedJob != null && !askedJob.equals(ofJob)) {
            // Something on the way may answer with what it has kept of another request.
            throw new UnreadableAnswer("a run of another job than the one that was asked for");
        }
        String jobName = job == null ? null : job.text("name");
        JobRunStatus status = status(fields.strict("status"));
        return new RunSnapshot(
                id,
                Objects.requireNonNullElse(fields.number("account_id"), askedAccount),
                fields.number("project_id"),
                fields.number("environment_id"),
                ofJob,
                jobName == null ? null : Redaction.withoutControl(LONGEST_MESSAGE, jobName),
                status,
                Redaction.of(LONGEST_MESSAGE, fields.text("status_message")),
                url(),
                DbtCloudTimes.instant(fields.text("created_at")),
                DbtCloudTimes.instant(fields.text("started_at")),
                DbtCloudTimes.instant(fields.text("finished_at")),
                fields.flag("artifacts_saved"),
                cause(),
                fields.number("retrying_run_id"),
                details(status, job));
    }

    private RunDetails details(JobRunStatus status, @Nullable WireFields job) {
        WireFields trigger = fields.object("trigger");
        return new RunDetails(
                name(fields, "git_branch"),
                name(fields, "git_sha"),
                name(fields, "dbt_version"),
                status == JobRunStatus.Known.QUEUED ? blockedBy() : List.of(),
                status == JobRunStatus.Known.ERROR ? fields.flagOrNull("can_retry") : null,
                job == null ? null : name(job, "job_type"),
                trigger == null ? null : name(trigger, "cause_category"),
                triggeredBy(),
                trigger == null ? null : pullRequest(trigger));
    }

    private List<Long> blockedBy() {
        JsonNode ids = fields.list("blocked_by");
        if (ids == null) {
            return List.of();
        }
        List<Long> ahead = new ArrayList<>();
        for (JsonNode id : ids) {
            if (id.isIntegralNumber() && id.canConvertToLong() && id.longValue() > 0 && ahead.size() < MOST_AHEAD) {
                ahead.add(id.longValue());
            }
        }
        return ahead;
    }

    private @Nullable String url() {
        String href = fields.text("href");
        return href == null || href.length() > LONGEST_URL ? null : Redaction.withoutControl(LONGEST_URL, href);
    }

    /** Whom dbt Cloud's audit names as the one who triggered it: {@code audit.trigger.actor.name}. */
    private @Nullable String triggeredBy() {
        WireFields audit = fields.object("audit");
        WireFields trigger = audit == null ? null : audit.object("trigger");
        WireFields actor = trigger == null ? null : trigger.object("actor");
        return actor == null ? null : name(actor, "name");
    }

    private static @Nullable Long pullRequest(WireFields trigger) {
        for (String field : PULL_REQUESTS) {
            Long id = trigger.number(field);
            if (id != null) {
                return id;
            }
        }
        return null;
    }

    private static @Nullable String name(WireFields of, String field) {
        String text = of.text(field);
        return text == null ? null : Redaction.withoutControl(LONGEST_NAME, text);
    }

    /** Whether it could be retried from its point of failure. */
    boolean canRetry() {
        return fields.flag("can_retry");
    }

    /** Why not. */
    @Nullable
    String retryNotSupportedReason() {
        return fields.text("retry_not_supported_reason");
    }

    /** The steps by index; one without index is left out, as its artifacts could not be asked for. */
    List<RunStep> toSteps() {
        List<RunStep> steps = new ArrayList<>();
        JsonNode rows = fields.list("run_steps");
        for (JsonNode row : rows == null ? List.<JsonNode>of() : rows) {
            WireFields step = new WireFields(row, "run_step");
            Long index = step.number("index");
            if (index != null && index <= Integer.MAX_VALUE) {
                steps.add(toStep(step, index.intValue()));
            }
        }
        steps.sort(Comparator.comparingInt(RunStep::index));
        return List.copyOf(steps);
    }

    private static RunStep toStep(WireFields step, int index) {
        JobRunStatus status = status(step.number("status"));
        WireFields command = step.object("run_step_command");
        String logs = step.text("logs");
        return new RunStep(
                index,
                Objects.requireNonNullElse(Redaction.of(LONGEST_MESSAGE, step.text("name")), ""),
                status,
                step.text("started_at") != null || RUNS_OR_RAN.contains(status),
                command == null ? null : Redaction.of(LONGEST_COMMAND, command.text("dbt_command")),
                logs == null ? "" : Redaction.tail(logs),
                DbtCloudTimes.instant(step.text("started_at")),
                logs == null ? List.of() : StepLog.failedNodes(logs));
    }

    /** Empty if the run's trigger is told and has none; null if its trigger is not told: it may have any cause. */
    private @Nullable String cause() {
        WireFields trigger = fields.object("trigger");
        return trigger == null ? null : Objects.requireNonNullElse(trigger.text("cause"), NO_CAUSE);
    }

    private static JobRunStatus status(@Nullable Long code) {
        long known = code == null ? NO_STATUS : code;
        return JobRunStatus.of(Math.clamp(known, Integer.MIN_VALUE, Integer.MAX_VALUE));
    }

    private static @Nullable Long firstOf(@Nullable Long... candidates) {
        for (Long candidate : candidates) {
            if (candidate != null) {
                return candidate;
            }
        }
        return null;
    }
}
