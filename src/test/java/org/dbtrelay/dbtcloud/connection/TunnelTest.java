package org.dbtrelay.dbtcloud.connection;

import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.run.job.CallFailure;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** https through a forward proxy that wants a name and a password before it makes a tunnel. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
@Timeout(120)
class TunnelTest {

    private static final long ACCOUNT = TestConnections.ACCOUNT;

    @TempDir
    static Path directory;

    private static Path keys;
    private static WireMockServer secure;

    private TunnelProxy proxy;

    @BeforeAll
    static void startServer() throws Exception {
        keys = SelfSigned.in(directory);
        secure = new WireMockServer(WireMockConfiguration.options()
                .dynamicPort()
                .dynamicHttpsPort()
                .bindAddress("127.0.0.1")
                .keystorePath(keys.toString())
                .keystoreType("PKCS12")
                .keystorePassword(SelfSigned.PASSWORD)
                .keyManagerPassword(SelfSigned.PASSWORD));
        secure.start();
    }

    @AfterAll
    static void stopServer() {
        secure.stop();
    }

    @BeforeEach
    void startProxy() throws Exception {
        secure.resetAll();
        secure.stubFor(
                any(anyUrl()).willReturn(okJson(AgainstWireMock.envelope("{\"id\":1,\"job_id\":2,\"status\":10}"))));
        proxy = new TunnelProxy("relay", "s3cr3t");
    }

    @AfterEach
    void stopProxy() {
        proxy.close();
    }

    private DbtCloudClient client(Map<String, String> credentials) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "read-timeout",
                "20s",
                "connect-timeout",
                "10s",
                "trust-store",
                keys.toString(),
                "trust-store-password",
                SelfSigned.PASSWORD,
                "proxy",
                proxy.address()));
        settings.putAll(credentials);
        return TestConnections.client("https://127.0.0.1:" + secure.httpsPort(), settings);
    }

    private static long trigger(DbtCloudClient client) throws DbtCloudException {
        return client.starts()
                .trigger(
                        new TriggerRequest(ACCOUNT, 2, "x", null, null, null, null),
                        client.starts().reserve(ACCOUNT, Priority.TRIGGER).join(),
                        () -> true)
                .runId();
    }

    @Test
    void theProxyGetsItsCredentialsAndDbtCloudTheToken() throws Exception {
        DbtCloudClient client = client(Map.of("proxy-user", "relay", "proxy-password", "s3cr3t"));

        assertThat(client.runs().run(ACCOUNT, 1, Priority.POLL).runId()).isEqualTo(1);
        assertThat(client.runs().withSteps(ACCOUNT, 1).run().runId()).isEqualTo(1);
        assertThat(trigger(client)).isEqualTo(1);
        assertThat(client.runs().cancel(ACCOUNT, 1, null).runId()).isEqualTo(1);

        assertThat(proxy.heads())
                .isNotEmpty()
                .allSatisfy(head -> assertThat(head)
                        .startsWith("CONNECT 127.0.0.1:" + secure.httpsPort() + " ")
                        .containsIgnoringCase("proxy-authorization: Basic ")
                        .doesNotContain(TestConnections.TOKEN));
        secure.verify(
                4,
                anyRequestedFor(anyUrl())
                        .withHeader("Authorization", equalTo("Token " + TestConnections.TOKEN))
                        .withoutHeader("Proxy-Authorization"));
    }

    @ParameterizedTest
    @CsvSource({",", "relay, wrong", "other, s3cr3t"})
    void otherCredentialsAreToldAsTheProxysRefusal(String user, String password) {
        DbtCloudClient client =
                client(user == null ? Map.of() : Map.of("proxy-user", user, "proxy-password", password));

        for (CallFailure failure : new CallFailure[] {
            AgainstWireMock.failureOf(() -> client.runs().run(ACCOUNT, 1, Priority.POLL)),
            AgainstWireMock.failureOf(() -> client.runs().withSteps(ACCOUNT, 1)),
            AgainstWireMock.failureOf(() -> trigger(client))
        }) {
            assertThat(failure)
                    .isInstanceOfSatisfying(
                            CallFailure.Suspended.class,
                            suspended -> assertThat(suspended.status()).isEqualTo(407));
            assertThat(failure.detail()).contains("proxy").doesNotContain("s3cr3t", "wrong");
        }
        assertThat(client.testConnection().suspects()).containsExactly(ConnectionCheckResult.Suspect.PROXY);
        assertThat(proxy.heads()).isNotEmpty();
        secure.verify(0, anyRequestedFor(anyUrl()));
    }
}
