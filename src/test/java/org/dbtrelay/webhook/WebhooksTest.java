package org.dbtrelay.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Uni;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.flow.PollSchedule;
import org.dbtrelay.flow.SimPolls;
import org.dbtrelay.ledger.SimLedger;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.testkit.HandTurnedClock;
import org.dbtrelay.watch.SimPoller;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A signed webhook is a hint: to this instance if it follows the run, else to the others. */
class WebhooksTest {

    private static final long ACCOUNT = 1;
    private static final long RUN = 70;

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final PollSchedule polls = new PollSchedule();
    private final CountDownLatch polled = new CountDownLatch(1);
    private final List<Hint> sent = new ArrayList<>();
    private final RelayConfig config = config();
    private final Connections connections = connections();
    private final DbtCloudClient client = connections.find("default").orElseThrow();
    private final Hints hints = new Hints(
            polls,
            SimPoller.poller(SimLedger.ownersThatDropAll(), polls, connections, clock, SimMetrics.none()),
            SimPoller.lister(
                    SimPolls.observations(), null, connections, config, clock, new Monotonic(), SimMetrics.none()),
            new HintTopic(new KafkaSettings(Map.of(), config), config, () -> null) {
                @Override
                void send(Hint hint) {
                    sent.add(hint);
                }
            },
            clock);
    private final Webhooks webhooks = new Webhooks(hints, SimMetrics.on(registry));

    @Test
    void pollsARunThatThisInstanceFollowsAtOnce() throws InterruptedException {
        follow(Duration.ofHours(1));

        webhooks.signed(client, body("wev_1", ACCOUNT));

        assertThat(polled.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(sent).isEmpty();
        assertThat(counted("taken")).isOne();
    }

    @Test
    void passesAHintOnForARunThatItDoesNotFollow() {
        webhooks.signed(client, body("wev_1", ACCOUNT));

        assertThat(sent).containsExactly(new Hint(ACCOUNT, RUN));
    }

    /** Else two instances would send each other a hint for ever. */
    @Test
    void passesNoHintOnThatWasPassedOn() throws InterruptedException {
        hints.passedOn(new Hint(ACCOUNT, RUN));
        assertThat(sent).isEmpty();

        follow(Duration.ofHours(1));
        hints.passedOn(new Hint(ACCOUNT, RUN));
        assertThat(polled.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(sent).isEmpty();
    }

    @Test
    void takesARepeatedEventOnce() {
        webhooks.signed(client, body("wev_1", ACCOUNT));
        webhooks.signed(client, body("wev_1", ACCOUNT));
        webhooks.signed(client, body("wev_2", ACCOUNT));

        assertThat(sent).hasSize(2);
        assertThat(counted("taken")).isEqualTo(2);
        assertThat(counted("repeated")).isOne();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"{\"accountId\":2,\"data\":{\"runId\":\"70\"}} | other_account", "{\"test\":true} | no_run"})
    void countsOneWithoutARunOfItsAccount(String body, String outcome) {
        webhooks.signed(client, body.getBytes(StandardCharsets.UTF_8));

        assertThat(sent).isEmpty();
        assertThat(counted(outcome)).isOne();
    }

    @Test
    void countsAWrongSignature() {
        webhooks.refused("default");

        assertThat(counted("wrong_signature")).isOne();
    }

    private double counted(String outcome) {
        return registry.get("relay.webhooks")
                .tag("connection", "default")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    private void follow(Duration in) {
        SimPolls.add(
                polls,
                new Action.SchedulePoll(
                        "c1",
                        new Target("default", ACCOUNT),
                        RUN,
                        clock.instant().plus(in),
                        0),
                clock.instant(),
                input -> {});
    }

    private static byte[] body(String event, long account) {
        return "{\"eventId\":\"%s\",\"accountId\":%d,\"data\":{\"runId\":\"%d\"}}"
                .formatted(event, account, RUN)
                .getBytes(StandardCharsets.UTF_8);
    }

    private Connections connections() {
        SimConnections.Api api = (SimConnections.Api) Proxy.newProxyInstance(
                WebhooksTest.class.getClassLoader(),
                new Class<?>[] {SimConnections.Api.class},
                (proxy, method, arguments) -> {
                    polled.countDown();
                    return Uni.createFrom().nothing();
                });
        Connections all = new SimConnections(config, api, clock, new Monotonic(), SimMetrics.none()).connections();
        all.share(1);
        return all;
    }

    private static RelayConfig config() {
        return TestConnections.config(Map.of(
                "relay.connections.default.host", "https://cloud.example",
                "relay.connections.default.account-id", Long.toString(ACCOUNT),
                "relay.connections.default.token", "dbtc_secret-token-1234567890"));
    }
}
