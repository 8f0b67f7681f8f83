package org.dbtrelay.dbtcloud;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.dbtrelay.dbtcloud.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.RequestBudget.Permit;
import org.dbtrelay.run.CallFailure;
import org.dbtrelay.run.JobDetails;
import org.dbtrelay.run.JobLookup;
import org.dbtrelay.run.JobNames;
import org.dbtrelay.run.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * One connection to dbt Cloud: what the relay asks of it, as plain blocking calls for virtual threads. Each call waits for
 * its turn in the account's {@link RequestBudget}, sends its requests once and throws a {@link DbtCloudException} that says
 * what a bad answer means; trying again is the caller's business.
 */
public final class DbtCloudClient {

    private final String name;
    private final URI host;
    private final long defaultAccountId;
    private final Exchange exchange;
    private final RunLists lists;
    private final BatchPoll polls;
    private final CauseSearch causes;
    private final JobDirectory directory;
    private final NewestRuns newest;
    private final RunStarts starts;
    private final Retries retries;

    DbtCloudClient(String name, URI host, long defaultAccountId, Exchange exchange, Clock clock) {
        this.name = name;
        this.host = host;
        this.defaultAccountId = defaultAccountId;
        this.exchange = exchange;
        this.lists = new RunLists(exchange);
        this.polls = new BatchPoll(lists, clock);
        this.causes = new CauseSearch(lists);
        this.directory = new JobDirectory(exchange, clock);
        this.newest = new NewestRuns(lists, clock);
        this.starts = new RunStarts(exchange, newest);
        this.retries = new Retries(exchange, lists);
    }

    /** The connection's name in the configuration. */
    public String name() {
        return name;
    }

    /** The access URL. */
    public URI host() {
        return host;
    }

    /** The account of commands that name none. */
    public long defaultAccountId() {
        return defaultAccountId;
    }

    /** When the account's shut-out after a 429 ends; empty if there is none. */
    public Optional<Instant> coolingDownUntil(long accountId) {
        return exchange.budget(accountId).coolingDownUntil();
    }

    /**
     * Asks for a permit, for {@link #trigger}: nothing may wait between the recorded intent and the request. It is given when
     * the account is not suspended and its budget has a request. Cancelling the future gives up the place in the queue.
     */
    public CompletableFuture<Permit> reserve(long accountId, Priority priority) {
        return exchange.suspension(accountId)
                .whenOpen(() -> exchange.budget(accountId).reserve(priority));
    }

    /** The accounts that are not asked to start runs, because dbt Cloud refuses this connection there. */
    Map<Long, Suspension.Suspended> suspended() {
        return exchange.suspended();
    }

    /** Lets the account be asked again. */
    void resume(long accountId) {
        exchange.suspension(accountId).resume();
    }

    /**
     * Triggers a job, over a connection of its own and within the connection's {@code read-timeout} as a hard limit, at
     * which the request is torn down.
     *
     * @param permit is closed
     * @param stillAllowed asked when the connection stands and the next thing is the request; false: nothing is sent, the
     *     failure is {@link CallFailure.NotSent}. It is called on an event loop: it must not block
     * @return the new run
     */
    public RunSnapshot trigger(TriggerRequest request, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        return starts.trigger(request, permit, stillAllowed);
    }

    /**
     * Retries a failed run from its point of failure: a new run, with another id. All that is said of {@link #trigger} holds.
     * A retry that is not possible is {@link CallFailure.Refused}; {@link #retryability} tells why.
     */
    public RunSnapshot retryRun(
            long accountId, long runId, @Nullable String traceparent, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        return starts.retryRun(accountId, runId, traceparent, permit, stillAllowed);
    }

    /**
     * Reruns a job: its newest run from the point of failure if that failed, else <b>a full new run</b>, as the published
     * specification has it. All that is said of {@link #trigger} holds.
     */
    public RunSnapshot rerunJob(
            long accountId, long jobId, @Nullable String traceparent, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        return starts.rerunJob(accountId, jobId, traceparent, permit, stillAllowed);
    }

