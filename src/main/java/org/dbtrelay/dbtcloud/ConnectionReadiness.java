package org.dbtrelay.dbtcloud;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready when every connection has answered once since the start: host, token and account are right. Until then each is tried
 * again every few seconds. What is accepted meanwhile waits.
 */
@Readiness
@Singleton
class ConnectionReadiness implements HealthCheck {

    private static final RelayLog LOG = RelayLog.of(ConnectionReadiness.class);
    private static final long AGAIN_SECONDS = 3;

    private final Connections connections;
    private final Clock clock;
    private final Map<String, String> unreached = new ConcurrentHashMap<>();
    private final ScheduledExecutorService probes = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("connection-probe").factory());

    ConnectionReadiness(Connections connections, Clock clock) {
        this.connections = connections;
        this.clock = clock;
        connections.names().forEach(name -> unreached.put(name, "not tried yet"));
    }

    void onStart(@Observes StartupEvent event) {
        connections.names().forEach(name -> Thread.startVirtualThread(() -> probe(name)));
    }

    private void probe(String name) {
        DbtCloudClient client = connections.find(name).orElseThrow();
        try {
            client.probe();
            unreached.remove(name);
            LOG.info("The connection to dbt Cloud is fine", pair(LogKey.CONNECTION, name));
        } catch (DbtCloudException e) {
            String detail = e.failure().detail();
            if (!detail.equals(unreached.put(name, detail))) {
                LOG.warn(
                        "Not ready, waiting: dbt Cloud cannot be used over this connection",
                        pair(LogKey.CONNECTION, name),
                        pair(LogKey.DETAIL, detail));
            }
            var _ = probes.schedule(
                    () -> Thread.startVirtualThread(() -> probe(name)), AGAIN_SECONDS, TimeUnit.SECONDS);
        }
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder answer =
                HealthCheckResponse.named("connections").status(unreached.isEmpty());
        Instant now = clock.instant();
        for (String name : connections.names()) {
            String detail = unreached.get(name);
            if (detail != null) {
                answer.withData(name, detail);
                continue;
            }
            DbtCloudClient client = connections.find(name).orElseThrow();
            answer.withData(
                    name,
                    client.coolingDownUntil(client.defaultAccountId())
                            .filter(now::isBefore)
                            .map(until -> "shut out after too many requests, until " + until)
                            .orElse("fine"));
        }
        return answer.build();
    }
}
