package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.stream.IntStream;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Faults by script. */
class DbtCloudEmulatorFaultsTest {
    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private DbtCloudEmulator emulator;
    private EmulatorClient client;
    private long job;

    @BeforeEach
    void start() {
        emulator = DbtCloudEmulator.builder().clock(clock).start();
        client = new EmulatorClient(emulator);
        job = emulator.world().jobNamed("Daily build").id();
    }

    @AfterEach
    void stop() {
        client.close();
        emulator.close();
    }

    @Test
    void anAnswerIsLostAfterTheRunWasCreated() {
        FaultRule rule = emulator.faults().next(1).on(Endpoint.TRIGGER).loseAnswerAfterCreating();

        assertThatThrownBy(() -> client.trigger(job, "lost")).hasCauseInstanceOf(IOException.class);

        assertThat(emulator.runsByCause("lost")).hasSize(1);
        assertThat(rule.hits()).isEqualTo(1);
        assertThat(client.trigger(job, "fine").status()).isEqualTo(200);
    }

    @Test
    void anAnswerIsLostBeforeTheRunIsCreated() {
        emulator.faults().next(1).on(Endpoint.TRIGGER).loseAnswerBeforeCreating();

        assertThatThrownBy(() -> client.trigger(job, "lost")).hasCauseInstanceOf(IOException.class);

        assertThat(emulator.runsByCause("lost")).isEmpty();
        assertThat(emulator.count(Endpoint.TRIGGER)).isEqualTo(1);
    }

    @Test
    void aConnectionIsReset() {
        emulator.faults().next(1).on(Endpoint.TRIGGER).resetAfterCreating();

        assertThatThrownBy(() -> client.trigger(job, "lost"))
                .hasRootCauseInstanceOf(IOException.class)
                .hasStackTraceContaining("reset");

        assertThat(emulator.runsByCause("lost")).hasSize(1);
    }

