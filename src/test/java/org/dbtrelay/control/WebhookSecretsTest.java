package org.dbtrelay.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WebhookSecretsTest {

    /** Else each look at the subscription would fail, and none would be made anew. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"version\":1}",
                "{\"version\":1,\"subscription\":\"s\",\"sealed\":null}",
                "[]",
                "no JSON",
                "{\"version\":1,\"subscription\":\"s\",\"sealed\":\"of another token\"}"
            })
    void aRecordThatNobodyCanUseIsNoSubscription(String record) {
        Connections connections = TestConnections.silent(
                TestConnections.config(Map.of(
                        "relay.connections.default.host", "http://127.0.0.1:9",
                        "relay.connections.default.account-id", "1",
                        "relay.connections.default.token", TestConnections.TOKEN)),
                Clock.systemUTC());
        DbtCloudClient client = connections.find("default").orElseThrow();
        WebhookSecrets secrets = new WebhookSecrets(connections, null);

        secrets.read("webhook/default", record.getBytes(StandardCharsets.UTF_8));

        assertThat(secrets.subscription(client)).isEmpty();
    }
}
