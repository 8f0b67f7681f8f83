package org.dbtrelay.dbtcloud.runs;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.ReadRetries;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.dbtrelay.dbtcloud.paging.Listing.Shape;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Truncate;
import org.jspecify.annotations.Nullable;

/**
 * Runs on behalf of a person or a program, without the relay's promise: nothing is recorded, so <b>who starts a run here has to
 * look after an unclear answer himself</b> ({@link CallFailure.Unclear}: there may be a run). Commands do that by themselves.
 * Reads are repeated for a while where it is worth it ({@link ReadRetries}); what starts or cancels a run is sent once.
 */
public final class JobRuns {

    private static final int LONGEST_CAUSE = 255;

    private final ApiCalls calls;
    private final RunCalls runs;
    private final RunStarts starts;
    private final Retries retryable;
    private final ReadRetries retries;
    private final Monotonic monotonic;

    /** {@code retries}: how often a read is repeated. */
    public JobRuns(
            ApiCalls calls,
            RunCalls runs,
            RunStarts starts,
            Retries retryable,
            ReadRetries retries,
            Monotonic monotonic) {
        this.calls = calls;
        this.runs = runs;
        this.starts = starts;
        this.retryable = retryable;
        this.retries = retries;
        this.monotonic = monotonic;
    }

    /**
     * Triggers a job. The cause is cut to the 255 characters that dbt Cloud takes.
     *
     * @param retryFromFailure resume the job's newest run if that failed and can be retried; else trigger as usual. A retry
     *     takes neither overrides nor a cause: with overrides it is refused, not made without them
     */
    public RunSnapshot triggerJobRun(TriggerRequest request, boolean retryFromFailure) throws DbtCloudException {
        if (retryFromFailure) {
            Optional<Retryability> newest = retries.get(() -> retryable.ofNewest(request.accountId(), request.jobId()));
            if (newest.isPresent() && isFailedAndRetryable(newest.get())) {
                refuseOverrides(request);
                return retryRun(request.accountId(), newest.get().run().runId());
            }
        }
        TriggerRequest cut = new TriggerRequest(
                request.accountId(),
                request.jobId(),
                Truncate.to(LONGEST_CAUSE, request.cause()),
                request.stepsOverride(),
                request.schemaOverride(),
                request.additionalRunConfigJson(),
                request.traceparent());
        return starts.trigger(cut, calls.acquire(request.accountId(), Priority.TRIGGER), () -> true);
    }

    private static boolean isFailedAndRetryable(Retryability newest) {
        return newest.canRetry() && newest.run().status() == JobRunStatus.Known.ERROR;
    }

    private static void refuseOverrides(TriggerRequest request) throws DbtCloudException {
        String overriding = request.stepsOverride() != null
                ? "steps_override"
                : request.schemaOverride() != null
                        ? "schema_override"
                        : request.additionalRunConfigJson() != null ? "additional_run_config" : null;
        if (overriding != null) {
            throw new DbtCloudException(new CallFailure.Refused(
                    "The job's newest run would be retried from its failure, and a retry cannot take " + overriding
                            + ".",
                    400,
                    overriding));
        }
    }

    /** Retries a failed run from its point of failure. */
    public RunSnapshot retryRun(long accountId, long runId) throws DbtCloudException {
        return starts.retryRun(accountId, runId, null, calls.acquire(accountId, Priority.TRIGGER), () -> true);
    }

    /** Reruns a job: from the point of failure if its newest run failed, else <b>a full new run</b>. */
    public RunSnapshot retryFailedJobRun(long accountId, long jobId) throws DbtCloudException {
        return starts.rerunJob(accountId, jobId, null, calls.acquire(accountId, Priority.TRIGGER), () -> true);
    }

    /** Cancels a run; harmless if it has ended. */
    public RunSnapshot cancelJobRun(long accountId, long runId) throws DbtCloudException {
        return runs.cancel(accountId, runId, null);
    }

    /** Runs of an account. */
    public Listing<JobRun> listJobRuns(long accountId, JobRunFilter filter) {
        return new Listing<>(
                asked -> retries.get(() -> calls.stream(
                        accountId,
                        Priority.READ,
                        api -> api.runs(accountId, asked),
                        body -> Envelope.read(body).asList())),
                new Shape<>(row -> JobRun.of(row, accountId), JobRun::id, "id__gt"),
                filter.parameters());
    }

