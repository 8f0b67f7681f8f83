package org.dbtrelay.dbtcloud.connection;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.budget.Suspension;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.ReadRetries;
import org.dbtrelay.dbtcloud.resources.DbtCloudResources;
import org.dbtrelay.dbtcloud.resources.JobDirectory;
import org.dbtrelay.dbtcloud.resources.JobJson;
import org.dbtrelay.dbtcloud.runs.BatchPoll;
import org.dbtrelay.dbtcloud.runs.CauseSearch;
import org.dbtrelay.dbtcloud.runs.JobRuns;
import org.dbtrelay.dbtcloud.runs.NewestRuns;
import org.dbtrelay.dbtcloud.runs.PollResult;
import org.dbtrelay.dbtcloud.runs.Retries;
import org.dbtrelay.dbtcloud.runs.Retryability;
import org.dbtrelay.dbtcloud.runs.RunActions;
import org.dbtrelay.dbtcloud.runs.RunArtifacts;
import org.dbtrelay.dbtcloud.runs.RunLists;
import org.dbtrelay.dbtcloud.runs.RunQuery;
import org.dbtrelay.dbtcloud.runs.RunWithSteps;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobLookup;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * One connection to dbt Cloud, as plain blocking calls for virtual threads. The calls of this class are the relay's own: each
 * waits for its turn in the account's {@link RequestBudget}, sends its requests once and throws a {@link DbtCloudException}
 * that says what a bad answer means; trying again is the caller's business. What people and programs want beside that (all
 * operations of Airflow's {@code DbtCloudHook}) is behind {@link #resources}, {@link #jobRuns}, {@link #artifacts()} and
 * {@link #testConnection}.
 */
public final class DbtCloudClient {

    private final String name;
    private final URI host;
    private final long defaultAccountId;
    private final ApiCalls exchange;
    private final RunLists lists;
    private final BatchPoll polls;
    private final CauseSearch causes;
    private final JobDirectory directory;
    private final NewestRuns newest;
    private final RunActions actions;
    private final Retries retries;
    private final ReadRetries reads;
    private final RunArtifacts once;
    private final Monotonic monotonic;
    private final ManualSuspension hold;

    DbtCloudClient(String name, URI host, long defaultAccountId, ApiCalls exchange, Clock clock, Monotonic monotonic) {
        this.name = name;
        this.host = host;
        this.defaultAccountId = defaultAccountId;
        this.exchange = exchange;
        this.lists = new RunLists(exchange);
        this.polls = new BatchPoll(lists, clock);
        this.causes = new CauseSearch(lists, monotonic);
        this.directory = new JobDirectory(exchange, clock);
        this.newest = new NewestRuns(lists, clock);
        this.actions = new RunActions(exchange, lists, newest);
        this.retries = new Retries(exchange, lists);
        this.reads = new ReadRetries(monotonic);
        this.once = new RunArtifacts(exchange, ReadRetries.none(monotonic), Priority.ARTIFACT);
        this.hold = new ManualSuspension(clock);
        this.monotonic = monotonic;
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

    /** Accounts, projects, environments and jobs, to read. */
    public DbtCloudResources resources() {
        return new DbtCloudResources(defaultAccountId, exchange, reads, directory);
    }

    /** Runs, to list, to wait for, and to start without the relay's promise. */
    public JobRuns jobRuns() {
        return new JobRuns(this, exchange, reads, monotonic);
    }

    /** The files that runs left. */
    public RunArtifacts artifacts() {
        return new RunArtifacts(exchange, reads, Priority.DOWNLOAD);
    }

    /** Tries the connection with at most four requests, each once, and tells what may be wrong. */
    public ConnectionCheckResult testConnection() {
        return ConnectionCheck.of(this, exchange, directory, monotonic).run();
    }

    /** From now on this instance starts nothing over this connection; looks and cancels go on. Lost at the process' end. */
    public void suspend() {
        hold.begin();
    }

    /** Ends what {@link #suspend()} began; what has waited goes on. */
    public void resume() {
        hold.end();
    }

    /** Since when a person has suspended the connection; empty if nobody has. */
    public Optional<Instant> suspendedSince() {
        return hold.since();
    }

    /** What may be asked of the account. */
    public RequestBudget budget(long accountId) {
        return exchange.budget(accountId);
    }

    /**
     * Asks for a permit, for {@link #trigger}: nothing may wait between the recorded intent and the request. It is given when
     * neither connection nor account is suspended and its budget has a request. Cancelling the future gives up the place in the queue.
     */
    public CompletableFuture<Permit> reserve(long accountId, Priority priority) {
        return hold.whenOver(() -> exchange.suspension(accountId)
                .whenOpen(() -> exchange.budget(accountId).reserve(priority)));
    }

    /** The accounts that are not asked to start runs, because dbt Cloud refuses this connection there. */
    public Map<Long, Suspension.Suspended> suspended() {
        return exchange.suspended();
    }

    /** Lets the account be asked again. */
    public void resume(long accountId) {
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
        return actions.trigger(request, permit, hold.guard(stillAllowed));
    }

    /**
     * Retries a failed run from its point of failure: a new run. All that is said of {@link #trigger} holds. A retry that is
     * not possible is {@link CallFailure.Refused}.
     */
    public RunSnapshot retryRun(
            long accountId, long runId, @Nullable String traceparent, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        return actions.retryRun(accountId, runId, traceparent, permit, hold.guard(stillAllowed));
    }

    /**
     * Reruns a job: its newest run from the point of failure if that failed, else <b>a full new run</b>, as the published
     * specification has it. All that is said of {@link #trigger} holds.
     */
    public RunSnapshot rerunJob(
            long accountId, long jobId, @Nullable String traceparent, Permit permit, BooleanSupplier stillAllowed)
            throws DbtCloudException {
        return actions.rerunJob(accountId, jobId, traceparent, permit, hold.guard(stillAllowed));
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
     * @param aboveRunId the job's highest run id before the intent
     * @return the oldest run above that id that retries the given one
     */
    public Optional<RunSnapshot> findRetry(long accountId, long jobId, long retriedRunId, long aboveRunId)
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
        return actions.cancel(accountId, runId, traceparent);
    }

    /** One look at a run. */
    public RunSnapshot run(long accountId, long runId, Priority priority) throws DbtCloudException {
        return lists.run(accountId, runId, priority, null);
    }

    /** A run with its job, its trigger and its steps; each step's log is cut to its last 4 KiB while it comes in. */
    public RunWithSteps runWithSteps(long accountId, long runId) throws DbtCloudException {
        return lists.withSteps(accountId, runId);
    }

    /**
     * One look at each of the runs, with few requests. Give all ids of the account that are due: the requests are shared.
     *
     * @throws DbtCloudException if no run was answered at all; else a failure stands in the answer
     */
    public PollResult runs(long accountId, Collection<Long> runIds) throws DbtCloudException {
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
        return lists.inFlight(accountId, jobId);
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

    /** Gives the account's runs whose cause begins with a text, newest first, back to a time, some thousands at once. */
    public void runsWithCause(long accountId, String prefix, Instant notCreatedBefore, Consumer<List<RunSnapshot>> some)
            throws DbtCloudException {
        causes.each(accountId, prefix, notCreatedBefore, some);
    }

    /** Reads a job. */
    public JobDetails job(long accountId, long jobId) throws DbtCloudException {
        return job(accountId, jobId, Priority.LOOK_UP);
    }

    /** The same, as urgently as said. */
    public JobDetails job(long accountId, long jobId, Priority priority) throws DbtCloudException {
        return exchange.get(
                accountId,
                priority,
                api -> api.job(accountId, jobId),
                body -> JobJson.of(Envelope.read(body).data()).toDetails(accountId));
    }

    /** Finds a job by its names; what was found is remembered for ten minutes. */
    public JobLookup lookUp(long accountId, JobNames names) throws DbtCloudException {
        return directory.lookUp(accountId, names);
    }

    /** Forgets by which names the job was found: it turned out to be gone. */
    public void forget(long accountId, long jobId) {
        directory.forget(accountId, jobId);
    }

    /** As {@link RunArtifacts#listJobRunArtifacts}, asked for once. */
    public List<String> artifacts(long accountId, long runId) throws DbtCloudException {
        return once.list(accountId, runId);
    }

    /** As {@link RunArtifacts#getJobRunArtifact}, asked for once. */
    public ArtifactBody artifact(long accountId, long runId, String path, @Nullable Integer step)
            throws DbtCloudException {
        return once.open(accountId, runId, path, step);
    }
}
