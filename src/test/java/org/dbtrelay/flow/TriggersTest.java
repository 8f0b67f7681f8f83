package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.budget.TestBudgets;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.metrics.RelayTraces;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.StartCall;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

/** Calls that throw what no call should: each still gives an answer, and its permit back. */
class TriggersTest {

    private static final Target HERE = new Target("default", 1);
    private static final Target GONE = new Target("gone", 1);

    private final Clock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private final BlockingQueue<Input> inbox = new LinkedBlockingQueue<>();
    private final Reservations reservations = new Reservations();
    private final RequestBudget budget = TestBudgets.wide();
    private final Connections broken = broken();
    private final Triggers triggers = new Triggers(broken, new JobSwitches(), RelayTraces.none());

    @Test
    void aNewestRunThatCannotBeReadForAFaultOfOursIsAnAnswer() throws InterruptedException {
        triggers.reserve(reserve(HERE), reservations, inbox::add);

        assertThat(answer())
                .isInstanceOfSatisfying(
                        Input.CallFailed.class,
                        failed -> assertThat(failed.failure()).isInstanceOf(CallFailure.NotSent.class));
    }

    @Test
    void aBudgetThatFailsIsAnAnswer() throws InterruptedException {
        CompletableFuture<Permit> grant = new CompletableFuture<>();
        reservations.await(
                "c1",
                grant,
                () -> {},
                failure ->
                        inbox.add(new Input.CallFailed(reserve(HERE), new CallFailure.NotSent(failure.getMessage()))));

        grant.completeExceptionally(new IllegalStateException("closed"));

        assertThat(answer()).isInstanceOf(Input.CallFailed.class);
    }

    @Test
    void aStartOverAConnectionThatIsGoneGivesItsPermitBack() throws InterruptedException {
        Permit permit = budget.reserve(Priority.TRIGGER).join();

        triggers.start(start(GONE), permit, window(), inbox::add);

        assertThat(answer()).isInstanceOf(Input.StartFailed.class);
        assertThat(TestBudgets.isOpen(permit)).isFalse();
    }

    @Test
    void aStartThatThrowsIsUnclearAndGivesItsPermitBack() throws InterruptedException {
        Permit permit = budget.reserve(Priority.TRIGGER).join();

        triggers.start(start(HERE), permit, window(), inbox::add);

        assertThat(answer())
                .isInstanceOfSatisfying(
                        Input.StartFailed.class,
                        failed -> assertThat(failed.failure()).isInstanceOf(CallFailure.Unclear.class));
        assertThat(TestBudgets.isOpen(permit)).isFalse();
    }

    @Test
    void aRefusalStaysOneWhereItsReasonCannotBeAskedFor() throws InterruptedException {
        Permit permit = budget.reserve(Priority.TRIGGER).join();
        Action.Start refused = new Action.Start(
                "c1", 1, HERE, 7, new StartCall.Trigger(), "cause", new Overrides(null, null, "[]", Set.of()), null);

        triggers.start(refused, permit, window(), inbox::add);

        assertThat(answer()).isInstanceOf(Input.StartRefused.class);
    }

    private Input answer() throws InterruptedException {
        return inbox.poll(30, TimeUnit.SECONDS);
    }

    private static Action.ReserveStart reserve(Target target) {
        return new Action.ReserveStart("c1", target, 7, new StartCall.Trigger(), null);
    }

    private Action.Start start(Target target) {
        return new Action.Start("c1", 1, target, 7, new StartCall.Trigger(), "cause", Overrides.NONE, null);
    }

    private SendWindow window() {
        return new SendWindow(Duration.ofDays(1_000), clock.instant(), new Monotonic().nanos(), clock, new Monotonic());
    }

    private Connections broken() {
        SimConnections.Api api = (SimConnections.Api) Proxy.newProxyInstance(
                TriggersTest.class.getClassLoader(), new Class<?>[] {SimConnections.Api.class}, (_, _, _) -> {
                    throw new IllegalStateException("a fault of ours");
                });
        RelayConfig config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                .withSources(new PropertiesConfigSource(
                        Map.of(
                                "relay.connections.default.host", "https://ab123.us1.dbt.com",
                                "relay.connections.default.account-id", "1",
                                "relay.connections.default.token", "dbtc_test"),
                        "test",
                        1000))
                .build()
                .getConfigMapping(RelayConfig.class);
        return new SimConnections(config, api, clock, new Monotonic(), null).connections();
    }
}