    /**
     * One run.
     *
     * @param include what more to tell: {@code trigger}, {@code job}, {@code environment}, {@code repository}, {@code
     *     run_steps}, {@code run_retries}, {@code audit}, {@code debug_logs} …; logs make megabytes, and an answer of more than
     *     16 MiB is refused
     */
    public JobRun getJobRun(long accountId, long runId, Collection<String> include) throws DbtCloudException {
        String related = include.isEmpty() ? null : String.join(",", include);
        return retries.get(() ->
                calls.stream(accountId, Priority.READ, api -> api.run(accountId, runId, related), body -> {
                    JobRun run = JobRun.of(Envelope.read(body).object(), accountId);
                    Envelope.mustBe(runId, run.id(), "run");
                    return run;
                }));
    }

    /** The status of a run. */
    public JobRunStatus getJobRunStatus(long accountId, long runId) throws DbtCloudException {
        return getJobRun(accountId, runId, List.of()).status();
    }

    /** The step with which a retry of the run would begin; dbt Cloud answers 404 for runs that did not fail, and for old ones. */
    public RetryDetails retryDetails(long accountId, long runId) throws DbtCloudException {
        return retries.get(() ->
                calls.get(accountId, Priority.READ, api -> api.retryDetails(accountId, runId), body -> {
                    JsonNode data = Envelope.read(body).object();
                    List<String> skipped = new ArrayList<>();
                    data.path("skipped_steps").forEach(step -> skipped.add(step.asText()));
                    return new RetryDetails(data.path("failed_step").asText(""), skipped);
                }));
    }

    /**
     * Waits until a run has one of the expected statuses, or has ended. There is a last poll when the time is over. It can be
     * interrupted. By Kafka this is {@code follow}.
     *
     * @param checkInterval between two polls
     * @return the run as it was when it had one of the statuses
     * @throws DbtCloudJobRunException if it ended otherwise, or the time was over
     */
    public RunSnapshot waitForJobRunStatus(
            JobRunRef run, Collection<? extends JobRunStatus> expected, Duration checkInterval, Duration timeout)
            throws DbtCloudException, DbtCloudJobRunException, InterruptedException {
        long begun = monotonic.nanos();
        while (true) {
            RunSnapshot seen =
                    getJobRun(run.accountId(), run.runId(), List.of()).snapshot();
            if (expected.contains(seen.status())) {
                return seen;
            }
            if (seen.status().isTerminal()) {
                throw endedOtherwise(seen, expected);
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            Duration left = timeout.minusNanos(monotonic.nanos() - begun);
            if (!left.isPositive()) {
                throw new DbtCloudJobRunException(
                        "Run " + run.runId() + " of account " + run.accountId() + " is "
                                + seen.status().label() + " after " + timeout + ", and not " + labels(expected)
                                + url(seen) + ".",
                        seen,
                        true,
                        null);
            }
            monotonic.pause(left.compareTo(checkInterval) < 0 ? left : checkInterval);
        }
    }

    private DbtCloudJobRunException endedOtherwise(RunSnapshot seen, Collection<? extends JobRunStatus> expected) {
        String step = failedStep(seen);
        return new DbtCloudJobRunException(
                "Run " + seen.runId() + " of account " + seen.accountId() + " ended as "
                        + seen.status().label() + ", and not as " + labels(expected)
                        + (step == null ? "" : "; step '" + step + "' failed")
                        + (seen.statusMessage() == null ? "" : "; dbt Cloud says: " + seen.statusMessage()) + url(seen)
                        + ".",
                seen,
                false,
                step);
    }

    private @Nullable String failedStep(RunSnapshot seen) {
        try {
            return runs.withSteps(seen.accountId(), seen.runId()).steps().stream()
                    .filter(step -> step.status() == JobRunStatus.Known.ERROR)
                    .map(step -> step.name())
                    .findFirst()
                    .orElse(null);
        } catch (DbtCloudException e) {
            // Only for the message, which tells enough without it.
            return null;
        }
    }

    private static String labels(Collection<? extends JobRunStatus> statuses) {
        return String.join(" or ", statuses.stream().map(JobRunStatus::label).toList());
    }

    private static String url(RunSnapshot run) {
        return run.url() == null ? "" : "; " + run.url();
    }
}
