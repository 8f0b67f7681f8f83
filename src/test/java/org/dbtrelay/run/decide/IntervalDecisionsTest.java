package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.command;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.job;
import static org.dbtrelay.run.decide.RunSamples.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.command.Coalesce;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

/** The starts of a job are apart. */
class IntervalDecisionsTest {

    private static final StartCall TRIGGER = new StartCall.Trigger();
    private static final Duration INTERVAL = Duration.ofMinutes(10);

    private final Course course = new Course(policy(anything()));
    private final Instant begin = course.now;

    private static RequestedOptions apart() {
        return new RequestedOptions(null, null, null, null, null, List.of(), null, null, INTERVAL);
    }

    private static RunSnapshot run(long id) {
        return SampleRun.of(id).status(Known.RUNNING).createdAt(RunSamples.T0).build();
    }

    private void comes(String id, long job) {
        course.take(commanded(command(id, job(job), apart())));
    }

    private void starts(String id, int attempt, long run) {
        course.take(new Input.StartReserved(id, TRIGGER, 50L));
        course.take(new Input.Started(id, attempt, run(run)));
    }

    private void assertWaitsUntil(String id, Instant at) {
        assertThat(course.entry(id).state())
                .isInstanceOfSatisfying(
                        RunState.Waiting.class,
                        waiting -> assertThat(waiting.notBefore()).isEqualTo(at));
        assertThat(course.lastActions()).contains(new Action.SetTimer(id, at));
        assertThat(course.lastActions()).noneMatch(Action.ReserveStart.class::isInstance);
    }

    private void assertReserves(String id) {
        assertThat(course.lastAction(Action.ReserveStart.class).commandId()).isEqualTo(id);
    }

    @Test
    void theNextStartOfAJobWaitsForTheInterval() {
        comes("c1", 7);
        starts("c1", 1, 99);
        course.pass(Duration.ofMinutes(1));
        comes("c2", 7);
        assertWaitsUntil("c2", begin.plus(INTERVAL));

        comes("other", 8);
        assertReserves("other");

        course.now = begin.plus(INTERVAL);
        course.take(new Input.TimerFired("c2"));
        assertReserves("c2");
    }

    @Test
    void aStartThatSurelyLedToNoRunKeepsNoOtherAway() {
        comes("c1", 7);
        comes("c2", 7);
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.StartRefused("c1", 1, RejectReason.REFUSED_BY_DBT_CLOUD, "400"));
        assertReserves("c2");

        course.take(new Input.StartReserved("c2", TRIGGER, 50L));
        course.take(new Input.StartFailed("c2", 1, new CallFailure.NotSent("refused")));
        course.pass(Duration.ofSeconds(1));
        course.take(new Input.TimerFired("c2"));
        assertReserves("c2");
    }

    @Test
    void aStartThatMayHaveLedToARunKeepsTheNextAway() {
        comes("c1", 7);
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        comes("c2", 7);
        course.take(new Input.EndRequested("c1"));

        assertWaitsUntil("c2", begin.plus(INTERVAL));
    }

    @Test
    void aRequestThatWasLongOnItsWayKeepsTheNextAwayFromItsRun() {
        comes("c1", 7);
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        comes("c2", 7);
        course.pass(Duration.ofSeconds(8));
        course.take(new Input.Started("c1", 1, run(99)));

        assertWaitsUntil("c2", begin.plusSeconds(8).plus(INTERVAL));
    }

    @Test
    void aRunThatWasFoundKeepsTheNextAwayFromWhenItWasFound() {
        comes("c1", 7);
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        comes("c2", 7);
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        course.pass(Duration.ofSeconds(9));
        course.take(new Input.SearchResult("c1", 1, course.now, run(99)));

        assertWaitsUntil("c2", begin.plusSeconds(9).plus(INTERVAL));
    }

    @Test
    void aPermitOfBeforeAnotherStartIsNotUsed() {
        comes("c1", 7);
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        comes("c2", 7);
        course.take(new Input.Started("c1", 1, run(99)));

        course.take(new Input.StartReserved("c2", TRIGGER, 50L));
        assertThat(course.entry("c2").state()).isInstanceOf(RunState.Waiting.class);
    }

    @Test
    void aClaimKnowsTheLastStartOfAFinishedCommand() {
        comes("c1", 7);
        starts("c1", 1, 99);
        course.take(new Input.EndRequested("c1"));
        assertThat(course.entry("c1").unfinished()).isFalse();
        Course later = new Course(policy(anything()), course.entries);
        later.now = begin.plusSeconds(60);

        later.take(commanded(command("c2", job(7), apart())));
        assertThat(later.entry("c2").state())
                .isInstanceOfSatisfying(
                        RunState.Waiting.class,
                        waiting -> assertThat(waiting.notBefore()).isEqualTo(begin.plus(INTERVAL)));
        Course restarted = new Course(policy(anything()), later.entries);
        restarted.now = begin.plusSeconds(90);
        restarted.take(new Input.Restored("c2"));
        assertThat(restarted.lastActions()).contains(new Action.SetTimer("c2", begin.plus(INTERVAL)));
    }

    @Test
    void aTimeOfAClockThatWasWrongKeepsNobodyAway() {
        comes("c1", 7);
        starts("c1", 1, 99);
        course.now = begin.minus(INTERVAL.multipliedBy(3));
        comes("c2", 7);

        assertReserves("c2");
    }

    @Test
    void thoseThatWaitForTheIntervalJoin() {
        RequestedOptions both = new RequestedOptions(
                null,
                null,
                null,
                null,
                null,
                List.of(),
                null,
                new Coalesce.Requested(null, Duration.ZERO, null),
                INTERVAL);
        course.take(commanded(command("c1", job(7), both)));
        starts("c1", 1, 99);
        for (String id : List.of("c2", "c3", "c4")) {
            course.take(commanded(command(id, job(7), both)));
        }

        assertThat(course.entry("c2").state()).isInstanceOf(RunState.Waiting.class);
        assertThat(course.entry("c3").state()).isEqualTo(new RunState.Joined());
        assertThat(course.entry("c4").state()).isEqualTo(new RunState.Joined());
    }

    @Test
    void aStartByAClockThatWasAheadHidesNoOther() {
        course.now = begin.plus(Duration.ofHours(1));
        comes("c1", 7);
        starts("c1", 1, 90);
        course.now = begin;
        comes("c2", 7);
        starts("c2", 1, 91);
        course.pass(Duration.ofMinutes(1));
        comes("c3", 7);

        assertWaitsUntil("c3", begin.plus(INTERVAL));
    }
}
