package org.dbtrelay.dbtcloud.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.dbtrelay.config.Spelling;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.runs.RunQuery;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobLookup;
import org.dbtrelay.run.job.JobNames;
import org.jspecify.annotations.Nullable;

/**
 * Finds a job by the exact names of its project, environment and itself. dbt Cloud filters by a part of the name in any
 * case ({@code name__icontains}); what it gives is compared exactly here, and what nearly fits makes the message. A match
 * is remembered for ten minutes, a miss for half a minute, so that a stream of commands costs one look-up.
 */
public final class JobDirectory {

    static final Duration MATCH_LASTS = Duration.ofMinutes(10);
    static final Duration MISS_LASTS = Duration.ofSeconds(30);

    private static final int REMEMBERED = 10_000;
    private static final int NEAR_NAMES = 5;

    private record Key(long accountId, JobNames names) {}

    /** What a look-up ends in. */
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

    private record Named<T>(String name, T value) {}

    /** A page of some resource: filter, offset to call. */
    @FunctionalInterface
    private interface PageCall {
        Uni<Response> page(DbtCloudApi api, @Nullable String nameContains, int offset);
    }

    @FunctionalInterface
    private interface RowReader<T> {
        Named<T> read(JsonNode row) throws UnreadableAnswer;
    }

    private record Rows<T>(
            List<Named<T>> rows, int count, @Nullable Integer total) {}

    /** Holds its lock while it looks, so that many commands for one job cause one look-up. */
    private static final class Entry {
        private final ReentrantLock lock = new ReentrantLock();
        private volatile @Nullable Result result;
        private Instant until = Instant.MIN;
    }

    private final ApiCalls exchange;
    private final Clock clock;
    private final Map<Key, Entry> entries = new ConcurrentHashMap<>();

    public JobDirectory(ApiCalls exchange, Clock clock) {
        this.exchange = exchange;
        this.clock = clock;
    }

    public JobLookup lookUp(long accountId, JobNames names) throws DbtCloudException {
        return find(accountId, names).asLookup();
    }

    Result find(long accountId, JobNames names) throws DbtCloudException {
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

    public void forget(long accountId, JobNames names) {
        entries.remove(new Key(accountId, names));
    }

    /** Whatever names the job was found by. */
    public void forget(long accountId, long jobId) {
        entries.entrySet()
                .removeIf(each -> each.getKey().accountId() == accountId
                        && each.getValue().result instanceof Match(JobDetails job)
                        && job.jobId() == jobId);
    }

    private Result search(long accountId, JobNames names) throws DbtCloudException {
        String account = "account " + accountId;
        Choice<Long> project = choose(
                accountId,
                "project",
                names.projectName(),
                account,
                (api, name, offset) -> api.projects(accountId, name, "id", RunQuery.LARGEST_PAGE, offset),
                JobDirectory::named);
        if (project.value() == null) {
            return Objects.requireNonNull(project.problem());
        }
        long projectId = project.value();
        String ofProject = "project '" + names.projectName() + "'";
        Choice<Long> environment = choose(
                accountId,
                "environment",
                names.environmentName(),
                ofProject,
                (api, name, offset) ->
                        api.environments(accountId, projectId, name, "id", RunQuery.LARGEST_PAGE, offset),
                JobDirectory::named);
        if (environment.value() == null) {
            return Objects.requireNonNull(environment.problem());
        }
        long environmentId = environment.value();
        Choice<JobDetails> job = choose(
                accountId,
                "job",
                names.jobName(),
                "environment '" + names.environmentName() + "' of " + ofProject,
                (api, name, offset) ->
                        api.jobs(accountId, projectId, environmentId, name, "id", RunQuery.LARGEST_PAGE, offset),
                row -> {
                    JobDetails details = JobJson.of(row).toDetails(accountId);
                    return new Named<>(details.name(), details);
                });
        return job.value() == null ? Objects.requireNonNull(job.problem()) : new Match(job.value());
    }

    /** Either a value or a problem. */
    private record Choice<T>(@Nullable T value, @Nullable Miss problem) {}

    private <T> Choice<T> choose(
            long accountId, String kind, String name, String where, PageCall call, RowReader<T> reader)
            throws DbtCloudException {
        List<Named<T>> similar = all(accountId, call, name, reader);
        List<T> exact = similar.stream()
                .filter(row -> row.name().equals(name))
                .map(Named::value)
                .toList();
        if (exact.size() == 1) {
            return new Choice<>(exact.getFirst(), null);
        }
        if (exact.size() > 1) {
            return new Choice<>(
                    null,
                    new Miss(
                            kind,
                            exact.size(),
                            List.of(),
                            exact.size() + " " + kind + "s in " + where + " have the name '" + name + "'."));
        }
        // Only for the message, so one page of what there is must do.
        List<Named<T>> candidates =
                similar.isEmpty() ? page(accountId, call, null, 0, reader).rows() : similar;
        List<String> near = candidates.stream()
                .map(Named::name)
                .distinct()
                .sorted(java.util.Comparator.comparingInt(other -> distance(name, other)))
                .limit(NEAR_NAMES)
                .toList();
        String message = "No " + kind + " in " + where + " has the name '" + name + "'."
                + (near.isEmpty()
                        ? " There is none at all that the token can see."
                        : " Near: '" + String.join("', '", near) + "'.");
        return new Choice<>(null, new Miss(kind, 0, near, message));
    }

    private <T> List<Named<T>> all(long accountId, PageCall call, String nameContains, RowReader<T> reader)
            throws DbtCloudException {
        List<Named<T>> all = new ArrayList<>();
        int offset = 0;
        boolean more = true;
        while (more) {
            Rows<T> page = page(accountId, call, nameContains, offset, reader);
            all.addAll(page.rows());
            offset += page.count();
            more = page.count() > 0
                    && (page.total() == null ? page.count() >= RunQuery.LARGEST_PAGE : offset < page.total());
        }
        return all;
    }

    private <T> Rows<T> page(
            long accountId, PageCall call, @Nullable String nameContains, int offset, RowReader<T> reader)
            throws DbtCloudException {
        return exchange.get(accountId, Priority.LOOK_UP, api -> call.page(api, nameContains, offset), body -> {
            Envelope envelope = Envelope.read(body).asList();
            List<Named<T>> rows = new ArrayList<>();
            for (JsonNode row : envelope.data()) {
                rows.add(reader.read(row));
            }
            return new Rows<>(rows, envelope.data().size(), envelope.totalCount());
        });
    }

    private static Named<Long> named(JsonNode row) throws UnreadableAnswer {
        NamedJson json = Envelope.convert(row, NamedJson.class);
        if (json.id() == null) {
            throw new UnreadableAnswer("a row without id");
        }
        return new Named<>(Objects.requireNonNullElse(json.name(), ""), json.id());
    }

    /** How many characters to change to get from one name to the other, whatever their case. */
    static int distance(String one, String other) {
        return Spelling.distance(one.toLowerCase(Locale.ROOT), other.toLowerCase(Locale.ROOT));
    }
}
