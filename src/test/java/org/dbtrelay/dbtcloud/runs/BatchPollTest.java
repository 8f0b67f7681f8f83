package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.AgainstWireMock;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(QuietQuarkus.class)
class BatchPollTest extends AgainstEmulator {

    private static List<Long> ids(PollResult answer) {
        return answer.seen().stream().map(RunSnapshot::runId).sorted().toList();
    }

    private void refusePkIn() {
        emulator.faults().always().on(Endpoint.LIST_RUNS).refuseParameter("pk__in");
    }

    @Test
    void oneRequestShowsAHundredRuns() throws DbtCloudException {
        List<Long> runs = inFlight(1000);

        PollResult answer = client.polls().runs(account, runs);

        assertThat(ids(answer)).isEqualTo(runs);
        assertThat(answer.missing()).isEmpty();
        assertThat(answer.failure()).isEmpty();
        assertThat(lists()).isEqualTo(10);
        assertThat(gets()).isZero();
        assertThat(emulator.counters().requests())
                .allSatisfy(request -> assertThat(request.query())
                        .containsEntry("limit", "100")
                        .containsKey("pk__in")
                        .doesNotContainKeys("include_related", "offset", "status__in"));
        assertThat(emulator.counters().requests().getFirst().query().get("pk__in"))
                .startsWith("[" + runs.getFirst() + "," + runs.get(1))
                .endsWith("]");
    }

    @Test
    void runsThatHaveEndedAreSeenToo() throws DbtCloudException {
        List<Long> runs = inFlight(3);
        emulator.finishRun(runs.get(1), RunStatus.ERROR);

        PollResult answer = client.polls().runs(account, runs);

        assertThat(ids(answer)).isEqualTo(runs);
        assertThat(answer.seen()).anyMatch(run -> run.status() == JobRunStatus.Known.ERROR);
        assertThat(lists()).isEqualTo(1);
    }

    @Test
    void aSingleRunIsReadByItself() throws DbtCloudException {
        List<Long> runs = inFlight(1);

        assertThat(ids(client.polls().runs(account, runs))).isEqualTo(runs);
        assertThat(client.polls().runs(account, List.of()).seen()).isEmpty();

        assertThat(lists()).isZero();
        assertThat(gets()).isEqualTo(1);
    }

    @Test
    void aRunThatIsNotListedIsMissingOnlyAfterA404() throws DbtCloudException {
        List<Long> runs = inFlight(2);
        emulator.faults().next(1).on(Endpoint.GET_RUN).htmlStatus(502);
        List<Long> asked = new ArrayList<>(runs);
        asked.add(1L);

        PollResult first = client.polls().runs(account, asked);
        PollResult second = client.polls().runs(account, asked);

        assertThat(ids(first)).isEqualTo(runs);
        assertThat(first.missing()).isEmpty();
        assertThat(first.failure()).containsInstanceOf(CallFailure.Unclear.class);
        assertThat(second.missing()).containsExactly(1L);
        assertThat(second.failure()).isEmpty();
        assertThat(lists()).isEqualTo(2);
        assertThat(gets()).isEqualTo(2);
    }

    @Test
    void whereTheFilterIsRefusedRunsInFlightAreListed() throws DbtCloudException {
        // Given
        List<Long> runs = inFlight(1000);
        refusePkIn();

        // When
        PollResult first = client.polls().runs(account, runs);
        long ofFirst = lists();
        PollResult second = client.polls().runs(account, runs);

        // Then
        assertThat(ids(first)).isEqualTo(runs);
        assertThat(ids(second)).isEqualTo(runs);
        assertThat(ofFirst).isEqualTo(11);
        assertThat(lists() - ofFirst).isEqualTo(10);
        assertThat(gets()).isZero();
        assertThat(emulator.counters().requests().getLast().query())
                .containsEntry("status__in", "[1,2,3]")
                .containsEntry("order_by", "id")
                .containsEntry("limit", "100")
                .containsKey("id__gt")
                .doesNotContainKey("include_related");
    }

    @Test
    void whatHasLeftTheListIsReadSingly() throws DbtCloudException {
        List<Long> runs = inFlight(150);
        refusePkIn();
        client.polls().runs(account, runs);
        emulator.counters().reset();
        emulator.finishRun(runs.getFirst(), RunStatus.SUCCESS);
        emulator.finishRun(runs.getLast(), RunStatus.CANCELLED);

        PollResult answer = client.polls().runs(account, runs);

        assertThat(ids(answer)).isEqualTo(runs);
        assertThat(answer.seen().stream().filter(run -> run.status().isTerminal()))
                .hasSize(2);
        assertThat(gets()).isEqualTo(2);
        assertThat(lists()).isLessThanOrEqualTo(2);
    }

    @Test
    void fewRunsAmongManyOthersDoNotCostTheWholeList() throws DbtCloudException {
        List<Long> all = inFlight(600);
        refusePkIn();

        PollResult answer = client.polls().runs(account, List.of(all.getFirst(), all.getLast()));

        assertThat(ids(answer)).containsExactly(all.getFirst(), all.getLast());
        assertThat(lists() + gets()).isLessThanOrEqualTo(4);
    }

    @Test
    void theFilterIsTriedAgainAfterAnHour() throws DbtCloudException {
        List<Long> runs = inFlight(2);
        var refusal = emulator.faults().always().on(Endpoint.LIST_RUNS).refuseParameter("pk__in");
        client.polls().runs(account, runs);
        refusal.remove();
        emulator.counters().reset();

        clock.advance(Duration.ofMinutes(59));
        client.polls().runs(account, runs);
        assertThat(emulator.counters().requests().getLast().query()).doesNotContainKey("pk__in");

        clock.advance(Duration.ofMinutes(2));
        client.polls().runs(account, runs);
        assertThat(emulator.counters().requests().getLast().query()).containsKey("pk__in");
    }

    @Test
    void aPageThatFailsCostsOnlyItsOwnRuns() throws DbtCloudException {
        List<Long> runs = inFlight(250);
        client.polls().runs(account, runs);
        emulator.counters().reset();
        emulator.faults().next(1).on(Endpoint.LIST_RUNS).htmlStatus(503);

        PollResult answer = client.polls().runs(account, runs);

        assertThat(answer.seen().size()).isIn(150, 200);
        assertThat(answer.missing()).isEmpty();
        assertThat(answer.failure()).containsInstanceOf(CallFailure.Unclear.class);
        assertThat(lists()).isEqualTo(3);
        assertThat(gets()).isZero();
    }

    @Test
    void whenNothingIsAnsweredItFails() {
        List<Long> runs = inFlight(2);
        emulator.faults().always().on(Endpoint.LIST_RUNS).status(400);

        assertThat(AgainstWireMock.failureOf(() -> client.polls().runs(account, runs)))
                .isInstanceOf(CallFailure.Refused.class);
        assertThat(gets()).isZero();
    }

    @Test
    void a429EndsTheRoundAtOnce() throws DbtCloudException {
        List<Long> runs = inFlight(500);
        client.polls().runs(account, runs);
        emulator.counters().reset();
        emulator.faults().next(1).on(Endpoint.LIST_RUNS).after(1).tooManyRequests(Duration.ofMinutes(5));

        PollResult answer = client.polls().runs(account, runs);

        assertThat(answer.seen()).hasSizeGreaterThanOrEqualTo(100).hasSizeLessThan(500);
        assertThat(answer.failure()).containsInstanceOf(CallFailure.Limited.class);
        assertThat(client.calls().budget(account).coolingDownUntil()).isPresent();
        assertThat(gets()).isZero();
    }
}
