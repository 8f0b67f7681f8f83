package org.dbtrelay.run.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.dbtrelay.run.command.Observed;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunFilter;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.observe.ListedRun.Standing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ObservationTest {

    private static final String MARKER = "[relay:sim:0123456789abcdef]";
    private static final Duration OVERLAP = Duration.ofMinutes(2);
    private static final int ROOM = 1_000;

    private Instant now = SampleRun.T0;
    private long nanos = 7_000;
    private Observation observation = observation(RunFilter.ALL, 100);

    @Test
    void wantsACursorFirst() {
        Observation fresh = new Observation(observed(RunFilter.ALL, 0), "sim", null, now);
        assertThat(fresh.above()).isNull();

        Observation.Step begun = fresh.begin(new ObserveCursor("default", 1, 50, now));

        assertThat(begun.cursor()).isEqualTo(new ObserveCursor("default", 1, 50, now));
        assertThat(fresh.above()).isEqualTo(50);
        assertThat(fresh.begin(new ObserveCursor("default", 1, 90, now))).isEqualTo(Observation.Step.NOTHING);
    }

    @Test
    void tellsEachRunOnce() {
        assertThat(ids(list(run(101), run(102)))).containsExactly(101L, 102L);
        assertThat(ids(list(run(101), run(102), run(103)))).containsExactly(103L);
        assertThat(list(run(101), run(102), run(103))).isEqualTo(Observation.Step.NOTHING);
    }

    @Test
    void writesItsCursorWithWhatItFinds() {
        assertThat(list(run(101)).cursor()).isEqualTo(new ObserveCursor("default", 1, 100, now));
    }

    @Test
    void tellsARunThatTheListShowsLate() {
        list(run(102));
        pass(OVERLAP.minusSeconds(1));

        assertThat(ids(list(run(101), run(102)))).containsExactly(101L);
    }

    @Test
    void passesARunOnlyWhenNoOlderOneCanShowAnyMore() {
        list(run(101));
        pass(OVERLAP.minusSeconds(1));
        assertThat(list(run(101), run(102)).cursor().above()).isEqualTo(100);
        pass(Duration.ofSeconds(1));

        assertThat(list(run(101), run(102)).cursor().above()).isEqualTo(101);
        assertThat(observation.above()).isEqualTo(101);
    }

    @Test
    void keepsTheNewestRunsInTheOverlapHoweverOldTheyAre() {
        observation =
                new Observation(observed(RunFilter.ALL, 2), "sim", new ObserveCursor("default", 1, 100, now), now);
        list(run(101), run(102), run(103));
        pass(Duration.ofHours(1));

        assertThat(list(run(101), run(102), run(103)).cursor().above()).isEqualTo(101);
        pass(Duration.ofHours(1));
        assertThat(list(run(102), run(103)).cursor()).isNull();
    }

    @Test
    void aNewClaimTellsWhatAnEarlierOneHadTold() {
        list(run(101));

        Observation next = observation(RunFilter.ALL, observation.floor());

        assertThat(ids(next.take(page(next.above(), true, ROOM, row(run(101), Standing.NOT_ASKED)), now)))
                .as("its command is known by its id")
                .containsExactly(101L);
        Observation another = observation(RunFilter.ALL, observation.floor());
        assertThat(ids(another.take(page(another.above(), true, ROOM, row(run(101), Standing.TOLD)), now)))
                .as("unless the ledger has it")
                .isEmpty();
    }

    // whose

    @Test
    void leavesTheRunsOfCommandsToThem() {
        assertThat(ids(list(
                        run(101, MARKER + " nightly"),
                        run(102, "see " + MARKER),
                        run(103, "[relay:simile:0123456789abcdef]"))))
                .containsExactly(102L, 103L);
    }

    @Test
    void leavesOutWhatIsNotWanted() {
        observation = observation(new RunFilter(Set.of(8L), null, null, null, null), 100);

        assertThat(ids(list(run(101)))).isEmpty();
    }

    /** A retry may show the cause of the run that it resumes, so its marker says nothing. */
    @ParameterizedTest
    @EnumSource
    void ofARetryTheLedgerKnowsWhoseItIs(Standing standing) {
        RunSnapshot retry = retry(101, MARKER);

        List<Long> found = ids(list(row(retry, standing)));

        assertThat(found).isEqualTo(standing == Standing.OTHERS ? List.of(101L) : List.of());
    }

    @ParameterizedTest
    @EnumSource(names = {"OTHERS", "OURS"})
    void ofARunWithoutATriggerItDoesToo(Standing standing) {
        RunSnapshot untold = SampleRun.of(101).jobId(7).cause(null).build();

        assertThat(ids(list(row(untold, standing)))).isEqualTo(standing == Standing.OTHERS ? List.of(101L) : List.of());
    }

    @Test
    void waitsForTheCommandThatMayHaveStartedARetry() {
        list(row(retry(101, "Retry"), Standing.OPEN), row(run(102), Standing.NOT_ASKED));
        pass(OVERLAP.multipliedBy(3));
        list(row(retry(101, "Retry"), Standing.OPEN), row(run(102), Standing.NOT_ASKED));

        assertThat(observation.above()).as("the cursor waits").isEqualTo(100);
        assertThat(observation.caughtUpAt()).isEqualTo(SampleRun.T0);
        assertThat(ids(list(row(retry(101, "Retry"), Standing.OTHERS)))).containsExactly(101L);
    }

    // bounds

    @Test
    void followsNoMoreThanThereIsRoomForAndGoesOnInOrder() {
        Observation.Step step = observation.take(page(100, true, 2, rows(run(101), run(102), run(103))), now);
        assertThat(ids(step)).containsExactly(101L, 102L);
        assertThat(step.wantsMore()).isFalse();
        assertThat(observation.above()).isEqualTo(102);

        assertThat(observation.take(page(102, true, 0, rows(run(103))), now)).isEqualTo(Observation.Step.NOTHING);
        assertThat(ids(observation.take(page(102, true, 5, rows(run(103))), now)))
                .containsExactly(103L);
        assertThat(observation.above()).as("and lists the overlap again").isEqualTo(100);
    }

    @Test
    void isBehindSinceTheOldestRunThatWaits() {
        RunSnapshot waiting = SampleRun.of(101)
                .jobId(7)
                .cause("x")
                .createdAt(now.minusSeconds(600))
                .build();

        observation.take(page(100, true, 0, rows(waiting)), now);
        assertThat(observation.caughtUpAt()).isEqualTo(now.minusSeconds(600));

        pass(Duration.ofMinutes(1));
        list(waiting);
        assertThat(observation.caughtUpAt()).isEqualTo(now);
    }

    @Test
    void readsAllPagesOfALook() {
        RunSnapshot[] first =
                LongStream.rangeClosed(101, 200).mapToObj(ObservationTest::run).toArray(RunSnapshot[]::new);
        Observation.Step step = observation.take(page(100, false, ROOM, rows(first)), now);

        assertThat(step.found()).hasSize(100);
        assertThat(step.wantsMore()).isTrue();
        assertThat(observation.above()).isEqualTo(200);
        assertThat(ids(observation.take(page(200, true, ROOM, rows(run(201))), now)))
                .containsExactly(201L);
        assertThat(observation.above()).isEqualTo(100);
    }

    @Test
    void ignoresAPageThatWasAskedForElsewhere() {
        assertThat(observation.take(page(99, true, ROOM, rows(run(101))), now)).isEqualTo(Observation.Step.NOTHING);
    }

    @Test
    void aRunThatIsDeletedBeforeItCouldBeToldHoldsUpNothing() {
        observation.take(page(100, true, 0, rows(run(101))), now);
        assertThat(observation.above()).isEqualTo(100);
        list(run(102));
        pass(OVERLAP);

        assertThat(list(run(102)).cursor().above()).isEqualTo(102);
    }

    @Test
    void aRowThatCannotBeReadHoldsTheCursorForAQuarterOfAnHour() {
        list(run(101));
        pass(OVERLAP);
        ListedRuns odd = new ListedRuns("default", 100, rows(run(101)), 1, true, ROOM, nanos, nanos, now);
        observation.take(odd, now);
        assertThat(observation.above()).isEqualTo(100);
        pass(Duration.ofMinutes(15));

        observation.take(new ListedRuns("default", 100, rows(run(101)), 1, true, ROOM, nanos, nanos, now), now);
        assertThat(observation.above()).isEqualTo(101);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aPageWithoutARunEndsAListing(int unreadable) {
        Observation.Step step = observation.take(
                new ListedRuns("default", 100, List.of(), unreadable, false, ROOM, nanos, nanos, now), now);

        assertThat(step).isEqualTo(Observation.Step.NOTHING);
        assertThat(observation.above()).isEqualTo(100);
    }

    private Observation observation(RunFilter filter, long above) {
        return new Observation(observed(filter, 0), "sim", new ObserveCursor("default", 1, above, now), now);
    }

    private static Observed observed(RunFilter filter, int runs) {
        return new Observed(1, filter, RequestedOptions.NONE, Duration.ofSeconds(10), null, OVERLAP, runs);
    }

    private void pass(Duration time) {
        now = now.plus(time);
        nanos += time.toNanos();
    }

    private Observation.Step list(RunSnapshot... runs) {
        return observation.take(page(observation.above(), true, ROOM, rows(runs)), now);
    }

    private Observation.Step list(ListedRun... rows) {
        return observation.take(page(observation.above(), true, ROOM, rows), now);
    }

    private ListedRuns page(long above, boolean isLast, int room, ListedRun... rows) {
        return page(above, isLast, room, List.of(rows));
    }

    private ListedRuns page(long above, boolean isLast, int room, List<ListedRun> rows) {
        return new ListedRuns("default", above, rows, 0, isLast, room, nanos, nanos, now);
    }

    private static List<ListedRun> rows(RunSnapshot... runs) {
        List<ListedRun> rows = new ArrayList<>();
        for (RunSnapshot run : runs) {
            rows.add(row(run, Standing.NOT_ASKED));
        }
        return rows;
    }

    private static ListedRun row(RunSnapshot run, Standing standing) {
        return new ListedRun(run, standing);
    }

    private static RunSnapshot run(long id) {
        return run(id, "Scheduled");
    }

    private static RunSnapshot run(long id, String cause) {
        return SampleRun.of(id).jobId(7).cause(cause).build();
    }

    private static RunSnapshot retry(long id, String cause) {
        RunSnapshot run = run(id, cause);
        return new RunSnapshot(
                id,
                run.accountId(),
                null,
                null,
                7,
                null,
                run.status(),
                null,
                null,
                run.createdAt(),
                null,
                null,
                false,
                cause,
                90L,
                RunDetails.NONE);
    }

    private static List<Long> ids(Observation.Step step) {
        return step.found().stream().map(RunSnapshot::runId).toList();
    }
}
