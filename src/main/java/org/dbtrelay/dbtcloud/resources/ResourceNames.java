package org.dbtrelay.dbtcloud.resources;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ApiCalls;
import org.dbtrelay.dbtcloud.http.ReadRetries;
import org.dbtrelay.dbtcloud.redaction.Redaction;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * The names of projects and environments, for events. Asking for a name sends nothing and waits for nothing: it is answered
 * from the lists that were read before, and notes which lists are wanted. {@link #refresh} reads those: the projects of an
 * account, and the environments of each project that has runs, once in {@link #LASTS}, with the last priority of the budget. A
 * list that cannot be read leaves what was known, and suspends nothing: the token may lack just this permission. The names of jobs need no list: they come with the runs.
 */
public final class ResourceNames {

    private static final RelayLog LOG = RelayLog.of(ResourceNames.class);

    /** For so long a list is not read again. */
    static final Duration LASTS = Duration.ofMinutes(10);

    /** After so long a list that could not be read is tried again. */
    static final Duration TRY_AGAIN = Duration.ofMinutes(1);

    /** A list that nobody has wanted for so long is forgotten. */
    static final Duration UNUSED = Duration.ofHours(1);

    /** Of a longer list the first rows count: five requests. */
    static final int MOST_ROWS = 500;

    /** More lists are not kept: the names of further projects are not known. */
    static final int MOST_LISTS = 500;

    private static final int LONGEST_NAME = 255;

    /** A list: of the projects of the account if there is no project, else of the project's environments. */
    private record Key(long accountId, @Nullable Long projectId) {}

    private record Named(
            String name, @Nullable String type, @Nullable String dbtVersion, EnvironmentSource source) {}

    private static final class Rows {
        private volatile Map<Long, Named> byId = Map.of();
        private volatile boolean read;
        private volatile Instant wanted;
        private volatile Instant due;

        Rows(Instant now) {
            this.wanted = now;
            this.due = now;
        }
    }

    private final ResourceLists lists;
    private final Clock clock;
    private final Map<Key, Rows> known = new ConcurrentHashMap<>();

    /** Knows nothing yet. */
    public ResourceNames(ApiCalls calls, Clock clock, Monotonic monotonic) {
        this.lists = new ResourceLists(calls.withoutSuspending(), ReadRetries.none(monotonic), Priority.SWEEP);
        this.clock = clock;
    }

    /** The names of a run's ids, as far as they are known; those that are not will be soon. */
    public RunNames of(RunSnapshot run) {
        Long projectId = run.projectId();
        if (projectId == null) {
            return RunNames.NONE;
        }
        Named project = wanted(new Key(run.accountId(), null)).get(projectId);
        Map<Long, Named> environments = wanted(new Key(run.accountId(), projectId));
        Named environment = run.environmentId() == null ? null : environments.get(run.environmentId());
        return new RunNames(
                project == null ? null : project.name(),
                environment == null ? null : environment.name(),
                environment == null ? null : environment.type(),
                environment == null ? null : environment.dbtVersion());
    }

    /** Events of the run are to come, so its names should be known by then. */
    public void want(RunSnapshot run) {
        if (run.projectId() != null) {
            wanted(new Key(run.accountId(), null));
            wanted(new Key(run.accountId(), run.projectId()));
        }
    }

    /**
     * What the runs of an environment build in, and from what.
     *
     * @return empty until the list was read, or dbt Cloud has denied it
     */
    public Optional<EnvironmentSource> source(long accountId, long projectId, long environmentId) {
        @Nullable Rows rows = rows(new Key(accountId, projectId));
        if (rows == null) {
            return Optional.of(EnvironmentSource.UNKNOWN);
        }
        Named environment = rows.byId.get(environmentId);
        return environment != null
                ? Optional.of(environment.source())
                : rows.read ? Optional.of(EnvironmentSource.UNKNOWN) : Optional.empty();
    }

    private Map<Long, Named> wanted(Key key) {
        @Nullable Rows rows = rows(key);
        return rows == null ? Map.of() : rows.byId;
    }

    /** Null if there are too many lists. */
    private @Nullable Rows rows(Key key) {
        Instant now = clock.instant();
        Rows rows = known.get(key);
        if (rows == null) {
            if (known.size() >= MOST_LISTS) {
                return null;
            }
            rows = known.computeIfAbsent(key, _ -> new Rows(now));
        }
        rows.wanted = now;
        return rows;
    }

    /** The accounts that have lists to read now. */
    public Set<Long> due() {
        Instant now = clock.instant();
        known.values().removeIf(rows -> !rows.wanted.plus(UNUSED).isAfter(now));
        return known.entrySet().stream()
                .filter(each -> isDue(each.getValue(), now))
                .map(each -> each.getKey().accountId())
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Reads the lists of an account that are due, one after another; blocks. */
    public void refresh(long accountId) {
        known.forEach((key, rows) -> {
            if (key.accountId() == accountId && isDue(rows, clock.instant())) {
                read(key, rows);
            }
        });
    }

    private static boolean isDue(Rows rows, Instant now) {
        return !rows.due.isAfter(now);
    }

    private void read(Key key, Rows rows) {
        // Before the call: an internal error must not repeat with each tick.
        rows.due = clock.instant().plus(TRY_AGAIN);
        try {
            rows.byId = read(key);
            rows.read = true;
            rows.due = clock.instant().plus(LASTS);
        } catch (DbtCloudException e) {
            rows.read |= isDenied(e.failure());
            rows.due = clock.instant().plus(isDenied(e.failure()) ? LASTS : TRY_AGAIN);
            LOG.info(
                    "Names for events could not be read; events lack those that were not known before",
                    pair(LogKey.ACCOUNT_ID, key.accountId()),
                    pair(LogKey.DETAIL, e.failure().detail()));
        }
    }

    /** A permission that is missing does not come back within a minute. */
    private static boolean isDenied(CallFailure failure) {
        return switch (failure) {
            case CallFailure.NotFound _, CallFailure.Refused _ -> true;
            case CallFailure.Suspended suspended -> suspended.status() == 403;
            case CallFailure.NotSent _, CallFailure.Limited _, CallFailure.Unclear _ -> false;
        };
    }

    private Map<Long, Named> read(Key key) throws DbtCloudException {
        Long projectId = key.projectId();
        return projectId == null
                ? byId(
                        lists.projects(key.accountId(), Map.of())
                                .limit(MOST_ROWS)
                                .toList(),
                        Project::id,
                        project -> new Named(name(project.name()), null, null, EnvironmentSource.UNKNOWN))
                : byId(
                        lists.environments(key.accountId(), projectId, Map.of())
                                .limit(MOST_ROWS)
                                .toList(),
                        Environment::id,
                        environment -> new Named(
                                name(environment.name()),
                                type(environment),
                                environment.dbtVersion(),
                                EnvironmentSource.of(environment)));
    }

    private static <T> Map<Long, Named> byId(List<T> rows, ToLongFunction<T> id, Function<T, Named> named) {
        // A row can come twice: the list may change between two pages.
        return rows.stream().collect(Collectors.toUnmodifiableMap(id::applyAsLong, named, (first, _) -> first));
    }

    /** {@code deployment_type} tells production from staging; it is null for other environments, whose {@code type} tells. */
    private static @Nullable String type(Environment environment) {
        return environment.deploymentType() == null ? environment.type() : environment.deploymentType();
    }

    private static String name(String text) {
        return Redaction.withoutControl(LONGEST_NAME, text);
    }
}
