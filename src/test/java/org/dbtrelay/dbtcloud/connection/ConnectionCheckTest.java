package org.dbtrelay.dbtcloud.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.dbtcloud.connection.ConnectionCheckResult.Suspect;
import org.dbtrelay.emulator.Endpoint;
import org.junit.jupiter.api.Test;

/** Which part of a connection is wrong, for each that can be. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ConnectionCheckTest extends AgainstEmulator {

    private ConnectionCheckResult test(String host, Map<String, String> changed) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "account-id", String.valueOf(account), "token", emulator.token(), "max-concurrent-requests", "4"));
        settings.putAll(changed);
        if (changed.containsKey("token-file")) {
            settings.remove("token");
        }
        Connections tried = TestConnections.to(host, clock, monotonic, settings);
        try {
            return tried.find("default").orElseThrow().testConnection();
        } finally {
            tried.close();
        }
    }

    private ConnectionCheckResult test() {
        return test(emulator.baseUrl(), Map.of());
    }

    private static void assertSuspects(ConnectionCheckResult test, Suspect... suspects) {
        assertThat(test.ok()).isFalse();
        assertThat(test.suspects()).isEqualTo(Set.of(suspects));
        assertThat(test.message()).isNotBlank();
    }

    @Test
    void aGoodConnection() {
        ConnectionCheckResult test = test();

        assertThat(test.ok()).isTrue();
        assertThat(test.suspects()).isEmpty();
        assertThat(test.message()).contains("Jaffle Shop");
        assertThat(emulator.counters().total()).isEqualTo(4);
    }

    @Test
    void aHostThatIsNotThereOrIsAnotherSite() {
        assertSuspects(test(TestConnections.nobody().toString(), Map.of()), Suspect.HOST);
        assertSuspects(test("http://no-such-host.invalid", Map.of("read-timeout", "20s")), Suspect.HOST);

        emulator.faults().next(1).htmlStatusAfterCreating(200);
        ConnectionCheckResult site = test();
        assertSuspects(site, Suspect.HOST);
        assertThat(site.message()).contains("no JSON", "text/html");

        emulator.faults().next(1).redirect(301, "https://elsewhere.invalid/");
        assertSuspects(test(), Suspect.HOST);
    }

    @Test
    void aTokenThatIsWrongOrOfAnotherHostOrNotThere() {
        ConnectionCheckResult wrong = test(emulator.baseUrl(), Map.of("token", "dbtc_another"));
        assertSuspects(wrong, Suspect.TOKEN, Suspect.HOST);
        assertThat(wrong.message()).contains("Invalid token", "wrong host").doesNotContain("dbtc_another");
        assertSuspects(test(emulator.baseUrl(), Map.of("token-file", "/no/such/file")), Suspect.TOKEN);
    }

    @Test
    void anAccountThatIsNotTheTokens() {
        ConnectionCheckResult test = test(emulator.baseUrl(), Map.of("account-id", "4711"));

        assertSuspects(test, Suspect.ACCOUNT);
        assertThat(test.message()).contains("4711", String.valueOf(account), "Jaffle Shop");
        emulator.faults().next(1).on(Endpoint.GET_ACCOUNT).status(403);
        assertSuspects(test(), Suspect.ACCOUNT);
    }

    @Test
    void anAddressThatIsNotLetIn() {
        emulator.faults().next(1).addressNotAllowed();

        assertSuspects(test(), Suspect.ADDRESS);
    }

    @Test
    void aTokenThatMayNotReadJobsOrRuns() {
        emulator.faults().next(1).on(Endpoint.LIST_JOBS).status(404);
        assertSuspects(test(), Suspect.PERMISSION);
        emulator.faults().next(1).on(Endpoint.LIST_RUNS).status(404);
        assertSuspects(test(), Suspect.PERMISSION);
    }

    @Test
    void aProxyThatWantsAPassword() {
        emulator.faults().next(1).answer(407, "text/html", "<html>", false);

        assertSuspects(test(), Suspect.PROXY);
    }

    @Test
    void aShutOutAndADbtCloudThatIsDown() {
        emulator.faults().next(1).htmlStatus(503);
        assertSuspects(test(), Suspect.DBT_CLOUD);
        assertThat(emulator.counters().total()).as("each request once").isEqualTo(1);
        emulator.faults().next(1).on(Endpoint.GET_ACCOUNT).tooManyRequests(Duration.ofMinutes(5));
        assertSuspects(test(), Suspect.LIMIT);
    }
}
