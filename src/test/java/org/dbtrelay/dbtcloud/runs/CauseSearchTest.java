package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.AgainstWireMock;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(QuietQuarkus.class)
class CauseSearchTest extends AgainstEmulator {

    private static final String MARKER = "[relay:test:abcdefghijklmnop]";

    private Optional<RunSnapshot> find(Long above, Instant notBefore) throws DbtCloudException {
        return client.searches().find(account, job, MARKER, above, notBefore);
    }

    private Instant quarterOfAnHourAgo() {
        return clock.instant().minus(Duration.ofMinutes(15));
    }

    private CallFailure triggerUnclear() {
        return AgainstWireMock.failureOf(() -> client.starts()
                .trigger(
                        new TriggerRequest(account, job, MARKER + " because", null, null, null, null),
                        client.starts().reserve(account, Priority.TRIGGER).join(),
                        () -> true));
    }

    @Test
    void findsTheRunOfALostAnswer() throws DbtCloudException {
        // Given
        emulator.faults().next(1).on(Endpoint.TRIGGER).loseAnswerAfterCreating();
        assertThat(triggerUnclear()).isInstanceOf(CallFailure.Unclear.class);

        // When
        Optional<RunSnapshot> found = find(null, quarterOfAnHourAgo());

        // Then
        assertThat(found.map(RunSnapshot::runId))
                .contains(emulator.runsByCause(MARKER).getFirst().id());
        assertThat(emulator.counters().requests().getLast().query())
                .containsEntry("include_related", "trigger")
                .containsEntry("order_by", "-id")
                .containsEntry("job_definition_id", String.valueOf(job))
                .containsEntry("limit", "100");
        assertThat(lists()).isEqualTo(1);
        assertThat(emulator.count(Endpoint.TRIGGER)).isEqualTo(1);
    }

    @Test
    void findsNothingWhereNothingWasStarted() throws DbtCloudException {
        emulator.faults().next(1).on(Endpoint.TRIGGER).loseAnswerBeforeCreating();
        assertThat(triggerUnclear()).isInstanceOf(CallFailure.Unclear.class);
        emulator.triggerByOther(job, "another cause");

        assertThat(find(null, quarterOfAnHourAgo())).isEmpty();
    }

    @Test
    void runsOfTheCommandThatAreKnownAreNotFoundAgain() throws DbtCloudException {
        long first = emulator.triggerByOther(job, MARKER).id();
        long second = emulator.triggerByOther(job, MARKER).id();

        assertThat(client.searches()
                        .find(account, job, MARKER, first, quarterOfAnHourAgo(), Set.of(first))
                        .map(RunSnapshot::runId))
                .contains(second);
        assertThat(client.searches().find(account, job, MARKER, first, quarterOfAnHourAgo(), Set.of(first, second)))
                .isEmpty();
    }

    @Test
    void pagesOnHoweverManyRunsAreNewer() throws DbtCloudException {
        RunView ours = emulator.triggerByOther(job, MARKER);
        emulator.seedRuns(job, 750);

        assertThat(find(null, quarterOfAnHourAgo()).map(RunSnapshot::runId)).contains(ours.id());
        assertThat(lists()).isEqualTo(8);
    }

    @Test
    void stopsAtTheHighestRunKnownBefore() throws DbtCloudException {
        emulator.seedOlderRuns(job, 500);
        long known = emulator.triggerByOther(job, "before").id();
        clock.advance(Duration.ofMinutes(20));
        emulator.seedRuns(job, 120);

        assertThat(find(known, quarterOfAnHourAgo())).isEmpty();
        assertThat(lists()).isEqualTo(2);
    }

    @Test
    void aRunAboveTheHighestKnownBeforeIsFoundHoweverOldItSeemsToBe() throws DbtCloudException {
        long known = emulator.triggerByOther(job, "before").id();
        long ours = emulator.triggerByOther(job, MARKER).id();
        emulator.seedRuns(job, 120);
        clock.advance(Duration.ofHours(2));
        emulator.seedRuns(job, 10);

        assertThat(find(null, quarterOfAnHourAgo())).isEmpty();
        assertThat(find(known, quarterOfAnHourAgo()).map(RunSnapshot::runId)).contains(ours);
    }

    @Test
    void stopsAtRunsThatAreTooOld() throws DbtCloudException {
        emulator.seedOlderRuns(job, 500);
        emulator.triggerByOther(job, "old");
        clock.advance(Duration.ofMinutes(20));
        emulator.triggerByOther(job, "young");

        assertThat(find(null, quarterOfAnHourAgo())).isEmpty();
        assertThat(lists()).isEqualTo(1);
    }

    @Test
    void aJobWithoutRunsHasNone() throws DbtCloudException {
        assertThat(find(null, quarterOfAnHourAgo())).isEmpty();
        assertThat(lists()).isEqualTo(1);
        assertThat(client.retries().ofNewest(account, job)).isEmpty();
    }

    @Test
    void ofTwoItGivesTheOlder() throws DbtCloudException {
        long older = emulator.triggerByOther(job, MARKER + " once").id();
        emulator.triggerByOther(job, MARKER + " twice");

        assertThat(find(null, quarterOfAnHourAgo()).map(RunSnapshot::runId)).contains(older);
    }

    @Test
    void aRunThatShowsLateIsFoundLater() throws DbtCloudException {
        emulator.faults().next(1).on(Endpoint.TRIGGER).hideRunFromLists(Duration.ofSeconds(30));
        long id = client.starts()
                .trigger(
                        new TriggerRequest(account, job, MARKER, null, null, null, null),
                        client.starts().reserve(account, Priority.TRIGGER).join(),
                        () -> true)
                .runId();

        assertThat(find(null, quarterOfAnHourAgo())).isEmpty();
        clock.advance(Duration.ofSeconds(31));
        assertThat(find(null, quarterOfAnHourAgo()).map(RunSnapshot::runId)).contains(id);
    }

    @Test
    void aFailedSearchIsNoFinding() {
        emulator.faults().next(1).on(Endpoint.LIST_RUNS).htmlStatus(500);

        assertThat(AgainstWireMock.failureOf(() -> find(null, quarterOfAnHourAgo())))
                .isInstanceOf(CallFailure.Unclear.class);
    }

    @Test
    void theRunsInFlightAndTheNewestAreListed() throws DbtCloudException {
        emulator.seedOlderRuns(job, 3);
        var runs = inFlight(130);

        assertThat(client.runs().inFlight(account, job).stream().map(RunSnapshot::runId))
                .containsExactlyElementsOf(runs);
        assertThat(client.retries()
                        .ofNewest(account, job)
                        .map(newest -> newest.run().runId()))
                .contains(runs.getLast());
        assertThat(lists()).isEqualTo(3);
    }
}
