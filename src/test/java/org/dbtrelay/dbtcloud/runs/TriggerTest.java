package org.dbtrelay.dbtcloud.runs;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.equalToJson;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlEqualTo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.http.Fault;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.connection.AgainstWireMock;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The one call that must not be repeated: what each fate of it is taken for, and that there was one request. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class TriggerTest extends AgainstWireMock {

    private static final long JOB = 559062;
    private static final String PATH = "/api/v2/accounts/" + ACCOUNT + "/jobs/" + JOB + "/run/";
    private static final String QUEUED = envelope("{\"id\":70403110257794,\"job_id\":559062,\"status\":1,"
            + "\"created_at\":\"2026-11-22 10:00:00.5+00:00\",\"trigger\":{\"cause\":\"[relay:x:y] because\"},"
            + "\"job\":{\"id\":559062,\"name\":\"daily\"}}");

    private static TriggerRequest request() {
        return new TriggerRequest(ACCOUNT, JOB, "because", null, null, null, null);
    }

    private RunSnapshot trigger(TriggerRequest request) throws DbtCloudException {
        return client.starts().trigger(request, permit(), () -> true);
    }

    /** As after a probe that was answered well: an account that dbt Cloud refuses gives no permits. */
    private Permit permit() {
        client.calls().suspension(ACCOUNT).resume();
        return client.starts().reserve(ACCOUNT, Priority.TRIGGER).join();
    }

    private CallFailure failureOfTrigger() {
        return failureOf(() -> trigger(request()));
    }

    private void answer(ResponseDefinitionBuilder answer) {
        server.stubFor(post(urlEqualTo(PATH)).willReturn(answer));
    }

    @Test
    void givesTheNewRun() throws DbtCloudException {
        answer(okJson(QUEUED));

        RunSnapshot run = trigger(request());

        assertThat(run.runId()).isEqualTo(70403110257794L);
        assertThat(run.jobName()).isEqualTo("daily");
        assertThat(run.status()).isEqualTo(JobRunStatus.Known.QUEUED);
        assertThat(run.triggerCause()).isEqualTo("[relay:x:y] because");
        assertThat(run.createdAt()).isEqualTo(Instant.parse("2026-11-22T10:00:00.5Z"));
    }

    @Test
    void sendsWhatIsThereAndLeavesOutTheRest() throws DbtCloudException {
        // Given
        answer(okJson(QUEUED));

        // When
        trigger(request());
        trigger(new TriggerRequest(
                ACCOUNT,
                JOB,
                "because",
                List.of("dbt build --select a", "dbt test"),
                "ci",
                "{\"git_branch\":\"main\",\"threads_override\":8,\"cause\":\"other\",\"schema_override\":\"other\"}",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));

        // Then
        server.verify(postRequestedFor(urlEqualTo(PATH))
                .withHeader("Authorization", equalTo("Token " + TestConnections.TOKEN))
                .withHeader("Accept", equalTo("application/json"))
                .withHeader("Content-Type", equalTo("application/json"))
                .withHeader("User-Agent", equalTo("dbt-cloud-relay/1.2.3"))
                .withHeader("Connection", equalTo("close"))
                .withoutHeader("traceparent")
                .withRequestBody(equalToJson("{\"cause\":\"because\"}")));
        server.verify(postRequestedFor(urlEqualTo(PATH))
                .withHeader("traceparent", equalTo("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
                .withRequestBody(equalToJson("""
                {"cause":"because","steps_override":["dbt build --select a","dbt test"],"schema_override":"ci",
                 "git_branch":"main","threads_override":8}""")));
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 201, 202})
    void every2xxWithARunIsGood(int status) throws DbtCloudException {
        answer(aResponse().withStatus(status).withBody(QUEUED));

        assertThat(trigger(request()).runId()).isEqualTo(70403110257794L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "not json", "\"text\""})
    void aConfigThatIsNoObjectIsRefusedUnsent(String config) {
        CallFailure failure = failureOf(() -> trigger(new TriggerRequest(ACCOUNT, JOB, "x", null, null, config, null)));

        assertThat(failure).isInstanceOf(CallFailure.Refused.class);
        assertThat(requests()).isZero();
    }

    // surely not sent

    @Test
    void afterTheSendWindowNothingIsSentAndTheConnectionIsGivenBack() throws DbtCloudException {
        // Given
        answer(okJson(QUEUED));
        int moreThanThePool = 100;

        // When
        for (int i = 0; i < moreThanThePool; i++) {
            CallFailure failure = failureOf(() -> client.starts().trigger(request(), permit(), () -> false));
            assertThat(failure).isInstanceOf(CallFailure.NotSent.class);
            assertThat(failure.detail()).contains("send window");
        }

        // Then
        assertThat(requests()).isZero();
        assertThat(trigger(request()).runId()).isEqualTo(70403110257794L);
    }

    @Test
    void theSendWindowIsCheckedWhenTheConnectionStands() throws IOException {
        try (ServerSocket accepting = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Given
            AtomicReference<Socket> accepted = new AtomicReference<>();
            CompletableFuture<Void> connected = CompletableFuture.runAsync(() -> {
                try {
                    accepted.set(accepting.accept());
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            client = TestConnections.client("http://127.0.0.1:" + accepting.getLocalPort(), Map.of());
            AtomicBoolean stoodWhenAsked = new AtomicBoolean();

            // When
            CallFailure failure = failureOf(() -> client.starts().trigger(request(), permit(), () -> {
                connected.join();
                stoodWhenAsked.set(accepted.get() != null);
                return false;
            }));

            // Then
            assertThat(failure).isInstanceOf(CallFailure.NotSent.class);
            assertThat(stoodWhenAsked).isTrue();
            assertThat(accepted.get().getInputStream().readAllBytes()).isEmpty();
        }
    }

    @Test
    void aRefusedConnectionIsNotSent() {
        client = TestConnections.client(TestConnections.nobody().toString(), Map.of());

        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.NotSent.class);
    }

    @Test
    void anUnknownHostIsNotSent() {
        client = TestConnections.client("http://no-such-host.invalid", Map.of("read-timeout", "20s"));

        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.NotSent.class);
    }

    @Test
    void aFailedTlsHandshakeIsNotSent() {
        client = TestConnections.client("https://127.0.0.1:" + server.port(), Map.of("read-timeout", "20s"));

        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.NotSent.class);
        assertThat(requests()).isZero();
    }

    @Test
    void aTokenThatCannotBeReadSuspends() {
        client = client(Map.of("token-file", "/no/such/file"));

        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.Suspended.class);
        assertThat(requests()).isZero();
    }

    // unclear

    @ParameterizedTest
    @EnumSource(Fault.class)
    void aLostAnswerIsUnclear(Fault fault) {
        answer(aResponse().withFault(fault));

        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.Unclear.class);
        assertThat(requests()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 500, 502, 503, 504})
    void statusesThatMayHideARunAreUnclear(int status) {
        answer(aResponse()
                .withStatus(status)
                .withHeader("Content-Type", "text/html")
                .withBody("<html><body>Bad gateway</body></html>"));

        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.Unclear.class);
        assertThat(requests()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<html>We are down</html>",
                "",
                "{\"data\":",
                "{\"data\":null}",
                "{}",
                "{\"data\":{\"status\":1}}",
                "[]"
            })
    void aGoodStatusWithoutARunIsUnclear(String body) {
        answer(aResponse()
                .withStatus(200)
                .withHeader("Content-Type", "text/html")
                .withBody(body));

        CallFailure failure = failureOfTrigger();

        assertThat(failure).isInstanceOf(CallFailure.Unclear.class);
        assertThat(failure.detail()).contains("200", "text/html");
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void noContentIsUnclear() {
        answer(aResponse().withStatus(204));

        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.Unclear.class);
    }

    @Test
    void anAnswerAfterTheLimitIsUnclear() {
        client = client(Map.of("read-timeout", "3s"));
        answer(okJson(QUEUED).withFixedDelay(10_000));

        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.Unclear.class);
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void theLimitIsOnTheWholeCallAndNotOnEachRead() {
        client = client(Map.of("read-timeout", "3s"));
        // The first piece comes soon, and each soon after the one before: no time-out but that of the whole can strike.
        answer(okJson(QUEUED).withChunkedDribbleDelay(100, 20_000));
        long before = System.nanoTime();

        CallFailure failure = failureOfTrigger();

        assertThat(failure).isInstanceOf(CallFailure.Unclear.class);
        assertThat(failure.detail()).contains("3000 ms");
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(15));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"})
    void atTheLimitTheRequestIsTornDown(String beginningOfAnswer) throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Given
            client = TestConnections.client("http://127.0.0.1:" + silent.getLocalPort(), Map.of("read-timeout", "3s"));
            CompletableFuture<String> received = CompletableFuture.supplyAsync(() -> {
                try (Socket socket = silent.accept()) {
                    socket.setSoTimeout(20_000);
                    socket.getOutputStream().write(beginningOfAnswer.getBytes(StandardCharsets.UTF_8));
                    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                } catch (IOException e) {
                    return "not closed: " + e;
                }
            });

            // When
            CallFailure failure = failureOfTrigger();

            // Then
            assertThat(failure).isInstanceOf(CallFailure.Unclear.class);
            assertThat(received.join()).startsWith("POST " + PATH);
        }
    }

    @Test
    void anInterruptedTriggerIsUnclear() throws InterruptedException {
        // Given
        answer(okJson(QUEUED).withFixedDelay(10_000));
        client = client(Map.of("read-timeout", "20s"));
        AtomicReference<CallFailure> failure = new AtomicReference<>();
        AtomicBoolean stillInterrupted = new AtomicBoolean();
        Thread caller = Thread.startVirtualThread(() -> {
            failure.set(failureOfTrigger());
            stillInterrupted.set(Thread.currentThread().isInterrupted());
        });
        org.awaitility.Awaitility.await().until(() -> requests() == 1);

        // When
        caller.interrupt();
        caller.join();

        // Then
        assertThat(failure.get()).isInstanceOf(CallFailure.Unclear.class);
        assertThat(stillInterrupted).isTrue();
    }

    // answers that surely started nothing

    @Test
    void tooManyRequestsCoolTheAccountDown() {
        answer(aResponse().withStatus(429).withHeader("Retry-After", "17"));

        CallFailure failure = failureOfTrigger();

        assertThat(failure)
                .isInstanceOfSatisfying(
                        CallFailure.Limited.class,
                        limited -> assertThat(limited.pause()).isEqualTo(Duration.ofSeconds(17)));
        assertThat(client.calls().budget(ACCOUNT).coolingDownUntil()).isPresent();
        assertThat(client.starts().reserve(ACCOUNT, Priority.CANCEL)).isNotDone();
        assertThat(failureOf(() -> client.runs().run(ACCOUNT, 1, Priority.POLL)))
                .isInstanceOf(CallFailure.Limited.class);
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void tooManyRequestsWithoutATimeMeanFiveMinutes() {
        answer(aResponse().withStatus(429).withBody("<html>slow down</html>"));

        assertThat(failureOfTrigger())
                .isInstanceOfSatisfying(
                        CallFailure.Limited.class,
                        limited -> assertThat(limited.pause()).isEqualTo(Duration.ofMinutes(5)));
        assertThat(client.calls().budget(ACCOUNT).coolingDownUntil().orElseThrow())
                .isAfter(Instant.EPOCH);
        assertThat(client.calls().budget(ACCOUNT + 1).coolingDownUntil()).isEmpty();
    }

    @Test
    void aBadTokenSuspends() {
        answer(aResponse().withStatus(401).withBody(error(401, "Invalid token.", "null")));

        CallFailure failure = failureOfTrigger();

        assertThat(failure).isInstanceOf(CallFailure.Suspended.class);
        assertThat(failure.detail()).contains("Invalid token.", "wrong host");
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void theThree403s() {
        answer(aResponse()
                .withStatus(403)
                .withBody(error(403, "Access denied: Token is not scoped to account.", "null")));
        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.Suspended.class);

        answer(aResponse()
                .withStatus(403)
                .withBody(error(403, "Forbidden: Access denied", "{\"account_access_denied\":true}")));
        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.Suspended.class);

        answer(aResponse().withStatus(403).withBody(error(403, "You may not run this job.", "null")));
        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.Refused.class);

        assertThat(requests()).isEqualTo(3);
    }

    @Test
    void afterA401NothingIsStartedUntilTheAccountIsResumed() {
        answer(aResponse().withStatus(401).withBody(error(401, "Invalid token.", "null")));
        failureOfTrigger();

        CompletableFuture<Permit> waiting = client.starts().reserve(ACCOUNT, Priority.TRIGGER);
        CompletableFuture<Permit> another = client.starts().reserve(ACCOUNT + 1, Priority.TRIGGER);

        assertThat(another.join().isOpen()).as("another account goes on").isTrue();
        assertThat(waiting).isNotDone();
        assertThat(client.calls().suspended().get(ACCOUNT).detail()).contains("401");
        client.calls().suspension(ACCOUNT).resume();
        assertThat(waiting.join().isOpen()).isTrue();
        assertThat(client.calls().suspended()).isEmpty();
        waiting.join().close();
        another.join().close();
    }

    @Test
    void whoGivesUpAfterTheAccountIsResumedLeavesNoSlotTaken() {
        answer(aResponse().withStatus(401).withBody(error(401, "Invalid token.", "null")));
        failureOfTrigger();
        List<CompletableFuture<Permit>> waiting = List.of(
                client.starts().reserve(ACCOUNT, Priority.TRIGGER),
                client.starts().reserve(ACCOUNT, Priority.TRIGGER),
                client.starts().reserve(ACCOUNT, Priority.TRIGGER));

        // There is one slot: one of them has it, the others wait for it when they give up.
        client.calls().suspension(ACCOUNT).resume();
        assertThat(CompletableFuture.anyOf(waiting.toArray(CompletableFuture[]::new)))
                .succeedsWithin(Duration.ofSeconds(30));
        for (CompletableFuture<Permit> each : waiting) {
            if (!each.cancel(false)) {
                each.join().close();
            }
        }

        CompletableFuture<Permit> next = client.starts().reserve(ACCOUNT, Priority.TRIGGER);
        assertThat(next).succeedsWithin(Duration.ofSeconds(30));
        next.join().close();
    }

    @Test
    void anAbsentJobIsNotFound() {
        answer(aResponse().withStatus(404).withBody(error(404, "The requested resource was not found.", "null")));

        assertThat(failureOfTrigger()).isInstanceOf(CallFailure.NotFound.class);
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void theTwoShapesOf400() {
        answer(aResponse().withStatus(400).withBody(error(400, "Invalid.", "{\"threads_override\":\"not a number\"}")));
        assertThat(failureOfTrigger())
                .isEqualTo(new CallFailure.Refused(
                        "dbt Cloud answered 400: Invalid. ({\"threads_override\":\"not a number\"})",
                        400,
                        "threads_override"));

        answer(aResponse()
                .withStatus(400)
                .withBody(error(400, "Invalid.", "\"Additional properties are not allowed ('x' was unexpected)\"")));
        assertThat(failureOfTrigger())
                .isEqualTo(new CallFailure.Refused(
                        "dbt Cloud answered 400: Invalid. (Additional properties are not allowed ('x' was unexpected))",
                        400,
                        "x"));
        assertThat(requests()).isEqualTo(2);
    }

    /** 302 and 303 may be the answer to a request that was carried out, so the run is looked for. */
    @ParameterizedTest
    @CsvSource({"301, true", "302, false", "303, false", "307, true", "308, true"})
    void aRedirectIsNeverFollowedAndTellsTheFateOnlyWhereItIsSure(int status, boolean surelyNot) {
        server.stubFor(any(anyUrl()).willReturn(okJson(QUEUED)));
        answer(aResponse().withStatus(status).withHeader("Location", "/elsewhere/"));

        CallFailure failure = failureOfTrigger();

        assertThat(failure).isInstanceOf(surelyNot ? CallFailure.Refused.class : CallFailure.Unclear.class);
        assertThat(failure.detail()).contains("localhost", "not followed").doesNotContain("elsewhere");
        assertThat(requests()).isEqualTo(1);
    }

    @Test
    void anErrorThatEchoesTheTokenDoesNotShowIt() {
        answer(aResponse().withStatus(400).withBody(error(400, "Token " + TestConnections.TOKEN + "?", "null")));

        assertThat(failureOfTrigger().detail()).contains("Token ***?");
    }

    // permits

    @Test
    void aPermitIsForOneRequest() throws DbtCloudException {
        answer(okJson(QUEUED));
        Permit permit = permit();
        client.starts().trigger(request(), permit, () -> true);

        assertThatThrownBy(() -> client.starts().trigger(request(), permit, () -> true))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(requests()).isEqualTo(1);
    }
}
