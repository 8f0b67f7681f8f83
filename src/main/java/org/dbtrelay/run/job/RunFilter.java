package org.dbtrelay.run.job;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The runs of an account that are wanted. Each part that is null lets every run through. A run of which an answer does not tell what a
 * part asks for is let through: one too many is better than one too few.
 *
 * @param jobTypes dbt Cloud's words, as in {@link RunDetails#jobType}
 * @param jobName a pattern for the name of the job: {@code *} stands for any text, {@code ?} for one character
 */
public record RunFilter(
        @Nullable Set<Long> jobs,
        @Nullable Set<Long> projects,
        @Nullable Set<Long> environments,
        @Nullable Set<String> jobTypes,
        @Nullable String jobName) {

    /** Every run. */
    public static final RunFilter ALL = new RunFilter(null, null, null, null, null);

    public RunFilter {
        jobs = jobs == null ? null : Set.copyOf(jobs);
        projects = projects == null ? null : Set.copyOf(projects);
        environments = environments == null ? null : Set.copyOf(environments);
        jobTypes = jobTypes == null ? null : Set.copyOf(jobTypes);
    }

    /** Whether a run is wanted. */
    public boolean takes(RunSnapshot run) {
        return has(jobs, run.jobId())
                && has(projects, run.projectId())
                && has(environments, run.environmentId())
                && has(jobTypes, run.details().jobType())
                && (jobName == null || run.jobName() == null || isLike(run.jobName(), jobName));
    }

    private static <T> boolean has(@Nullable Set<T> wanted, @Nullable T value) {
        return wanted == null || value == null || wanted.contains(value);
    }

    /** Without regular expressions: the pattern is the operator's, the name is anybody's, and none may take for ever. */
    static boolean isLike(String name, String pattern) {
        int at = 0;
        int in = 0;
        int star = -1;
        int resume = 0;
        while (at < name.length()) {
            if (in < pattern.length() && pattern.charAt(in) == '*') {
                star = in++;
                resume = at;
            } else if (in < pattern.length() && (pattern.charAt(in) == '?' || pattern.charAt(in) == name.charAt(at))) {
                in++;
                at++;
            } else if (star >= 0) {
                in = star + 1;
                at = ++resume;
            } else {
                return false;
            }
        }
        while (in < pattern.length() && pattern.charAt(in) == '*') {
            in++;
        }
        return in == pattern.length();
    }
}
