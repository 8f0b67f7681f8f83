package org.dbtrelay.dbtcloud.connection;

import io.quarkus.runtime.ApplicationConfig;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.net.URI;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;

/** Builds connections as the application does, from properties, without its CDI container knowing them. */
public final class TestConnections {

    public static final String TOKEN = "dbtc_secret-token-1234567890";
    public static final long ACCOUNT = 4238;

    private TestConnections() {}

    /** One connection named {@code default} with time-outs that a busy machine does not reach; properties are relative to it. */
    public static Connections to(String host, Clock clock, Map<String, String> properties) {
        return to(host, clock, new Monotonic(), properties);
    }

    /** The same, with another way to wait. */
    public static Connections to(String host, Clock clock, Monotonic monotonic, Map<String, String> properties) {
        return new Connections(config(properties(host, properties)), application(), clock, monotonic);
    }

    /** The connections of a configuration, to a dbt Cloud that never answers. */
    public static Connections silent(RelayConfig config, Clock clock) {
        return new Connections(config, new SilentClients(), clock, new Monotonic());
    }

    private static Map<String, String> properties(String host, Map<String, String> properties) {
        Map<String, String> all = new HashMap<>(Map.of(
                "relay.connections.default.host", host,
                "relay.connections.default.account-id", String.valueOf(ACCOUNT),
                "relay.connections.default.connect-timeout", "10s",
                "relay.connections.default.read-timeout", "20s",
                "relay.connections.default.requests-per-minute", "600000",
                // One slot: a call that does not give it back blocks the next one.
                "relay.connections.default.max-concurrent-requests", "1"));
        if (!properties.containsKey("token-file") && !properties.containsKey("token")) {
            all.put("relay.connections.default.token", TOKEN);
        }
        properties.forEach((key, value) -> all.put("relay.connections.default." + key, value));
        // Connections read all that they can.
        all.put("relay.openlineage.enabled", "true");
        return all;
    }

    /** The settings of one connection. */
    public static RelayConfig.Connection settings(String host, Map<String, String> properties) {
        return Objects.requireNonNull(
                config(properties(host, properties)).connections().get("default"));
    }

    public static DbtCloudClient client(String host, Map<String, String> properties) {
        return to(host, Clock.systemUTC(), properties).find("default").orElseThrow();
    }

    public static RelayConfig config(Map<String, String> properties) {
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                .withSources(new PropertiesConfigSource(properties, "test", 1000))
                .build()
                .getConfigMapping(RelayConfig.class);
    }

    public static ApplicationConfig application() {
        return new ApplicationConfig() {
            @Override
            public Optional<String> name() {
                return Optional.of("dbt-cloud-relay");
            }

            @Override
            public Optional<String> version() {
                return Optional.of("1.2.3");
            }

            @Override
            public Optional<String> uiHeader() {
                return Optional.empty();
            }
        };
    }

    /** An address on which nobody listens. */
    public static URI nobody() {
        try (java.net.ServerSocket socket =
                new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            return URI.create("http://127.0.0.1:" + socket.getLocalPort());
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
