package org.dbtrelay.dbtcloud.connection;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;

/**
 * Tries connections that have not answered yet, and those that dbt Cloud refuses, every few seconds. The first good answer
 * resumes them: mending a token or an address is all that is needed.
 */
@Singleton
class ConnectionProbes {

    private static final RelayLog LOG = RelayLog.of(ConnectionProbes.class);
    private static final long EVERY_SECONDS = 3;

    private final Connections connections;
    private final RelayMetrics metrics;
    private final Map<String, String> unreached = new ConcurrentHashMap<>();
    private final Set<Suspect> reported = ConcurrentHashMap.newKeySet();
    private final Set<Suspect> underWay = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("connection-probes").factory());

    ConnectionProbes(Connections connections, RelayMetrics metrics) {
        this.connections = connections;
        this.metrics = metrics;
        connections.names().forEach(name -> unreached.put(name, "not tried yet"));
    }

    private record Suspect(String connection, long accountId) {}

    /** The connections that have not answered since the start, and why. */
    Map<String, String> unreached() {
        return unreached;
    }

    void onStart(@Observes StartupEvent event) {
        var _ = timer.scheduleAtFixedRate(this::probeAgain, 0, EVERY_SECONDS, TimeUnit.SECONDS);
    }

    /** An exception would silently end all further rounds, and no suspended connection would ever go on. */
    private void probeAgain() {
        try {
            probeSuspects();
        } catch (RuntimeException | Error e) {
            LOG.error("Internal error: the probes of the connections stopped; they are made again", e);
        }
    }

    void probeSuspects() {
        for (String name : connections.names()) {
            DbtCloudClient client = connections.find(name).orElseThrow();
            if (unreached.containsKey(name)) {
                probe(client, new Suspect(name, client.defaultAccountId()));
            }
            RequestBudget.Level budget =
                    client.calls().budget(client.defaultAccountId()).level();
            metrics.unreached(name, unreached.containsKey(name));
            metrics.connection(
                    name,
                    !client.calls().suspended().isEmpty(),
                    budget.left(),
                    budget.waiting(),
                    budget.coolDownLeft());
            client.calls().suspended().forEach((account, suspended) -> {
                Suspect suspect = new Suspect(name, account);
                if (reported.add(suspect)) {
                    metrics.suspended(name);
                    LOG.warn(
                            "dbt Cloud refuses this connection: its commands wait, and go on by themselves once it is mended",
                            pair(LogKey.CONNECTION, name),
                            pair(LogKey.ACCOUNT_ID, account),
                            pair(LogKey.DETAIL, suspended.detail()));
                }
                probe(client, suspect);
            });
        }
    }

    private void probe(DbtCloudClient client, Suspect suspect) {
        if (underWay.add(suspect)) {
            Thread.startVirtualThread(() -> {
                try {
                    client.runs().probe(suspect.accountId());
                    answered(client, suspect);
                } catch (DbtCloudException e) {
                    refused(suspect, e.failure().detail());
                } finally {
                    underWay.remove(suspect);
                }
            });
        }
    }

    private void answered(DbtCloudClient client, Suspect suspect) {
        boolean first = unreached.remove(suspect.connection()) != null;
        client.calls().suspension(suspect.accountId()).resume();
        if (reported.remove(suspect) || first) {
            LOG.info(
                    "The connection to dbt Cloud is fine",
                    pair(LogKey.CONNECTION, suspect.connection()),
                    pair(LogKey.ACCOUNT_ID, suspect.accountId()));
        }
    }

    private void refused(Suspect suspect, String detail) {
        String before = unreached.computeIfPresent(suspect.connection(), (name, old) -> detail);
        if (before != null && reported.add(suspect)) {
            LOG.warn(
                    "dbt Cloud cannot be used over this connection: its commands wait, and go on by themselves once it is mended",
                    pair(LogKey.CONNECTION, suspect.connection()),
                    pair(LogKey.ACCOUNT_ID, suspect.accountId()),
                    pair(LogKey.DETAIL, detail));
        }
    }

    /** Before the connections close, which would look like an outage. */
    void onShutdown(@Observes ShutdownEvent event) {
        timer.shutdownNow();
    }
}