    /** Whether dbt Cloud would retry a run. */
    public Retryability retryability(long accountId, long runId) throws DbtCloudException {
        return retries.of(accountId, runId);
    }

    /** Whether dbt Cloud would retry the job's newest run; empty if it has none. */
    public Optional<Retryability> newestRunRetryability(long accountId, long jobId) throws DbtCloudException {
        return retries.ofNewest(accountId, jobId);
    }

    /**
     * Looks for the run of a retry whose fate is unclear.
     *
     * @param retriedRunId the run that was retried; null: any, after a rerun of the job
     * @param aboveRunId the job's highest run id before the intent
     * @return the oldest run above that id that retries it
     */
    public Optional<RunSnapshot> findRetry(long accountId, long jobId, @Nullable Long retriedRunId, long aboveRunId)
            throws DbtCloudException {
        return retries.find(accountId, jobId, retriedRunId, aboveRunId);
    }

    /**
     * Cancels a run. A running one may still be running in the answer; only a poll tells when it has ended. What dbt Cloud
     * answers for a run that has ended is not documented: if it refuses, the run is read, and if it has ended, that is the
     * answer.
     *
     * @param traceparent of the trace that the request belongs to; a header of the request
     * @throws DbtCloudException the refusal, if the run has not ended
     */
    public RunSnapshot cancel(long accountId, long runId, @Nullable String traceparent) throws DbtCloudException {
        try {
            return exchange.post(
                    accountId,
                    exchange.acquire(accountId, Priority.CANCEL),
                    api -> api.cancel(accountId, runId, traceparent),
                    null,
                    answer -> RunLists.readRun(answer, accountId, null));
        } catch (DbtCloudException e) {
            if (!(e.failure() instanceof CallFailure.Refused refused) || !mayMeanEnded(refused.status())) {
                throw e;
            }
            RunSnapshot run = run(accountId, runId, Priority.CANCEL);
            if (run.status().isTerminal()) {
                return run;
            }
            throw e;
        }
    }

    private static boolean mayMeanEnded(int status) {
        return status >= 400 && status != 403;
    }

    /** One look at a run. */
    public RunSnapshot run(long accountId, long runId, Priority priority) throws DbtCloudException {
        return lists.run(accountId, runId, priority, null);
    }

    /** A run with its job, its trigger and its steps; each step's log is cut to its last 4 KiB while it comes in. */
    public RunWithSteps runWithSteps(long accountId, long runId) throws DbtCloudException {
        return exchange.stream(
                accountId,
                Priority.FINAL_READ,
                api -> api.runStream(accountId, runId, "trigger,job,run_steps"),
                body -> {
                    Envelope envelope = Envelope.read(body == null ? null : new LongStringCut(body));
                    RunJson run = envelope.dataAs(RunJson.class);
                    return new RunWithSteps(run.toSnapshot(accountId, null), run.toSteps());
                });
    }

    /**
     * One look at each of the runs, with few requests. Give all ids of the account that are due: the requests are shared.
     *
     * @throws DbtCloudException if no run was answered at all; else a failure stands in the answer
     */
    public PollAnswer runs(long accountId, Collection<Long> runIds) throws DbtCloudException {
        return polls.runs(accountId, runIds);
    }

    /** Whether a look at some runs reads the list of all runs in flight of the account, because it takes no list of ids. */
    public boolean looksAtWholeList(long accountId) {
        return !polls.takesPkIn(accountId);
    }

    /** Asks an account for its newest run, only to see whether host, token and account are right. */
    public void probe(long accountId) throws DbtCloudException {
        lists.page(accountId, Priority.LOOK_UP, RunQuery.newestOfAccount());
    }

