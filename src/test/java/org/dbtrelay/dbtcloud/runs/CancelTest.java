package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.dbtcloud.connection.AgainstWireMock.failureOf;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.Map;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.emulator.Behaviour;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cancelling runs, ended ones among them: nobody has documented what dbt Cloud answers then. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class CancelTest extends AgainstEmulator {

    private void restart(Behaviour behaviour) {
        connections.close();
        emulator.close();
        emulator = DbtCloudEmulator.builder().clock(clock).behaviour(behaviour).start();
        connections = TestConnections.to(
                emulator.baseUrl(),
                clock,
                Map.of("account-id", String.valueOf(emulator.accountId()), "token", emulator.token()));
        client = connections.find("default").orElseThrow();
    }

    private long ended() {
        RunView run =
                emulator.triggerByOther(emulator.world().jobNamed("Daily build").id(), "x");
        clock.advance(Duration.ofMinutes(1));
        return run.id();
    }

    @Test
    void aQueuedRunIsCancelledAtOnce() throws DbtCloudException {
        long run = inFlight(2).getLast();

        assertThat(client.runs()
                        .cancel(account, run, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                        .status())
                .isEqualTo(JobRunStatus.Known.CANCELLED);

        assertThat(emulator.counters().requests().getLast().headers())
                .containsEntry("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    }

    @Test
    void anEndedRunStaysAsItIs() throws DbtCloudException {
        assertThat(client.runs().cancel(account, ended(), null).status()).isEqualTo(JobRunStatus.Known.SUCCESS);
        assertThat(gets()).isZero();
        assertThat(emulator.counters().requests().getLast().headers()).doesNotContainKey("traceparent");
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 405, 409, 422})
    void aRefusalForAnEndedRunIsHarmless(int status) throws DbtCloudException {
        restart(Behaviour.likely().endedCancelStatus(status));

        assertThat(client.runs().cancel(account, ended(), null).status()).isEqualTo(JobRunStatus.Known.SUCCESS);
        assertThat(emulator.count(Endpoint.CANCEL)).isEqualTo(1);
        assertThat(gets()).isEqualTo(1);
    }

    @Test
    void aRefusalForARunThatGoesOnIsThrown() {
        long run = inFlight(1).getFirst();
        emulator.faults().next(1).on(Endpoint.CANCEL).status(409);

        CallFailure failure = failureOf(() -> client.runs().cancel(account, run, null));

        assertThat(failure)
                .isInstanceOfSatisfying(
                        CallFailure.Refused.class,
                        refused -> assertThat(refused.status()).isEqualTo(409));
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403, 404, 429, 500})
    void otherFailuresAreThrownAtOnce(int status) {
        long run = ended();
        emulator.faults().next(1).on(Endpoint.CANCEL).status(status);

        assertThat(failureOf(() -> client.runs().cancel(account, run, null)))
                .isNotInstanceOf(CallFailure.Refused.class);
        assertThat(emulator.count(Endpoint.CANCEL)).isEqualTo(1);
        assertThat(gets()).isZero();
    }
}