    @Test
    void anAnswerComesLate() {
        emulator.faults().next(1).on(Endpoint.TRIGGER).answerLateAfterCreating(Duration.ofSeconds(20));
        emulator.faults().next(1).on(Endpoint.CANCEL).answerLateBeforeCreating(Duration.ofSeconds(2));

        assertThatThrownBy(() -> client.send(client.request(client.account() + "jobs/" + job + "/run/")
                        .timeout(Duration.ofMillis(1500))
                        .POST(HttpRequest.BodyPublishers.ofString("{\"cause\":\"late\"}"))))
                .hasCauseInstanceOf(HttpTimeoutException.class);
        // Whoever gives up may do so before the request has arrived.
        await().untilAsserted(() -> assertThat(emulator.runsByCause("late")).hasSize(1));

        long id = emulator.runsByCause("late").getFirst().id();
        long before = System.nanoTime();
        assertThat(client.post("runs/" + id + "/cancel/", "")
                        .data()
                        .path("status")
                        .asInt())
                .isEqualTo(30);
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void aServerFailsWithOrWithoutHavingCreated() {
        emulator.faults().next(1).on(Endpoint.TRIGGER).status(503);
        emulator.faults().next(1).on(Endpoint.TRIGGER).htmlStatusAfterCreating(502);
        emulator.faults().next(1).on(Endpoint.TRIGGER).htmlStatusAfterCreating(200);
        emulator.faults().next(1).on(Endpoint.TRIGGER).emptyAfterCreating();
        emulator.faults().next(1).on(Endpoint.TRIGGER).garbledAfterCreating();

        EmulatorClient.Reply json = client.trigger(job, "a");
        assertThat(json.status()).isEqualTo(503);
        assertThat(json.json().path("status").path("code").asInt()).isEqualTo(503);
        EmulatorClient.Reply html = client.trigger(job, "b");
        assertThat(html.status()).isEqualTo(502);
        assertThat(html.response().headers().firstValue("content-type")).contains("text/html; charset=utf-8");
        assertThat(client.trigger(job, "c").body()).startsWith("<html>");
        assertThat(client.trigger(job, "d").body()).isEmpty();
        assertThat(client.trigger(job, "e").body()).startsWith("{\"status\"").doesNotEndWith("}");
        assertThat(emulator.runs()).extracting(RunView::cause).containsExactly("b", "c", "d", "e");
    }

    @Test
    void tooManyRequestsLockTheAccountOut() {
        emulator.faults().next(1).on(Endpoint.LIST_RUNS).tooManyRequests(Duration.ofMinutes(5));
        emulator.faults().next(1).on(Endpoint.LIST_JOBS).tooManyRequests(Duration.ZERO, "7");

        EmulatorClient.Reply first = client.get("runs/");
        assertThat(first.status()).isEqualTo(429);
        assertThat(first.response().headers().firstValue("retry-after")).isEmpty();
        clock.advance(Duration.ofSeconds(299));
        assertThat(client.trigger(job, "x").status()).isEqualTo(429);
        clock.advance(Duration.ofSeconds(1));
        assertThat(client.get("runs/").status()).isEqualTo(200);

        EmulatorClient.Reply told = client.get("jobs/");
        assertThat(told.status()).isEqualTo(429);
        assertThat(told.response().headers().firstValue("retry-after")).contains("7");
        assertThat(client.get("jobs/").status()).isEqualTo(200);
    }

    @Test
    void aBodyBreaksOffOrTrickles() {
        emulator.faults().next(1).on(Endpoint.LIST_JOBS).resetMidBody(100);
        emulator.faults().next(1).on(Endpoint.GET_JOB).slowBody(500, Duration.ofMillis(50));

        assertThatThrownBy(() -> client.get("jobs/")).hasCauseInstanceOf(IOException.class);

        long before = System.nanoTime();
        assertThat(client.get("jobs/" + job + "/").data().path("id").asLong()).isEqualTo(job);
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThan(Duration.ofMillis(100));
    }

    @Test
    void aNewRunShowsLate() {
        emulator.faults().next(1).on(Endpoint.TRIGGER).hideRun(Duration.ofSeconds(60), Duration.ofSeconds(10));
        emulator.faults().next(1).on(Endpoint.TRIGGER).loseAnswerAfterCreating();

        assertThatThrownBy(() -> client.trigger(job, "hidden")).hasCauseInstanceOf(IOException.class);

        long id = emulator.runsByCause("hidden").getFirst().id();
        assertThat(client.get("runs/" + id + "/").status()).isEqualTo(404);
        clock.advance(Duration.ofSeconds(10));
        assertThat(client.get("runs/" + id + "/").status()).isEqualTo(200);
        assertThat(client.get("runs/").data()).isEmpty();
        clock.advance(Duration.ofSeconds(50));
        assertThat(client.get("runs/").data()).hasSize(1);
    }

    @Test
    void aTokenIsRevokedReplacedOrRefusedForAWhile() {
        emulator.faults()
                .during(Duration.ofSeconds(30))
                .ofAccount(emulator.accountId())
                .invalidToken();
        assertThat(client.get("jobs/").status()).isEqualTo(401);
        clock.advance(Duration.ofSeconds(30));
        assertThat(client.get("jobs/").status()).isEqualTo(200);

        emulator.access().replace(emulator.token(), "fresh");
        assertThat(client.get("jobs/").status()).isEqualTo(401);
        assertThat(client.send(client.request(client.account() + "jobs/").setHeader("Authorization", "Bearer fresh"))
                        .status())
                .isEqualTo(200);
        emulator.access().revoke("fresh");
        emulator.access().allow(emulator.token(), emulator.accountId());
        assertThat(client.get("jobs/").status()).isEqualTo(200);
        emulator.faults().next(1).addressNotAllowed();
        assertThat(client.get("jobs/").data().path("account_access_denied").asBoolean())
                .isTrue();
    }

    @Test
    void aFilterIsRefusedAsIfUnknown() {
        FaultRule rule = emulator.faults().always().on(Endpoint.LIST_RUNS).refuseParameter("pk__in");

        EmulatorClient.Reply refused = client.get("runs/?pk__in=%5B1%5D");
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.data().asText())
                .isEqualTo("Additional properties are not allowed ('pk__in' was unexpected)");
        assertThat(client.get("runs/").status()).isEqualTo(200);
        rule.remove();
        assertThat(client.get("runs/?pk__in=%5B1%5D").status()).isEqualTo(200);
    }