    /** The job's newest run; empty if it has none. */
    public Optional<RunSnapshot> newestRun(long accountId, long jobId) throws DbtCloudException {
        return lists.page(accountId, Priority.LOOK_UP, RunQuery.newestOfJob(jobId, 1)).runs().stream()
                .findFirst();
    }

    /** The highest run id of the job that is known without asking; null if that is nothing, or old. */
    public @Nullable Long knownNewestRunId(long accountId, long jobId) {
        return newest.known(accountId, jobId);
    }

    /** The highest run id of the job, asked for once for all who want to know at the same time; 0 if it has no run. */
    public long newestRunId(long accountId, long jobId) throws DbtCloudException {
        return newest.ask(accountId, jobId);
    }

    /** All runs of the job that are queued, starting or running, oldest first. */
    public List<RunSnapshot> runsInFlight(long accountId, long jobId) throws DbtCloudException {
        List<RunSnapshot> all = new ArrayList<>();
        long cursor = 0;
        boolean more = true;
        while (more) {
            RunLists.Page page = lists.page(accountId, Priority.LOOK_UP, RunQuery.inFlightOfJob(jobId, cursor));
            all.addAll(page.runs());
            more = !page.runs().isEmpty() && !page.isLast(0);
            cursor = all.isEmpty() ? cursor : all.getLast().runId();
        }
        return all;
    }

    /**
     * Looks for the run of a trigger whose fate is unclear.
     *
     * @param marker what the cause of the run holds
     * @param aboveRunId the job's highest run id before the intent, where known
     * @param notCreatedBefore a run that was created earlier and is not above that id need not be looked at
     * @return the oldest match; empty only if no run within the bounds can be it
     */
    public Optional<RunSnapshot> findByCause(
            long accountId, long jobId, String marker, @Nullable Long aboveRunId, Instant notCreatedBefore)
            throws DbtCloudException {
        return causes.find(accountId, jobId, marker, aboveRunId, notCreatedBefore);
    }

    /** The account's runs whose cause begins with a text, back to a time. Runs whose cause is not told are left out. */
    public List<RunSnapshot> runsWithCause(long accountId, String prefix, Instant notCreatedBefore)
            throws DbtCloudException {
        return causes.all(accountId, prefix, notCreatedBefore);
    }

    /** Reads a job. */
    public JobDetails job(long accountId, long jobId) throws DbtCloudException {
        return exchange.get(
                accountId,
                Priority.LOOK_UP,
                api -> api.job(accountId, jobId),
                body -> Envelope.read(body).dataAs(JobJson.class).toDetails(accountId));
    }

    /** Finds a job by its names; what was found is remembered for ten minutes. */
    public JobLookup lookUp(long accountId, JobNames names) throws DbtCloudException {
        return directory.lookUp(accountId, names);
    }

    /** Forgets what was found for the names: the job behind them turned out to be gone. */
    public void forget(long accountId, JobNames names) {
        directory.forget(accountId, names);
    }

    /** The paths of a run's artifacts, relative to {@code target/}; empty if the run left none. */
    public List<String> artifacts(long accountId, long runId) throws DbtCloudException {
        return exchange.get(accountId, Priority.ARTIFACT, api -> api.artifacts(accountId, runId), body -> {
            JsonNode data = Envelope.read(body).data();
            if (!data.isArray() && !data.isNull()) {
                throw new UnreadableAnswer("a list without rows");
            }
            List<String> paths = new ArrayList<>();
            data.forEach(path -> paths.add(path.asText()));
            return List.copyOf(paths);
        });
    }

    /**
     * Opens an artifact; close it.
     *
     * @param path relative to {@code target/}, unencoded, without {@code .} and {@code ..}
     * @param step the index of the step whose artifact is meant; null for the last one's
     */
    public ArtifactBody artifact(long accountId, long runId, String path, @Nullable Integer step)
            throws DbtCloudException {
        String encoded = ArtifactPath.encode(path);
        return exchange.open(accountId, Priority.ARTIFACT, api -> api.artifact(accountId, runId, encoded, step));
    }
}
