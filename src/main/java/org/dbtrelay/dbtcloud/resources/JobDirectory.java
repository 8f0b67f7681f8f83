package org.dbtrelay.dbtcloud.resources;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.Spelling;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.ReadRetries;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobLookup;
import org.dbtrelay.run.job.JobNames;
import org.jspecify.annotations.Nullable;

/**
 * Finds a job by the exact names of its project, environment and itself. dbt Cloud filters by a part of the name in any
 * case ({@code name__icontains}); the relay compares the names exactly, and similar names make the message. A match
 * is remembered for ten minutes, a miss for half a minute, so that a stream of commands costs one look-up.
 */
public final class JobDirectory {

    static final Duration MATCH_LASTS = Duration.ofMinutes(10);
    static final Duration MISS_LASTS = Duration.ofSeconds(30);

    private static final int REMEMBERED = 10_000;

    /** All three together, in characters. Commands may have longer ones, which could fill the memory. */
    private static final int LONGEST_REMEMBERED_NAMES = 1_000;

    private static final int NEAR_NAMES = 5;

    private record Key(long accountId, JobNames names) {}

    /** The result of a look-up. */
    sealed interface Result {
        /** As commands have it. */
        JobLookup asLookup();
    }

    /** Exactly one. */
    record Match(JobDetails job) implements Result {
        @Override
        public JobLookup asLookup() {
            return new JobLookup.Found(job);
        }
    }

    /**
     * None, or several.
     *
     * @param resource where it failed: {@code project}, {@code environment} or {@code job}
     * @param matches how many have the name
     */
    record Miss(String resource, int matches, List<String> nearNames, String message) implements Result {
        @Override
        public JobLookup asLookup() {
            return matches == 0 ? new JobLookup.None(message) : new JobLookup.Several(message);
        }
    }

    /** Holds its lock while it looks, so that many commands for one job cause one look-up. */
    private static final class Entry {
        private final ReentrantLock lock = new ReentrantLock();
        private volatile @Nullable Result result;
        private Instant until = Instant.MIN;
    }

    private final ApiCalls calls;
    private final ResourceLists lists;
    private final Clock clock;
    private final Map<Key, Entry> entries = new ConcurrentHashMap<>();

    /** Remembers nothing yet. */
    public JobDirectory(ApiCalls calls, Clock clock, Monotonic monotonic) {
        this.calls = calls;
        this.lists = new ResourceLists(calls, ReadRetries.none(monotonic), Priority.LOOK_UP);
        this.clock = clock;
    }

    /** Finds a job by its names. */
    public JobLookup lookUp(long accountId, JobNames names) throws DbtCloudException {
        return find(accountId, names).asLookup();
    }

    Result find(long accountId, JobNames names) throws DbtCloudException {
        if (names.length() > LONGEST_REMEMBERED_NAMES) {
            return search(accountId, names);
        }
        if (entries.size() > REMEMBERED) {
            entries.clear();
        }
        Entry entry = entries.computeIfAbsent(new Key(accountId, names), _ -> new Entry());
        entry.lock.lock();
        try {
            if (entry.result == null || !entry.until.isAfter(clock.instant())) {
                entry.result = search(accountId, names);
                entry.until = clock.instant().plus(entry.result instanceof Match ? MATCH_LASTS : MISS_LASTS);
            }
            return entry.result;
        } finally {
            entry.lock.unlock();
        }
    }

    /** Forgets which job was found for the names. */
    public void forget(long accountId, JobNames names) {
        entries.remove(new Key(accountId, names));
    }

    /** Forgets by which names the job was found: it turned out to be gone. */
    public void forget(long accountId, long jobId) {
        entries.entrySet()
                .removeIf(each -> each.getKey().accountId() == accountId
                        && each.getValue().result instanceof Match(JobDetails job)
                        && job.jobId() == jobId);
    }

    /** Reads a job. */
    public JobDetails read(long accountId, long jobId, Priority priority) throws DbtCloudException {
        return calls.get(accountId, priority, api -> api.job(accountId, jobId), body -> {
            JobDetails job = JobJson.of(Envelope.read(body).data()).toDetails(accountId);
            Envelope.mustBe(jobId, job.jobId(), "job");
            return job;
        });
    }

    private Result search(long accountId, JobNames names) throws DbtCloudException {
        Choice<Project> project = choose(
                "project",
                names.projectName(),
                "account " + accountId,
                Project::name,
                name -> lists.projects(accountId, ResourceLists.named(name)));
        if (project.value() == null) {
            return Objects.requireNonNull(project.problem());
        }
        long projectId = project.value().id();
        String ofProject = "project '" + names.projectName() + "'";
        Choice<Environment> environment = choose(
                "environment",
                names.environmentName(),
                ofProject,
                Environment::name,
                name -> lists.environments(accountId, projectId, ResourceLists.named(name)));
        if (environment.value() == null) {
            return Objects.requireNonNull(environment.problem());
        }
        long environmentId = environment.value().id();
        Choice<Job> job = choose(
                "job",
                names.jobName(),
                "environment '" + names.environmentName() + "' of " + ofProject,
                Job::name,
                name -> lists.jobs(accountId, new JobFilter(projectId, environmentId, name, null, Map.of())));
        if (job.value() == null) {
            return Objects.requireNonNull(job.problem());
        }
        JobDetails found = job.value().details();
        if (found.projectId() != projectId || found.environmentId() != environmentId) {
            // Something on the way may answer with what it has kept of another request.
            throw new DbtCloudException(new CallFailure.Unclear(
                    "dbt Cloud listed a job of another environment than the one that was asked for."));
        }
        return new Match(found);
    }

    /** Either a value or a problem. */
    private record Choice<T>(@Nullable T value, @Nullable Miss problem) {}

    /** Lists what has a text in its name; null: everything. */
    @FunctionalInterface
    private interface NamedLists<T> {
        Listing<T> of(@Nullable String nameContains);
    }

    private static <T> Choice<T> choose(
            String kind, String name, String where, Function<T, String> nameOf, NamedLists<T> lists)
            throws DbtCloudException {
        List<T> similar = lists.of(name).toList();
        List<T> exact =
                similar.stream().filter(row -> nameOf.apply(row).equals(name)).toList();
        if (exact.size() == 1) {
            return new Choice<>(exact.getFirst(), null);
        }
        if (exact.size() > 1) {
            String message = exact.size() + " " + kind + "s in " + where + " have the name '" + name + "'.";
            return new Choice<>(null, new Miss(kind, exact.size(), List.of(), message));
        }
        // Only for the message, so one page must do.
        List<T> candidates = similar.isEmpty()
                ? lists.of(null).page(null, Listing.LARGEST_PAGE).rows()
                : similar;
        List<String> near = candidates.stream()
                .map(nameOf)
                .distinct()
                .sorted(Comparator.comparingInt(other -> distance(name, other)))
                .limit(NEAR_NAMES)
                .toList();
        String message = "No " + kind + " in " + where + " has the name '" + name + "'."
                + (near.isEmpty()
                        ? " There is none at all that the token can see."
                        : " Near: '" + String.join("', '", near) + "'.");
        return new Choice<>(null, new Miss(kind, 0, near, message));
    }

    /** How many characters to change to get from one name to the other, whatever their case. */
    static int distance(String one, String other) {
        return Spelling.distance(one.toLowerCase(Locale.ROOT), other.toLowerCase(Locale.ROOT));
    }
}
