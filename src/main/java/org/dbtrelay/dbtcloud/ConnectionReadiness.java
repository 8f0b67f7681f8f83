package org.dbtrelay.dbtcloud;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.stream.Collectors;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready when every connection has answered once since the start. A connection that is suspended or shut out later is told of,
 * but does not make the instance unready: its commands are accepted and wait.
 */
@Readiness
@Singleton
class ConnectionReadiness implements HealthCheck {

    private final Connections connections;
    private final ConnectionProbes probes;
    private final Clock clock;

    ConnectionReadiness(Connections connections, ConnectionProbes probes, Clock clock) {
        this.connections = connections;
        this.probes = probes;
        this.clock = clock;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder answer = HealthCheckResponse.named("connections")
                .status(probes.unreached().isEmpty());
        Instant now = clock.instant();
        for (String name : connections.names()) {
            String detail = probes.unreached().get(name);
            answer.withData(name, detail == null ? detail(connections.find(name).orElseThrow(), now) : detail);
        }
        return answer.build();
    }

    private static String detail(DbtCloudClient client, Instant now) {
        Instant held = client.suspendedSince().orElse(null);
        if (held != null) {
            return "suspended by a person since " + held;
        }
        String suspended = client.suspended().entrySet().stream()
                .map(entry -> "account " + entry.getKey() + " suspended since "
                        + entry.getValue().since() + ": " + entry.getValue().detail())
                .collect(Collectors.joining("; "));
        if (!suspended.isEmpty()) {
            return suspended;
        }
        return client.budget(client.defaultAccountId())
                .coolingDownUntil()
                .filter(now::isBefore)
                .map(until -> "shut out after too many requests, until " + until)
                .orElse("fine");
    }
}
