package org.dbtrelay.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.flow.PollSchedule;
import org.dbtrelay.flow.SimPolls;
import org.dbtrelay.ledger.SimLedger;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.sim.SimResponse;
import org.dbtrelay.testkit.HandTurnedClock;
import org.jboss.resteasy.reactive.RestResponse;
import org.junit.jupiter.api.Test;

/** Each run that is due gets one answer, whatever dbt Cloud does. */
class PollerTest {

    private static final Target HERE = new Target("default", 1);
    private static final long RUN = 70;

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private final PollSchedule polls = new PollSchedule();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final BlockingQueue<Input> inbox = new LinkedBlockingQueue<>();
    private final AtomicInteger requests = new AtomicInteger();
    private volatile Supplier<Uni<RestResponse<InputStream>>> answer = () -> ok("1");
    private final Poller poller =
            new Poller(SimLedger.ownersThatDropAll(), polls, connections(), clock, SimMetrics.on(registry));

    @Test
    void tellsOfARunThatIsDue() throws InterruptedException {
        poll(HERE, Duration.ZERO);

        poller.pollNow(HERE);

        assertThat(next()).isInstanceOfSatisfying(Input.RunObserved.class, observed -> {
            assertThat(observed.commandId()).isEqualTo("c1");
            assertThat(observed.run().runId()).isEqualTo(RUN);
            assertThat(observed.run().status()).isEqualTo(JobRunStatus.Known.QUEUED);
        });
        assertThat(polls.size()).as("the decision schedules the next poll").isZero();
    }

    @Test
    void leavesARunAloneThatIsNotDue() throws InterruptedException {
        poll(HERE, Duration.ofSeconds(10));
        poll(HERE, "due", Duration.ZERO);

        poller.pollNow(HERE);

        assertThat(next().commandIdOrNull()).isEqualTo("due");
        assertThat(inbox).isEmpty();
        assertThat(polls.size()).isOne();
    }

    @Test
    void tellsOfARunThatDbtCloudDoesNotKnow() throws InterruptedException {
        answer = () -> Uni.createFrom().item(SimResponse.error(404, "not found"));
        poll(HERE, Duration.ZERO);

        poller.pollNow(HERE);

        assertThat(next()).isEqualTo(new Input.RunNotFound("c1", RUN));
    }

    @Test
    void tellsOfAFailedCall() throws InterruptedException {
        answer = () -> Uni.createFrom().item(SimResponse.error(500, "out of order"));
        poll(HERE, Duration.ZERO);

        poller.pollNow(HERE);

        assertThat(next())
                .isInstanceOfSatisfying(
                        Input.CallFailed.class,
                        failed -> assertThat(failed.failure().detail()).contains("500", "out of order"));
    }

    @Test
    void answersForAConnectionThatIsGone() throws InterruptedException {
        Target gone = new Target("gone", 1);
        poll(gone, Duration.ZERO);

        poller.pollNow(gone);

        assertThat(next())
                .isInstanceOfSatisfying(
                        Input.CallFailed.class,
                        failed -> assertThat(failed.failure()).isInstanceOf(CallFailure.NotSent.class));
    }

    /** An account whose round has ended with an internal error is polled again. */
    @Test
    void goesOnAfterAnInternalError() throws InterruptedException {
        answer = () -> {
            throw new IllegalStateException("a test's internal error");
        };
        poll(HERE, Duration.ZERO);
        poller.pollNow(HERE);
        assertThat(next()).isInstanceOf(Input.CallFailed.class);

        answer = () -> ok("3");
        poll(HERE, Duration.ZERO);
        // The first round may be about to end: it takes the run, or the second one does.
        poller.pollNow(HERE);
        while (inbox.isEmpty()) {
            poller.pollNow(HERE);
            Thread.onSpinWait();
        }

        assertThat(next()).isInstanceOf(Input.RunObserved.class);
    }

    @Test
    void hasOneRoundPerAccountAtATime() throws InterruptedException {
        CompletableFuture<RestResponse<InputStream>> held = new CompletableFuture<>();
        CompletableFuture<Void> asked = new CompletableFuture<>();
        answer = () -> {
            asked.complete(null);
            return Uni.createFrom().completionStage(held);
        };
        poll(HERE, Duration.ZERO);
        poller.pollNow(HERE);
        asked.join();

        answer = () -> ok("3");
        poll(HERE, "c2", Duration.ZERO);
        poller.pollNow(HERE);
        assertThat(requests).as("no second round while one is under way").hasValue(1);

        held.complete(SimResponse.json(200, run("1")));
        assertThat(next().commandIdOrNull()).isEqualTo("c1");
        assertThat(next().commandIdOrNull()).as("the same round polls it").isEqualTo("c2");
    }

    @Test
    void pollsEachAccountAtATick() throws InterruptedException {
        poll(HERE, Duration.ZERO);
        poll(new Target("gone", 2), "c2", Duration.ZERO);

        poller.tick();

        assertThat(new String[] {next().commandIdOrNull(), next().commandIdOrNull()})
                .containsExactlyInAnyOrder("c1", "c2");
    }

    @Test
    void measuresHowLateAPollWas() throws InterruptedException {
        poll(HERE, Duration.ofSeconds(-3));

        poller.pollNow(HERE);
        next();

        assertThat(registry.get("relay.poll.lag").timer().max(TimeUnit.SECONDS)).isEqualTo(3);
    }

    private void poll(Target target, Duration in) {
        poll(target, "c1", in);
    }

    private void poll(Target target, String commandId, Duration in) {
        SimPolls.add(
                polls,
                new Action.SchedulePoll(commandId, target, RUN, clock.instant().plus(in), 0),
                // Long ago, so that no run is polled early for the half of its time that is over.
                clock.instant(),
                inbox::add);
    }

    private Input next() throws InterruptedException {
        Input next = inbox.poll(30, TimeUnit.SECONDS);
        assertThat(next).as("an answer").isNotNull();
        return next;
    }

    private static Uni<RestResponse<InputStream>> ok(String status) {
        return Uni.createFrom().item(SimResponse.json(200, run(status)));
    }

    private static String run(String status) {
        return """
                {"status":{"code":200,"is_success":true},"data":{"id":%d,"account_id":1,"project_id":11,
                "environment_id":21,"job_definition_id":7,"status":%s,"created_at":"2026-11-22T09:59:00Z"}}""".formatted(RUN, status);
    }

    private Connections connections() {
        RelayConfig config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                .withSources(new PropertiesConfigSource(
                        Map.of(
                                "relay.connections.default.host", "https://cloud.example",
                                "relay.connections.default.account-id", "1",
                                "relay.connections.default.token", "dbtc_secret-token-1234567890"),
                        "poller",
                        1000))
                .build()
                .getConfigMapping(RelayConfig.class);
        SimConnections.Api api = (SimConnections.Api) Proxy.newProxyInstance(
                PollerTest.class.getClassLoader(),
                new Class<?>[] {SimConnections.Api.class},
                (proxy, method, arguments) -> {
                    requests.incrementAndGet();
                    return answer.get();
                });
        Connections connections =
                new SimConnections(config, api, clock, new Monotonic(), SimMetrics.none()).connections();
        connections.share(1);
        return connections;
    }
}
