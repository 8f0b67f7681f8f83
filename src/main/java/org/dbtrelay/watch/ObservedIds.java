package org.dbtrelay.watch;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.resources.Environment;
import org.dbtrelay.dbtcloud.resources.Project;
import org.dbtrelay.flow.ObservedAccount;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunFilter;
import org.jspecify.annotations.Nullable;

/**
 * Searches dbt Cloud for the ids of an observation's configuration. Readiness tells of those that it does not know; nothing else
 * depends on them.
 */
final class ObservedIds {

    private static final RelayLog LOG = RelayLog.of(ObservedIds.class);

    /** In more projects no environment is searched for: each costs a request. */
    private static final int MOST_PROJECTS = 100;

    private ObservedIds() {}

    /** Begins to search, once. An id about which dbt Cloud gives no answer counts as known. */
    static void beginCheck(DbtCloudClient client, ObservedAccount account) {
        Thread.startVirtualThread(() -> {
            try {
                check(client, account);
            } catch (RuntimeException | Error e) {
                LOG.error(
                        "Internal error: the observed ids were not searched for; they count as known",
                        e,
                        pair(LogKey.CONNECTION, client.name()));
            }
        });
    }

    private static void check(DbtCloudClient client, ObservedAccount account) {
        long accountId = account.target().accountId();
        RunFilter filter = account.observed().filter();
        tell(
                client,
                "observe.jobs",
                "job",
                unknown(filter.jobs(), id -> client.jobs().read(accountId, id, Priority.OBSERVE)));
        tell(
                client,
                "observe.projects",
                "project",
                unknown(filter.projects(), id -> client.resources().getProject(accountId, id)));
        tell(client, "observe.environments", "environment", unknownEnvironments(client, accountId, filter));
    }

    /** Reads something by its id. */
    private interface Read {
        Object of(long id) throws DbtCloudException;
    }

    private static Set<Long> unknown(@Nullable Set<Long> ids, Read read) {
        Set<Long> unknown = new TreeSet<>();
        for (long id : ids == null ? Set.<Long>of() : ids) {
            try {
                read.of(id);
            } catch (DbtCloudException e) {
                if (e.failure() instanceof CallFailure.NotFound) {
                    unknown.add(id);
                }
            }
        }
        return unknown;
    }

    /** dbt Cloud lists environments by their project only. */
    private static Set<Long> unknownEnvironments(DbtCloudClient client, long accountId, RunFilter filter) {
        @Nullable Set<Long> wanted = filter.environments();
        if (wanted == null) {
            return Set.of();
        }
        Set<Long> unknown = new TreeSet<>(wanted);
        try {
            List<Long> projects = projects(client, accountId, filter);
            if (projects.size() > MOST_PROJECTS) {
                return Set.of();
            }
            for (long projectId : projects) {
                client.resources().listEnvironments(accountId, projectId, Map.of()).toList().stream()
                        .map(Environment::id)
                        .forEach(unknown::remove);
                if (unknown.isEmpty()) {
                    break;
                }
            }
            return unknown;
        } catch (DbtCloudException e) {
            return Set.of();
        }
    }

    private static List<Long> projects(DbtCloudClient client, long accountId, RunFilter filter)
            throws DbtCloudException {
        @Nullable Set<Long> observed = filter.projects();
        if (observed != null) {
            return List.copyOf(observed);
        }
        return client.resources().listProjects(accountId, Map.of()).limit(MOST_PROJECTS + 1L).toList().stream()
                .map(Project::id)
                .toList();
    }

    private static void tell(DbtCloudClient client, String key, String what, Set<Long> unknown) {
        client.doubts()
                .tell(
                        key,
                        unknown.isEmpty()
                                ? null
                                : "dbt Cloud knows no " + what + " "
                                        + unknown.stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }
}
