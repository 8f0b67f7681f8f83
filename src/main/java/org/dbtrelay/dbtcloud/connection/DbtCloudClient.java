package org.dbtrelay.dbtcloud.connection;

import java.net.URI;
import java.time.Clock;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.ManualSuspension;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.ReadRetries;
import org.dbtrelay.dbtcloud.resources.DbtCloudResources;
import org.dbtrelay.dbtcloud.resources.JobDirectory;
import org.dbtrelay.dbtcloud.resources.ResourceNames;
import org.dbtrelay.dbtcloud.runs.AccountRuns;
import org.dbtrelay.dbtcloud.runs.BatchPoll;
import org.dbtrelay.dbtcloud.runs.CauseSearch;
import org.dbtrelay.dbtcloud.runs.JobRuns;
import org.dbtrelay.dbtcloud.runs.NewestRuns;
import org.dbtrelay.dbtcloud.runs.Retries;
import org.dbtrelay.dbtcloud.runs.RunArtifacts;
import org.dbtrelay.dbtcloud.runs.RunCalls;
import org.dbtrelay.dbtcloud.runs.RunStarts;
import org.dbtrelay.dbtcloud.webhook.SecretSeal;
import org.dbtrelay.dbtcloud.webhook.WebhookSubscriptions;

/**
 * One connection to dbt Cloud, as roles with plain blocking calls for virtual threads.
 *
 * <p>The relay itself uses {@link #starts}, {@link #runs}, {@link #polls}, {@link #accountRuns}, {@link #searches}, {@link #retries}, {@link #jobs},
 * {@link #names} and {@link #artifactsOnce}. Each of their calls waits for a permit of the account's {@link RequestBudget}, sends its requests once
 * and throws a {@link DbtCloudException} that says what a bad answer means; the caller decides whether to try again.
 *
 * <p>People and programs use {@link #resources}, {@link #jobRuns}, {@link #artifacts} and {@link #testConnection}: all operations
 * of Airflow's {@code DbtCloudHook}. Reads among them are repeated for a while.
 */
public final class DbtCloudClient {

    private final String name;
    private final URI host;
    private final long defaultAccountId;
    private final ApiCalls calls;
    private final Monotonic monotonic;
    private final ManualSuspension manualSuspension;
    private final RunCalls runs;
    private final BatchPoll polls;
    private final AccountRuns accountRuns;
    private final CauseSearch searches;
    private final JobDirectory jobs;
    private final ResourceNames names;
    private final RunStarts starts;
    private final Retries retries;
    private final ReadRetries reads;
    private final WebhookSubscriptions webhooks;
    private final SecretSeal seal;
    private final boolean managesWebhooks;
    private final Doubts doubts = new Doubts();

    DbtCloudClient(
            String name,
            URI host,
            long defaultAccountId,
            ApiCalls calls,
            SecretSeal seal,
            boolean managesWebhooks,
            boolean tellsLineage,
            Clock clock,
            Monotonic monotonic) {
        this.name = name;
        this.host = host;
        this.defaultAccountId = defaultAccountId;
        this.calls = calls;
        this.monotonic = monotonic;
        this.manualSuspension = new ManualSuspension();
        this.runs = new RunCalls(calls);
        this.polls = new BatchPoll(runs, clock);
        this.accountRuns = new AccountRuns(runs, clock);
        this.searches = new CauseSearch(runs, monotonic);
        this.jobs = new JobDirectory(calls, clock, monotonic);
        this.names = new ResourceNames(calls, tellsLineage, clock, monotonic);
        this.starts = new RunStarts(calls, new NewestRuns(runs, clock), manualSuspension);
        this.retries = new Retries(calls, runs);
        this.reads = new ReadRetries(monotonic);
        this.webhooks = new WebhookSubscriptions(calls);
        this.seal = seal;
        this.managesWebhooks = managesWebhooks;
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

    /** Starts runs, on a permit that was reserved before. */
    public RunStarts starts() {
        return starts;
    }

    /** Reads single runs, lists the runs in flight of a job, and cancels. */
    public RunCalls runs() {
        return runs;
    }

    /** Reads many runs with few requests. */
    public BatchPoll polls() {
        return polls;
    }

    /** Lists the runs of an account that is observed. */
    public AccountRuns accountRuns() {
        return accountRuns;
    }

    /** Searches runs by the marker in their cause. */
    public CauseSearch searches() {
        return searches;
    }

    /** Tells whether runs can be retried, and searches the run of an unclear retry. */
    public Retries retries() {
        return retries;
    }

    /** Reads jobs, and finds them by their names. */
    public JobDirectory jobs() {
        return jobs;
    }

    /** The names of projects and environments, as far as they are known. */
    public ResourceNames names() {
        return names;
    }

    /** The files that runs left, for the relay: each read is made once. */
    public RunArtifacts artifactsOnce() {
        return new RunArtifacts(calls, ReadRetries.none(monotonic), Priority.ARTIFACT);
    }

    /** The webhook subscriptions of an account. */
    public WebhookSubscriptions webhookSubscriptions() {
        return webhooks;
    }

    /** Seals the secret of a webhook subscription, for the other instances. */
    public SecretSeal seal() {
        return seal;
    }

    /** Whether the relay looks after the account's webhook subscription. */
    public boolean managesWebhooks() {
        return managesWebhooks;
    }

    /** The parts of the connection's configuration that dbt Cloud does not bear out. */
    public Doubts doubts() {
        return doubts;
    }

    /** Accounts, projects, environments and jobs, to read. */
    public DbtCloudResources resources() {
        return resources(reads);
    }

    /** Runs, to list, to wait for, and to start without the relay's promise. */
    public JobRuns jobRuns() {
        return jobRuns(reads);
    }

    /** The files that runs left. */
    public RunArtifacts artifacts() {
        return new RunArtifacts(calls, reads, Priority.DOWNLOAD);
    }

    /** Tries the connection with at most four requests, each once, and tells what may be wrong. */
    public ConnectionCheckResult testConnection() {
        ReadRetries once = ReadRetries.none(monotonic);
        return new ConnectionCheck(resources(once), jobRuns(once), defaultAccountId).run();
    }

    /** The kill switch of a person, as it stands on this instance. */
    public ManualSuspension manualSuspension() {
        return manualSuspension;
    }

    /** The budgets of accounts, and their suspensions by dbt Cloud's answers. */
    public ApiCalls calls() {
        return calls;
    }

    private DbtCloudResources resources(ReadRetries repeated) {
        return new DbtCloudResources(defaultAccountId, calls, repeated, jobs);
    }

    private JobRuns jobRuns(ReadRetries repeated) {
        return new JobRuns(calls, runs, starts, retries, repeated, monotonic);
    }
}
