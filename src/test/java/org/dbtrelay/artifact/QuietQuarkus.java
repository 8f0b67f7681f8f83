package org.dbtrelay.artifact;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.Map;

/** The REST client needs the application's container; nothing else of it is wanted here. */
public final class QuietQuarkus implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.of(
                // Without the consumer the application owns no partition and looks for no broker.
                "quarkus.arc.exclude-types", "org.dbtrelay.command.CommandConsumer",
                "mp.messaging.incoming.commands.enabled", "false",
                "kafka.bootstrap.servers", "127.0.0.1:1",
                "quarkus.scheduler.enabled", "false",
                "quarkus.http.test-port", "0",
                "quarkus.management.test-port", "0",
                "relay.connections.default.host", "http://127.0.0.1:1",
                "relay.connections.default.account-id", "4238",
                "relay.connections.default.token", "none");
    }
}