    @Test
    void faultsCanBeLimitedToAJobDelayedAndRandom() {
        long other = emulator.world().jobNamed("Ledger build").id();
        emulator.faults().always().on(Endpoint.TRIGGER).ofJob(other).status(500);
        assertThat(client.trigger(job, "x").status()).isEqualTo(200);
        assertThat(client.trigger(other, "x").status()).isEqualTo(500);
        emulator.faults().clear();

        emulator.faults().next(1).after(2).on(Endpoint.GET_JOB).status(500);
        assertThat(IntStream.range(0, 4)
                        .map(i -> client.get("jobs/" + job + "/").status()))
                .containsExactly(200, 200, 500, 200);

        FaultRule random =
                emulator.faults().randomly(0.3, 42).on(Endpoint.GET_JOB).status(503);
        long failed = IntStream.range(0, 100)
                .map(i -> client.get("jobs/" + job + "/").status())
                .filter(status -> status == 503)
                .count();
        assertThat(failed).isBetween(15L, 45L).isEqualTo(random.hits());
    }

    @Test
    void theLimitOfRequestsAMinuteIsEnforcedOnDemand() {
        Behaviour limited = Behaviour.likely().requestsPerMinute(10);
        try (DbtCloudEmulator strict = DbtCloudEmulator.builder()
                        .clock(clock)
                        .behaviour(limited)
                        .start();
                EmulatorClient impatient = new EmulatorClient(strict)) {
            for (int i = 0; i < 10; i++) {
                assertThat(impatient.get("jobs/").status()).isEqualTo(200);
                clock.advance(Duration.ofSeconds(1));
            }
            assertThat(impatient.get("jobs/").status()).isEqualTo(429);
            clock.advance(Duration.ofMinutes(4));
            assertThat(impatient.get("jobs/").status()).isEqualTo(429);
            clock.advance(Duration.ofMinutes(1));
            assertThat(impatient.get("jobs/").status()).isEqualTo(200);
        }
    }

    @Test
    void theLogOfRequestsHoldsNoToken() {
        HttpResponse<String> response = client.send(client.request(client.account() + "jobs/" + job + "/run/")
                        .header("User-Agent", "relay/1")
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"cause\":\"logged\"}")))
                .response();
        assertThat(response.statusCode()).isEqualTo(200);

        ReceivedRequest logged = emulator.counters().requests().getLast();
        assertThat(logged.endpoint()).isEqualTo(Endpoint.TRIGGER);
        assertThat(logged.headers()).containsEntry("user-agent", "relay/1").containsEntry("authorization", "Token");
        assertThat(logged.body()).contains("logged");
        assertThat(logged.toString()).doesNotContain(emulator.token());
        assertThat(emulator.counters().snapshot()).containsEntry(Endpoint.TRIGGER, 1L);
        assertThat(emulator.counters().within(Duration.ofMinutes(1))).isEqualTo(1);
        clock.advance(Duration.ofMinutes(1));
        assertThat(emulator.counters().within(Duration.ofMinutes(1))).isZero();
        assertThat(emulator.counters().most(Duration.ofMinutes(1))).isEqualTo(1);
        emulator.counters().reset();
        assertThat(emulator.count(Endpoint.TRIGGER)).isZero();
    }
}
