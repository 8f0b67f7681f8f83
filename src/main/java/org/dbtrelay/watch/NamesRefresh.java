package org.dbtrelay.watch;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.enterprise.context.ApplicationScoped;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.resources.ResourceNames;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.Target;

/** Reads the lists of names that events want ({@link ResourceNames}), beside everything else. */
@ApplicationScoped
class NamesRefresh {

    private static final RelayLog LOG = RelayLog.of(NamesRefresh.class);

    private final Connections connections;
    private final UnderWay<Target> readings = new UnderWay<>();

    NamesRefresh(Connections connections) {
        this.connections = connections;
    }

    /** Begins to read the lists that are due, those of each account by themselves: none waits for another. */
    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    @RunOnVirtualThread
    void tick() {
        for (DbtCloudClient client : connections.all()) {
            for (long accountId : client.names().due()) {
                readings.begin(new Target(client.name(), accountId), () -> read(client, accountId));
            }
        }
    }

    private static void read(DbtCloudClient client, long accountId) {
        try {
            client.names().refresh(accountId);
        } catch (RuntimeException | Error e) {
            LOG.error(
                    "Internal error: names were not read; they will be read again",
                    e,
                    pair(LogKey.CONNECTION, client.name()));
        }
    }
}
