package org.dbtrelay.dbtcloud;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.dbtrelay.dbtcloud.Envelope.UnreadableAnswer;
import org.dbtrelay.run.JobRunStatus;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.RunStep;
import org.jspecify.annotations.Nullable;

/** A run as dbt Cloud sends it ({@code RunResponse}): as far as the relay reads it; everything may be null or absent. */
record RunJson(
        @Nullable Long id,
        @JsonProperty("account_id") @Nullable Long accountId,
        @JsonProperty("project_id") @Nullable Long projectId,
        @JsonProperty("environment_id") @Nullable Long environmentId,
        @JsonProperty("job_definition_id") @Nullable Long jobDefinitionId,
        @JsonProperty("job_id") @Nullable Long jobId,
        @Nullable Integer status,
        @JsonProperty("status_message") @Nullable String statusMessage,
        @Nullable String href,
        @JsonProperty("created_at") @Nullable String createdAt,
        @JsonProperty("dequeued_at") @Nullable String dequeuedAt,
        @JsonProperty("started_at") @Nullable String startedAt,
        @JsonProperty("finished_at") @Nullable String finishedAt,
        @JsonProperty("artifacts_saved") @Nullable Boolean artifactsSaved,
        @Nullable Trigger trigger,
        @Nullable Job job,
        @JsonProperty("retrying_run_id") @Nullable Long retryingRunId,
        @JsonProperty("can_retry") @Nullable Boolean canRetry,

        @JsonProperty("retry_not_supported_reason") @Nullable
        String retryNotSupportedReason,

        @JsonProperty("run_steps") @Nullable List<@Nullable Step> runSteps) {

    /** Present if it was asked for, and in the answer to a trigger. */
    record Trigger(@Nullable String cause) {}

    /** Null now and then even if it was asked for. */
    record Job(@Nullable Long id, @Nullable String name) {}

    /** A step of a run ({@code RunStepResponse}). */
    record Step(
            @Nullable Integer index,
            @Nullable Integer status,
            @Nullable String name,
            @Nullable String logs,
            @JsonProperty("started_at") @Nullable String startedAt,
            @JsonProperty("run_step_command") @Nullable Command command) {

        /** What dbt was called with. */
        record Command(
                @JsonProperty("dbt_command") @Nullable String dbtCommand) {}
    }

    /** A step in another status has only been if its time of start says so. */
    private static final Set<JobRunStatus> RUNS_OR_RAN =
            Set.of(JobRunStatus.Known.RUNNING, JobRunStatus.Known.SUCCESS, JobRunStatus.Known.ERROR);

    /** No status is a status that this build does not know: the run is polled on. */
    private static final int NO_STATUS = 0;

    /**
     * The run as the relay knows it.
     *
     * @param askedAccount the account of the request, for answers that name none
     * @param askedJob the job of the request, for answers that name none; null if the request named none
     * @throws UnreadableAnswer if it has no id, or its job is unknown
     */
    RunSnapshot toSnapshot(long askedAccount, @Nullable Long askedJob) throws UnreadableAnswer {
        if (id == null) {
            throw new UnreadableAnswer("a run without id");
        }
        Long ofJob = firstOf(jobDefinitionId, jobId, job == null ? null : job.id(), askedJob);
        if (ofJob == null) {
            throw new UnreadableAnswer("a run without job");
        }
        return new RunSnapshot(
                id,
                Objects.requireNonNullElse(accountId, askedAccount),
                projectId,
                environmentId,
                ofJob,
                job == null ? null : job.name(),
                JobRunStatus.of(Objects.requireNonNullElse(status, NO_STATUS)),
                Redaction.of(statusMessage),
                href,
                DbtCloudTimes.instant(createdAt),
                DbtCloudTimes.instant(dequeuedAt),
                DbtCloudTimes.instant(startedAt),
                DbtCloudTimes.instant(finishedAt),
                Boolean.TRUE.equals(artifactsSaved),
                trigger == null ? null : trigger.cause(),
                retryingRunId);
    }

    /** The steps by index; one without index is left out, as its artifacts could not be asked for. */
    List<RunStep> toSteps() {
        if (runSteps == null) {
            return List.of();
        }
        return runSteps.stream()
                .filter(Objects::nonNull)
                .filter(step -> step.index() != null)
                .map(RunJson::toStep)
                .sorted(Comparator.comparingInt(RunStep::index))
                .toList();
    }

    private static RunStep toStep(Step step) {
        JobRunStatus status = JobRunStatus.of(Objects.requireNonNullElse(step.status(), NO_STATUS));
        return new RunStep(
                Objects.requireNonNull(step.index()),
                Objects.requireNonNullElse(Redaction.of(step.name()), ""),
                status,
                step.startedAt() != null || RUNS_OR_RAN.contains(status),
                step.command() == null ? null : Redaction.of(step.command().dbtCommand()),
                step.logs() == null ? "" : LongStringCut.lastLines(Redaction.blotOut(step.logs())));
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
