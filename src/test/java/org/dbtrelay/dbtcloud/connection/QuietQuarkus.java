package org.dbtrelay.dbtcloud.connection;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.Map;

/** The REST client needs the application's container; nothing else of it is wanted here. */
public final class QuietQuarkus implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.of(
                "quarkus.devservices.enabled", "false",
                "quarkus.http.test-port", "0",
                "quarkus.management.test-port", "0",
                "relay.connections.default.host", "http://127.0.0.1:1",
                "relay.connections.default.account-id", "4238",
                "relay.connections.default.token", "none");
    }
}
