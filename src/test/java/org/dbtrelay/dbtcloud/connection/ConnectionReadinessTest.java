package org.dbtrelay.dbtcloud.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.job.JobOfConnection;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.junit.jupiter.api.Test;

class ConnectionReadinessTest {

    private static final Map<String, String> TWO = Map.of(
            "relay.connections.default.host", "https://ab123.us1.dbt.com",
            "relay.connections.default.account-id", "1",
            "relay.connections.default.token", "t",
            "relay.connections.dead.host", "https://cd456.us1.dbt.com",
            "relay.connections.dead.account-id", "2",
            "relay.connections.dead.token", "t");

    private final JobSwitches switches = new JobSwitches();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    private HealthCheckResponse readiness(Map<String, String> more) {
        Map<String, String> properties = new TreeMap<>(TWO);
        properties.putAll(more);
        RelayConfig config = TestConnections.config(properties);
        Connections connections = TestConnections.silent(config, Clock.systemUTC());
        ConnectionProbes probes = new ConnectionProbes(connections, SimMetrics.on(meters));
        probes.unreached().remove("default");
        probes.probeSuspects();
        return new ConnectionReadiness(connections, probes, switches, Clock.systemUTC(), config).call();
    }

    @Test
    void oneDeadConnectionOfManyIsADetailAndAMetric() {
        HealthCheckResponse answer = readiness(Map.of());

        assertThat(answer.getStatus()).isEqualTo(HealthCheckResponse.Status.UP);
        assertThat(answer.getData().orElseThrow())
                .containsEntry("default", "fine")
                .containsEntry("dead", "not tried yet");
        assertThat(unreached("dead")).isEqualTo(1);
        assertThat(unreached("default")).isZero();
    }

    @Test
    void whoWantsItOtherwiseSaysSo() {
        assertThat(readiness(Map.of("relay.health.connections-required", "true"))
                        .getStatus())
                .isEqualTo(HealthCheckResponse.Status.DOWN);
    }

    @Test
    void tellsOfTheJobsThatAPersonHasSuspended() {
        Instant since = Instant.parse("2026-11-29T10:00:00Z");
        switches.hold(new JobOfConnection("default", 7), new Switched(since, "ops", "its table moves"));
        switches.hold(new JobOfConnection("default", 30), new Switched(since, null, null));
        switches.hold(new JobOfConnection("other", 8), new Switched(since, null, null));

        assertThat(readiness(Map.of()).getData().orElseThrow())
                .containsEntry(
                        "default",
                        "fine; job 7 suspended by a person since 2026-11-29T10:00:00Z, key ops: its table moves;"
                                + " job 30 suspended by a person since 2026-11-29T10:00:00Z");
    }

    private double unreached(String connection) {
        return meters.get("relay.connection.unreached")
                .tag("connection", connection)
                .gauge()
                .value();
    }
}
