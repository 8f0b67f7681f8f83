package org.dbtrelay.dbtcloud.resources;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
 * The names of projects and environments, for events, and which databases environments build in, for lineage. Asking sends nothing and
 * waits for nothing: it is answered from the lists that were read before, and notes which lists are wanted. {@link #refresh} reads those:
 * the projects of an account, and the environments of each project that has runs, once in {@link #LASTS}, with the last priority of the
 * budget; and the connections that lineage asks for. A list that cannot be read leaves what was known, and suspends nothing: the token may
 * lack just this permission. The names of jobs need no list: they come with the runs.
 */
public final class ResourceNames {

    private static final RelayLog LOG = RelayLog.of(ResourceNames.class);

    /** For so long a list is not read again. */
    static final Duration LASTS = Duration.ofMinutes(10);

    /** After so long a list that could not be read is tried again. */
    static final Duration TRY_AGAIN = Wanted.TRY_AGAIN;

    /** A list that nobody has wanted for so long is forgotten. */
    static final Duration UNUSED = Wanted.UNUSED;

    /** Of a longer list the first rows count: five requests. */
    static final int MOST_ROWS = 500;

    /** More lists are not kept: the names of further projects are not known. */
    static final int MOST_LISTS = 500;

    private static final int LONGEST_NAME = 255;

    /** A list: of the projects of the account if there is no project, else of the project's environments. */
    private record Key(long accountId, @Nullable Long projectId) {}

    private record Named(
            String name, @Nullable String type, @Nullable String dbtVersion, EnvironmentSource source) {}

    /** dbt Cloud shows them only if it is asked to. */
    private static final Map<String, String> WITH_SOURCES = Map.of("include_related", "connection,repository");

    private final Map<String, String> related;
    private final ResourceLists lists;
    private final Wanted<Key, Map<Long, Named>> known;
    private final ConnectionFields connections;

    /**
     * Knows nothing yet.
     *
     * @param withSources whether environments are read with their connections and repositories, for lineage
     */
    public ResourceNames(ApiCalls calls, boolean withSources, Clock clock, Monotonic monotonic) {
        this.related = withSources ? WITH_SOURCES : Map.of();
        ApiCalls quiet = calls.withoutSuspending();
        this.lists = new ResourceLists(quiet, ReadRetries.none(monotonic), Priority.SWEEP);
        this.known = new Wanted<>(MOST_LISTS, LASTS, Key::accountId, new Reading(), clock);
        this.connections = new ConnectionFields(quiet, clock, monotonic);
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
        Key key = new Key(accountId, projectId);
        @Nullable Named environment = wanted(key).get(environmentId);
        return environment != null
                ? Optional.of(environment.source())
                : known.isSettled(key) ? Optional.of(EnvironmentSource.UNKNOWN) : Optional.empty();
    }

    /**
     * The fields of the connection of such an environment. If the environment tells only its id, it is read by itself.
     *
     * @return what is known, perhaps nothing; empty until it was read, or dbt Cloud has denied it
     */
    public Optional<Map<String, String>> connection(long accountId, EnvironmentSource source) {
        @Nullable Long id = source.connectionId();
        if (id == null || source.tellsDatabase()) {
            return Optional.of(source.connection());
        }
        return connections.of(accountId, id).map(fields -> {
            Map<String, String> all = new HashMap<>(source.connection());
            all.putAll(fields);
            return Map.copyOf(all);
        });
    }

    private Map<Long, Named> wanted(Key key) {
        @Nullable Map<Long, Named> rows = known.value(key);
        return rows == null ? Map.of() : rows;
    }

    /** The accounts that have lists or connections to read now. */
    public Set<Long> due() {
        Set<Long> all = new HashSet<>(known.due());
        all.addAll(connections.due());
        return Set.copyOf(all);
    }

    /** Reads what is due of an account, one after another; blocks. */
    public void refresh(long accountId) {
        known.refresh(accountId);
        connections.refresh(accountId);
    }

    private final class Reading implements Wanted.Reader<Key, Map<Long, Named>> {

        @Override
        public Map<Long, Named> read(Key key) throws DbtCloudException {
            return ResourceNames.this.read(key);
        }

        @Override
        public void failed(Key key, CallFailure failure) {
            LOG.info(
                    "Names for events could not be read; events lack those that were not known before",
                    pair(LogKey.ACCOUNT_ID, key.accountId()),
                    pair(LogKey.DETAIL, failure.detail()));
        }
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
                        environments(key.accountId(), projectId),
                        Environment::id,
                        environment -> new Named(
                                name(environment.name()),
                                type(environment),
                                environment.dbtVersion(),
                                EnvironmentSource.of(environment)));
    }

    private List<Environment> environments(long accountId, long projectId) throws DbtCloudException {
        try {
            return environments(accountId, projectId, related);
        } catch (DbtCloudException e) {
            // Perhaps only what lineage wants beside them: the names matter to all events.
            if (related.isEmpty() || !(e.failure() instanceof CallFailure.Refused)) {
                throw e;
            }
            return environments(accountId, projectId, Map.of());
        }
    }

    private List<Environment> environments(long accountId, long projectId, Map<String, String> parameters)
            throws DbtCloudException {
        return lists.environments(accountId, projectId, parameters)
                .limit(MOST_ROWS)
                .toList();
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
