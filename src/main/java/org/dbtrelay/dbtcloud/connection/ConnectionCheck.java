package org.dbtrelay.dbtcloud.connection;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.ConnectionCheckResult.Suspect;
import org.dbtrelay.dbtcloud.http.FailureMapper;
import org.dbtrelay.dbtcloud.paging.Listing.Page;
import org.dbtrelay.dbtcloud.resources.Account;
import org.dbtrelay.dbtcloud.resources.DbtCloudResources;
import org.dbtrelay.dbtcloud.resources.Job;
import org.dbtrelay.dbtcloud.resources.JobFilter;
import org.dbtrelay.dbtcloud.runs.JobRunFilter;
import org.dbtrelay.dbtcloud.runs.JobRuns;
import org.dbtrelay.run.job.CallFailure;

/**
 * Tries a connection from the outside in: the host, the token, the account, then what the token may read. dbt Cloud answers 401
 * to a good token at the wrong host, 403 to a wrong account and to an address that is not let in, 404 to what the token may
 * not see.
 */
public final class ConnectionCheck {

    private static final int PROXY_WANTS_PASSWORD = 407;
    private static final Pattern OF_ADDRESS =
            Pattern.compile("account_access_denied|\\b(ip|ips|address)\\b", Pattern.CASE_INSENSITIVE);

    private final DbtCloudResources resources;
    private final JobRuns runs;
    private final long accountId;

    /** {@code resources} and {@code runs} read once: the person who tests wants the state of this moment. */
    ConnectionCheck(DbtCloudResources resources, JobRuns runs, long accountId) {
        this.resources = resources;
        this.runs = runs;
        this.accountId = accountId;
    }

    ConnectionCheckResult run() {
        try {
            List<Account> accounts = resources.listAccounts();
            if (accounts.stream().noneMatch(account -> account.id() == accountId)) {
                return new ConnectionCheckResult(
                        false,
                        Set.of(Suspect.ACCOUNT),
                        "The token is good, but not for account " + accountId + "; it is for " + names(accounts) + ".");
            }
            Account account = resources.getAccount(accountId);
            Page<Job> jobs = resources.listJobs(accountId, JobFilter.all()).page(null, 1);
            runs.listJobRuns(accountId, JobRunFilter.all().orderBy("-id")).page(null, 1);
            return new ConnectionCheckResult(
                    true,
                    Set.of(),
                    "Account " + accountId + " ('" + account.name() + "') answers, and its jobs and runs can be read"
                            + (jobs.rows().isEmpty() ? "; there is no job that the token sees." : "."));
        } catch (DbtCloudException e) {
            return new ConnectionCheckResult(
                    false, suspects(e.failure()), e.failure().detail());
        }
    }

    private static String names(List<Account> accounts) {
        return accounts.isEmpty()
                ? "none"
                : accounts.stream()
                        .map(account -> account.id() + " ('" + account.name() + "')")
                        .collect(Collectors.joining(", "));
    }

    /** The parts of the connection that may be wrong after a failure. */
    public static Set<Suspect> suspects(CallFailure failure) {
        return switch (failure) {
            case CallFailure.NotSent _ -> Set.of(Suspect.HOST);
            case CallFailure.Limited _ -> Set.of(Suspect.LIMIT);
            case CallFailure.Suspended(String detail, int status) -> ofSuspended(detail, status);
            case CallFailure.NotFound _ -> Set.of(Suspect.PERMISSION);
            case CallFailure.Refused refused when refused.status() < 400 -> Set.of(Suspect.HOST);
            case CallFailure.Refused refused when refused.status() == 403 -> Set.of(Suspect.PERMISSION);
            case CallFailure.Refused _ -> Set.of(Suspect.HOST, Suspect.DBT_CLOUD);
            // A page in place of JSON comes from a host that is not the API.
            case CallFailure.Unclear unclear ->
                unclear.detail().contains("answered 2") ? Set.of(Suspect.HOST) : Set.of(Suspect.DBT_CLOUD);
        };
    }

    private static Set<Suspect> ofSuspended(String detail, int status) {
        return switch (status) {
            case 0 -> Set.of(Suspect.TOKEN);
            case 401 ->
                detail.endsWith(FailureMapper.PLAN) ? Set.of(Suspect.ACCOUNT) : Set.of(Suspect.TOKEN, Suspect.HOST);
            case PROXY_WANTS_PASSWORD -> Set.of(Suspect.PROXY);
            default -> OF_ADDRESS.matcher(detail).find() ? Set.of(Suspect.ADDRESS) : Set.of(Suspect.ACCOUNT);
        };
    }
}
