package org.dbtrelay.dbtcloud.connection;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.Comparator;
import java.util.stream.Collectors;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Tells of the connections. Ready means that partitions are served: a connection that does not work is a detail, because its
 * commands are accepted and wait, and those of all others would suffer if the instance were unready. To change that, set
 * {@code relay.health.connections-required}; then the instance is ready when every connection has answered once.
 */
@Readiness
@Singleton
class ConnectionReadiness implements HealthCheck {

    private final Connections connections;
    private final ConnectionProbes probes;
    private final JobSwitches jobs;
    private final Clock clock;
    private final boolean required;

    ConnectionReadiness(
            Connections connections, ConnectionProbes probes, JobSwitches jobs, Clock clock, RelayConfig config) {
        this.connections = connections;
        this.probes = probes;
        this.jobs = jobs;
        this.clock = clock;
        this.required = config.health().connectionsRequired();
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder answer = HealthCheckResponse.named("connections")
                .status(!required || probes.unreached().isEmpty());
        Instant now = clock.instant();
        for (String name : connections.names()) {
            String detail = probes.unreached().get(name);
            answer.withData(
                    name,
                    (detail == null ? detail(connections.find(name).orElseThrow(), now) : detail)
                            + suspendedJobs(name));
        }
        return answer.build();
    }

    private String suspendedJobs(String connection) {
        return jobs.all().entrySet().stream()
                .filter(each -> each.getKey().connection().equals(connection))
                .sorted(Comparator.comparingLong(each -> each.getKey().jobId()))
                .map(each -> "; job " + each.getKey().jobId() + " suspended" + byPerson(each.getValue()))
                .collect(Collectors.joining());
    }

    private static String byPerson(Switched held) {
        return " by a person since " + held.since() + (held.by() == null ? "" : ", key " + held.by())
                + (held.reason() == null ? "" : ": " + held.reason());
    }

    private static String detail(DbtCloudClient client, Instant now) {
        Switched held = client.manualSuspension().switched().orElse(null);
        if (held != null) {
            return "suspended" + byPerson(held);
        }
        String suspended = client.calls().suspended().entrySet().stream()
                .map(entry -> "account " + entry.getKey() + " suspended since "
                        + entry.getValue().since() + ": " + entry.getValue().detail())
                .collect(Collectors.joining("; "));
        if (!suspended.isEmpty()) {
            return suspended;
        }
        return client.calls()
                .budget(client.defaultAccountId())
                .coolingDownUntil()
                .filter(now::isBefore)
                .map(until -> "shut out after too many requests, until " + until)
                .orElseGet(() -> client.accountRuns().doubts().isEmpty()
                        ? "fine"
                        : client.accountRuns().doubts().entrySet().stream()
                                .map(doubt -> doubt.getKey() + ": " + doubt.getValue())
                                .collect(Collectors.joining("; ")));
    }
}
