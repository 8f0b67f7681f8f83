package org.dbtrelay.run.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a run that the relay passes on in events. The version of dbt also tells which step to ask for a catalog first; no other
 * decision depends on them. Each is null as long as no answer
 * has told it. dbt Cloud tells the last four only in answers that carry the job, the trigger and the audit of the run.
 *
 * @param gitBranch dbt Cloud sets it when it has checked the project out; likewise the commit
 * @param dbtVersion a version or the name of a release track, see {@link Engine#of}
 * @param blockedBy the runs that it waits for in dbt Cloud's queue, a few at most; empty once it has left the queue
 * @param canRetry whether dbt Cloud would retry it from its point of failure; null unless it has failed
 * @param jobType dbt Cloud's word for the kind of its job: {@code scheduled}, {@code ci}, {@code merge}, {@code other} …
 * @param causeCategory dbt Cloud's word for what started it: {@code api}, {@code scheduled}, {@code ui}, {@code rerun} …
 * @param triggeredBy the name of the person or token that started it
 * @param pullRequestId the pull or merge request that it is for, as a trigger names it, whatever the provider
 */
public record RunDetails(
        @Nullable String gitBranch,
        @Nullable String gitSha,
        @Nullable String dbtVersion,
        List<Long> blockedBy,
        @Nullable Boolean canRetry,
        @Nullable String jobType,
        @Nullable String causeCategory,
        @Nullable String triggeredBy,
        @Nullable Long pullRequestId) {

    /** Nothing is known. */
    public static final RunDetails NONE = new RunDetails(null, null, null, List.of(), null, null, null, null, null);

    public RunDetails {
        blockedBy = List.copyOf(blockedBy);
    }

    /** The same, and where it does not tell something, what an earlier answer told. */
    RunDetails after(RunDetails earlier) {
        return new RunDetails(
                gitBranch == null ? earlier.gitBranch : gitBranch,
                gitSha == null ? earlier.gitSha : gitSha,
                dbtVersion == null ? earlier.dbtVersion : dbtVersion,
                blockedBy,
                canRetry,
                jobType == null ? earlier.jobType : jobType,
                causeCategory == null ? earlier.causeCategory : causeCategory,
                triggeredBy == null ? earlier.triggeredBy : triggeredBy,
                pullRequestId == null ? earlier.pullRequestId : pullRequestId);
    }
}
