package org.dbtrelay.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ConfigKeysTest {

    private final ConfigKeys keys = ConfigKeys.declared();

    @Test
    void readsTypesAndDefaultsFromTheMapping() {
        assertThat(keys.all())
                .contains(
                        new ConfigKey("relay.poll.interval", Duration.class, false, false, "10s"),
                        new ConfigKey("relay.name", String.class, false, false, null),
                        new ConfigKey("relay.connections.*.account-id", long.class, false, true, null),
                        new ConfigKey("relay.policy.connections.*.jobs", Long.class, true, false, null),
                        new ConfigKey(
                                "relay.artifacts.paths", String.class, true, false, "manifest.json,run_results.json"),
                        new ConfigKey("relay.policy.connections.*.max-in-flight", int.class, false, false, null),
                        new ConfigKey("relay.api.keys.*", String.class, false, true, null))
                .extracting(ConfigKey::pattern)
                .doesNotHaveDuplicates()
                .allMatch(pattern -> pattern.startsWith("relay."));
    }

    @Test
    void findsAKeyWithTheUsersName() {
        assertThat(keys.find("relay.connections.\"eu.prod\".host"))
                .map(ConfigKey::pattern)
                .hasValue("relay.connections.*.host");
        assertThat(keys.find("relay.artifacts.paths[3]"))
                .map(ConfigKey::pattern)
                .hasValue("relay.artifacts.paths");
        assertThat(keys.find("relay.connections.eu.prod.host")).isEmpty();
        assertThat(keys.find("relay.connections")).isEmpty();
    }

    @Test
    void suggestsOnlyWhatIsNear() {
        assertThat(keys.nearest("relay.connections.\"eu.prod\".acount-id"))
                .hasValue("relay.connections.\"eu.prod\".account-id");
        assertThat(keys.nearest("relay.run.time-limit")).isEmpty();
    }

    @Test
    void knowsWhichValuesMayNotBeShown() {
        assertThat(keys.all().stream().filter(ConfigKey::secretive).map(ConfigKey::pattern))
                .contains("relay.connections.*.token", "relay.api.keys.*", "relay.connections.*.trust-store-password")
                .doesNotContain("relay.poll.interval");
    }
}
