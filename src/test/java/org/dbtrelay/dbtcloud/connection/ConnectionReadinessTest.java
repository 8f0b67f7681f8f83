package org.dbtrelay.dbtcloud.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.util.Map;
import java.util.TreeMap;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.http.ApiToken;
import org.dbtrelay.dbtcloud.http.DbtCloudApi;
import org.dbtrelay.dbtcloud.http.RedirectedApi;
import org.dbtrelay.dbtcloud.http.RestClients;
import org.dbtrelay.metrics.SimMetrics;
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

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    private HealthCheckResponse readiness(Map<String, String> more) {
        Map<String, String> properties = new TreeMap<>(TWO);
        properties.putAll(more);
        RelayConfig config = TestConnections.config(properties);
        Connections connections = new Connections(config, new SilentClients(), Clock.systemUTC(), new Monotonic());
        ConnectionProbes probes = new ConnectionProbes(connections, SimMetrics.on(meters));
        probes.unreached().remove("default");
        probes.probeSuspects();
        return new ConnectionReadiness(connections, probes, Clock.systemUTC(), config).call();
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

    private double unreached(String connection) {
        return meters.get("relay.connection.unreached")
                .tag("connection", connection)
                .gauge()
                .value();
    }

    /** Nobody answers. */
    private static final class SilentClients extends RestClients {
        SilentClients() {
            super("silent");
        }

        @Override
        public DbtCloudApi forReading(RelayConfig.Connection settings, ApiToken token) {
            return silent(DbtCloudApi.class);
        }

        @Override
        public DbtCloudApi forPosting(RelayConfig.Connection settings, ApiToken token) {
            return silent(DbtCloudApi.class);
        }

        @Override
        public RedirectedApi forRedirects(RelayConfig.Connection settings, ApiToken token) {
            return silent(RedirectedApi.class);
        }

        private static <T> T silent(Class<T> type) {
            return type.cast(Proxy.newProxyInstance(
                    type.getClassLoader(),
                    new Class<?>[] {type},
                    (proxy, method, arguments) ->
                            io.smallrye.mutiny.Uni.createFrom().nothing()));
        }
    }
}
