package org.dbtrelay.dbtcloud.connection;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.unauthorized;
import static com.github.tomakehurst.wiremock.client.WireMock.urlEqualTo;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.dbtcloud.http.RedirectsTest;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads that are redirected, between real servers. Which redirects are followed is the table of {@link RedirectsTest}. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class RedirectedReadsTest extends AgainstWireMock {

    private static final String RUN = envelope("{\"id\":1,\"job_id\":2,\"status\":10}");
    private static final String OTHER_RUN = envelope("{\"id\":2,\"job_id\":2,\"status\":10}");
    private static final String ASKED = "/api/v2/accounts/" + ACCOUNT + "/runs/1/";
    private static final String ARTIFACT = "/api/v2/accounts/" + ACCOUNT + "/runs/1/artifacts/a/b%20c.json";

    private WireMockServer other;

    @TempDir
    Path directory;

    @BeforeEach
    void startOther() {
        other = new WireMockServer(WireMockConfiguration.options().dynamicPort().bindAddress("127.0.0.1"));
        other.start();
        other.stubFor(any(anyUrl()).willReturn(okJson(RUN)));
    }

    @AfterEach
    void stopOther() {
        other.stop();
    }

    private void redirect(String path, int status, String location) {
        server.stubFor(get(urlPathEqualTo(path))
                .willReturn(aResponse().withStatus(status).withHeader("Location", location)));
    }

    private CallFailure failureOfRead() {
        return failureOf(() -> client.runs().run(ACCOUNT, 1, Priority.POLL));
    }

    private int requestsToOther() {
        return other.findAll(anyRequestedFor(anyUrl())).size();
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void atTheSameHostTheTokenGoesAlong(int status) throws DbtCloudException {
        redirect(ASKED, status, "/api/v3/there%2Fand%20there/?a=b%26c&d=%7Be%7D");
        server.stubFor(get(urlEqualTo("/api/v3/there%2Fand%20there/?a=b%26c&d=%7Be%7D"))
                .willReturn(okJson(RUN)));

        assertThat(client.runs().run(ACCOUNT, 1, Priority.POLL).runId()).isEqualTo(1);

        server.verify(
                2, anyRequestedFor(anyUrl()).withHeader("Authorization", equalTo("Token " + TestConnections.TOKEN)));
        assertThat(requests()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../2/", "/api/v2/accounts/4238/runs/2/", "?page=2"})
    void aRelativeLocationIsOneOfWhatWasAsked(String location) throws DbtCloudException {
        redirect(ASKED, 302, location);
        String there = location.startsWith("?") ? ASKED + location : "/api/v2/accounts/4238/runs/2/";
        server.stubFor(get(urlEqualTo(there)).willReturn(okJson(RUN)));

        assertThat(client.runs().run(ACCOUNT, 1, Priority.POLL).runId()).isEqualTo(1);

        server.verify(1, getRequestedFor(urlEqualTo(there)));
    }

    @Test
    void anotherPortIsAnotherServerAndGetsNoToken() throws Exception {
        redirect(ASKED, 302, other.baseUrl() + "/there");
        redirect(ARTIFACT, 307, other.baseUrl() + "/artifact?signature=s");
        other.stubFor(
                get(urlEqualTo("/artifact?signature=s")).willReturn(aResponse().withBody("large")));

        assertThat(client.runs().run(ACCOUNT, 1, Priority.POLL).runId()).isEqualTo(1);
        assertThat(client.runs().withSteps(ACCOUNT, 1).run().runId()).isEqualTo(1);
        try (ArtifactBody body = client.artifactsOnce().getJobRunArtifact(ACCOUNT, 1, "a/b c.json", null)) {
            assertThat(body.stream().readAllBytes()).isEqualTo("large".getBytes(StandardCharsets.UTF_8));
        }

        assertThat(requestsToOther()).isEqualTo(3);
        other.verify(3, getRequestedFor(anyUrl()).withoutHeader("Authorization"));
        assertThat(other.getAllServeEvents())
                .allSatisfy(event ->
                        assertThat(event.getRequest().getHeaders().toString()).doesNotContain(TestConnections.TOKEN));
    }

    @Test
    void backAtHomeTheTokenIsSentAgain() throws DbtCloudException {
        redirect(ASKED, 302, other.baseUrl() + "/there");
        other.stubFor(get(urlEqualTo("/there"))
                .willReturn(aResponse().withStatus(302).withHeader("Location", server.baseUrl() + "/back")));
        server.stubFor(get(urlEqualTo("/back")).willReturn(okJson(RUN)));

        client.runs().run(ACCOUNT, 1, Priority.POLL);

        server.verify(
                1,
                getRequestedFor(urlEqualTo("/back"))
                        .withHeader("Authorization", equalTo("Token " + TestConnections.TOKEN)));
    }

    @Test
    void anotherHostIsNotAsked() {
        redirect(ASKED, 302, "http://127.0.0.1:" + other.port() + "/there?t=" + TestConnections.TOKEN);

        CallFailure failure = failureOfRead();

        assertThat(failure)
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.status()).isEqualTo(302));
        assertThat(failure.detail())
                .contains("points to 127.0.0.1.", "https", "relay.connections.*.host")
                .doesNotContain("there");
        assertThat(requestsToOther()).isZero();
    }

    @Test
    void httpsIsNotGivenUp() throws Exception {
        Path keys = SelfSigned.in(directory);
        WireMockServer secure = new WireMockServer(WireMockConfiguration.options()
                .dynamicPort()
                .dynamicHttpsPort()
                .bindAddress("127.0.0.1")
                .keystorePath(keys.toString())
                .keystoreType("PKCS12")
                .keystorePassword(SelfSigned.PASSWORD)
                .keyManagerPassword(SelfSigned.PASSWORD));
        secure.start();
        try {
            secure.stubFor(get(urlPathEqualTo(ASKED))
                    .willReturn(aResponse()
                            .withStatus(302)
                            .withHeader("Location", "http://127.0.0.1:" + other.port() + "/there")));
            secure.stubFor(get(urlPathEqualTo(ASKED.replace("/1/", "/2/")))
                    .willReturn(aResponse().withStatus(302).withHeader("Location", "/there")));
            secure.stubFor(get(urlEqualTo("/there")).willReturn(okJson(OTHER_RUN)));
            client = TestConnections.client(
                    "https://127.0.0.1:" + secure.httpsPort(),
                    Map.of(
                            "read-timeout",
                            "20s",
                            "connect-timeout",
                            "10s",
                            "trust-store",
                            keys.toString(),
                            "trust-store-password",
                            SelfSigned.PASSWORD));

            assertThat(failureOfRead().detail()).contains("points to 127.0.0.1.", "https only");
            assertThat(requestsToOther()).isZero();
            assertThat(client.runs().run(ACCOUNT, 2, Priority.POLL).runId()).isEqualTo(2);
        } finally {
            secure.stop();
        }
    }

    /** There is one place in the budget: a hop that did not give it back would block the next. */
    @Test
    void aLoopEndsAfterThreeRedirectsWhichAllCount() {
        redirect(ASKED, 302, ASKED);

        CallFailure failure = failureOfRead();
        failureOf(() -> client.runs().withSteps(ACCOUNT, 1));

        assertThat(failure).isInstanceOf(CallFailure.Refused.class);
        assertThat(failure.detail()).contains("not more than 3");
        assertThat(requests()).isEqualTo(8);
    }

    /** The clock stands still, so there are the ten requests of the burst and no more. */
    @Test
    void eachHopIsARequestOfTheBudget() throws DbtCloudException {
        client = TestConnections.to(
                        server.baseUrl(),
                        HandTurnedClock.at("2026-11-22T10:00:00Z"),
                        Map.of("requests-per-minute", "1", "read-timeout", "20s"))
                .find("default")
                .orElseThrow();
        redirect(ASKED, 302, "/1");
        redirect("/1", 302, "/2");
        redirect("/2", 302, "/3");
        server.stubFor(get(urlEqualTo("/3")).willReturn(okJson(RUN)));
        server.stubFor(get(urlPathEqualTo(ASKED.replace("/1/", "/2/"))).willReturn(okJson(OTHER_RUN)));

        client.runs().run(ACCOUNT, 1, Priority.POLL);

        for (int i = 4; i < 10; i++) {
            client.runs().run(ACCOUNT, 2, Priority.POLL);
        }
        CompletableFuture<?> eleventh = client.starts().reserve(ACCOUNT, Priority.TRIGGER);
        assertThatThrownBy(() -> eleventh.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        assertThat(requests()).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/there", "https://", "http://[", "https://127.0.0.1:99999999/", "mailto:a@b.c"})
    void aLocationThatIsNoneOrNoUrl(String location) {
        redirect(ASKED, 302, location);
        server.stubFor(get(urlEqualTo("/there")).willReturn(aResponse().withStatus(302)));

        assertThat(failureOfRead()).isInstanceOf(CallFailure.Refused.class);
        assertThat(failureOfRead().detail()).contains("302");
    }

    /** Without the token nobody is let in there: that says nothing of the token or of the run. */
    @Test
    void aRefusalFromElsewhereSuspendsNothing() {
        redirect(ASKED, 302, other.baseUrl() + "/there");
        other.stubFor(any(anyUrl()).willReturn(unauthorized()));

        CallFailure failure = failureOfRead();

        assertThat(failure).isInstanceOf(CallFailure.Refused.class);
        assertThat(failure.detail()).contains("localhost", "401", "token");
        assertThat(client.calls().suspended()).isEmpty();
    }

    @Test
    void aPageToLogInIsNoArtifact() {
        redirect(ARTIFACT, 302, "/login?next=x");
        server.stubFor(get(urlPathEqualTo("/login"))
                .willReturn(aResponse().withHeader("Content-Type", "text/html").withBody("<html>")));

        CallFailure failure = failureOf(() -> client.artifactsOnce().getJobRunArtifact(ACCOUNT, 1, "a/b c.json", null));

        assertThat(failure).isInstanceOf(CallFailure.Refused.class);
        assertThat(failure.detail()).contains("a page", "localhost");
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void whatChangesSomethingIsSentNowhereElse(int status) {
        server.stubFor(any(anyUrl())
                .willReturn(aResponse().withStatus(status).withHeader("Location", other.baseUrl() + "/there")));

        List<CallFailure> failures = List.of(
                failureOf(() -> client.runs().cancel(ACCOUNT, 1, null)),
                failureOf(() -> client.starts()
                        .retryRun(
                                ACCOUNT,
                                1,
                                null,
                                client.starts()
                                        .reserve(ACCOUNT, Priority.TRIGGER)
                                        .join(),
                                () -> true)),
                failureOf(() -> client.starts()
                        .rerunJob(
                                ACCOUNT,
                                1,
                                null,
                                client.starts()
                                        .reserve(ACCOUNT, Priority.TRIGGER)
                                        .join(),
                                () -> true)),
                failureOf(() -> client.starts()
                        .trigger(
                                new TriggerRequest(ACCOUNT, 2, "x", null, null, null, null),
                                client.starts()
                                        .reserve(ACCOUNT, Priority.TRIGGER)
                                        .join(),
                                () -> true)));

        assertThat(failures).allSatisfy(failure -> assertThat(failure.detail()).contains("not followed"));
        assertThat(requests()).isEqualTo(4);
        assertThat(requestsToOther()).isZero();
    }
}
