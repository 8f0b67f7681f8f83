package org.dbtrelay.api;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.junit.QuarkusTestProfile;
import jakarta.enterprise.inject.Alternative;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.testkit.HandTurnedClock;

/** The application without Kafka, on an emulated dbt Cloud that the test can reach. */
public final class EmulatedDbtCloud implements QuarkusTestProfile {

    static final String KEY = "0123456789abcdef0123";
    static final String TOKEN = "dbtc_canary-4f1d7c90b2";

    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.of(
                "quarkus.devservices.enabled", "false",
                "quarkus.http.test-port", "0",
                "quarkus.management.test-port", "0",
                "relay.api.keys.test", KEY,
                "relay.api.keys.other", "another-key-0123456789\n");
    }

    @Override
    public Set<Class<?>> getEnabledAlternatives() {
        return Set.of(ShortPauses.class);
    }

    @Override
    public List<TestResourceEntry> testResources() {
        return List.of(new TestResourceEntry(Server.class));
    }

    /** Reads that failed are repeated soon: the pauses between them teach a test nothing. */
    @Alternative
    @Singleton
    public static final class ShortPauses extends Monotonic {
        @Override
        public void pause(Duration time) throws InterruptedException {
            super.pause(time.dividedBy(50));
        }
    }

    /** The emulator beside the application. */
    public static final class Server implements QuarkusTestResourceLifecycleManager {

        static final HandTurnedClock CLOCK = HandTurnedClock.at("2026-11-22T10:00:00Z");
        static DbtCloudEmulator emulator;

        @Override
        public Map<String, String> start() {
            emulator = DbtCloudEmulator.builder().clock(CLOCK).token(TOKEN).start();
            return Map.of(
                    "relay.connections.default.host",
                    emulator.baseUrl(),
                    "relay.connections.default.account-id",
                    String.valueOf(emulator.accountId()),
                    "relay.connections.default.token",
                    TOKEN,
                    "relay.connections.wrong.host",
                    emulator.baseUrl(),
                    "relay.connections.wrong.account-id",
                    "4711",
                    "relay.connections.wrong.token",
                    "dbtc_canary-wrong-1234");
        }

        @Override
        public void stop() {
            emulator.close();
        }
    }
}
