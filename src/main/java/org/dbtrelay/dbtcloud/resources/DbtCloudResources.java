package org.dbtrelay.dbtcloud.resources;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCall;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.ReadRetries;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.dbtrelay.dbtcloud.paging.Listing.RowReader;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobNames;
import org.jspecify.annotations.Nullable;

/**
 * Reads accounts, projects, environments and jobs. A read that may succeed the next time is repeated for a while ({@link
 * ReadRetries}).
 * Not found may always mean "not allowed": dbt Cloud does not tell the two apart.
 */
public final class DbtCloudResources {

    private final long defaultAccountId;
    private final ApiCalls calls;
    private final ReadRetries retries;
    private final JobDirectory directory;
    private final ResourceLists lists;

    /** The resources that a connection can read. */
    public DbtCloudResources(long defaultAccountId, ApiCalls calls, ReadRetries retries, JobDirectory directory) {
        this.defaultAccountId = defaultAccountId;
        this.calls = calls;
        this.retries = retries;
        this.directory = directory;
        this.lists = new ResourceLists(calls, retries, Priority.READ);
    }

    /** The accounts that the token can see; dbt Cloud does not page them. Costs a request of the connection's own account. */
    public List<Account> listAccounts() throws DbtCloudException {
        return retries.get(() -> calls.get(defaultAccountId, Priority.READ, DbtCloudApi::listAccounts, body -> {
            List<Account> accounts = new ArrayList<>();
            for (JsonNode row : Envelope.read(body).rows()) {
                accounts.add(Account.of(new Envelope(row, null).object()));
            }
            return List.copyOf(accounts);
        }));
    }

    /** One account. */
    public Account getAccount(long accountId) throws DbtCloudException {
        return get(accountId, api -> api.account(accountId), Account::of, Account::id, accountId, "account");
    }

    /** The projects of an account; {@code nameContains}: a part of the name in any case, null: all. */
    public Listing<Project> listProjects(long accountId, @Nullable String nameContains) {
        return listProjects(accountId, ResourceLists.named(nameContains));
    }

    /** The projects of an account, with any filters of dbt Cloud's. */
    public Listing<Project> listProjects(long accountId, Map<String, String> filters) {
        return lists.projects(accountId, filters);
    }

    /** One project. */
    public Project getProject(long accountId, long projectId) throws DbtCloudException {
        return get(accountId, api -> api.project(accountId, projectId), Project::of, Project::id, projectId, "project");
    }

    /** The environments of a project; {@code nameContains}: a part of the name in any case, null: all. */
    public Listing<Environment> listEnvironments(long accountId, long projectId, @Nullable String nameContains) {
        return listEnvironments(accountId, projectId, ResourceLists.named(nameContains));
    }

    /** The environments of a project, with any filters of dbt Cloud's. */
    public Listing<Environment> listEnvironments(long accountId, long projectId, Map<String, String> filters) {
        return lists.environments(accountId, projectId, filters);
    }

    /** One environment. */
    public Environment getEnvironment(long accountId, long projectId, long environmentId) throws DbtCloudException {
        return get(
                accountId,
                api -> api.environment(accountId, projectId, environmentId),
                Environment::of,
                Environment::id,
                environmentId,
                "environment");
    }

    /** The jobs of an account. */
    public Listing<Job> listJobs(long accountId, JobFilter filter) {
        return lists.jobs(accountId, filter);
    }

    /** One job. */
    public Job getJob(long accountId, long jobId) throws DbtCloudException {
        return get(accountId, api -> api.job(accountId, jobId), row -> Job.of(row, accountId), Job::id, jobId, "job");
    }

    /**
     * The one job with exactly these names. A match is remembered for ten minutes, a miss for half a minute: the first look-up
     * costs three requests, the next ones none.
     *
     * @throws DbtCloudResourceLookupException if not exactly one project, environment or job has its name
     */
    public JobDetails getJobByName(long accountId, JobNames names)
            throws DbtCloudException, DbtCloudResourceLookupException {
        JobDirectory.Result result = retries.get(() -> directory.find(accountId, names));
        return switch (result) {
            case JobDirectory.Match(JobDetails job) -> job;
            case JobDirectory.Miss miss ->
                throw new DbtCloudResourceLookupException(
                        miss.message(), miss.resource(), miss.matches(), miss.nearNames());
        };
    }

    /** Forgets what was found for the names, for example after a trigger was answered that the job is gone. */
    public void forgetJobByName(long accountId, JobNames names) {
        directory.forget(accountId, names);
    }

    private <T> T get(long accountId, ApiCall call, RowReader<T> reader, ToLongFunction<T> id, long asked, String kind)
            throws DbtCloudException {
        return retries.get(() -> calls.get(accountId, Priority.READ, call, body -> {
            T row = reader.read(Envelope.read(body).object());
            Envelope.mustBe(asked, id.applyAsLong(row), kind);
            return row;
        }));
    }
}
