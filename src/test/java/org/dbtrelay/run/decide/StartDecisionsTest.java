package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.command;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.job;
import static org.dbtrelay.run.decide.RunSamples.policy;

import java.time.Duration;
import java.util.List;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

/** Starts that have to wait, or fail: what was found out before is old by then, and what dbt Cloud said is told in the end. */
class StartDecisionsTest {

    private static final Policy POLICY = policy(anything());
    private static final StartCall TRIGGER = new StartCall.Trigger();
    private final Course course = new Course(POLICY);

    @Test
    void aStartThatWaitedForHoursChecksAgainWhatRuns() {
        wants(IfRunning.SKIP);
        course.take(inFlight(StartCheck.FIRST));
        StartCheck first = course.lastAction(Action.ReserveStart.class).check();
        course.pass(Duration.ofHours(3));

        course.take(new Input.StartReserved("c1", TRIGGER, 50L, first));

        assertThat(course.lastActions()).noneMatch(Action.Start.class::isInstance);
        assertThat(course.lastAction(Action.ListInFlight.class).check()).isEqualTo(StartCheck.AGAIN);
        course.take(inFlight(StartCheck.AGAIN, RunSamples.run(Known.RUNNING)));
        assertThat(course.types()).containsExactly("command.accepted", "command.rejected");
    }

    @Test
    void aSecondCheckLeadsToAStart() {
        wants(IfRunning.SKIP);
        course.take(inFlight(StartCheck.AGAIN));
        StartCheck second = course.lastAction(Action.ReserveStart.class).check();
        course.pass(Duration.ofSeconds(30));

        course.take(new Input.StartReserved("c1", TRIGGER, 50L, second));

        assertThat(course.lastAction(Action.Start.class).jobId()).isEqualTo(7);
    }

    @Test
    void aFreshCheckLeadsToAStartAndOneOfAnotherClockDoesNot() {
        wants(IfRunning.SKIP);
        course.take(inFlight(StartCheck.FIRST));
        StartCheck check = course.lastAction(Action.ReserveStart.class).check();
        course.pass(Duration.ofSeconds(-1));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L, check));
        assertThat(course.lastActions()).noneMatch(Action.Start.class::isInstance);

        course.pass(Duration.ofSeconds(6));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L, check));

        assertThat(course.lastAction(Action.Start.class).jobId()).isEqualTo(7);
    }

    @Test
    void whatWaitsTooLongIsOverAndChecksNoMore() {
        wants(IfRunning.SKIP);
        course.take(inFlight(StartCheck.FIRST));
        StartCheck check = course.lastAction(Action.ReserveStart.class).check();
        course.pass(Duration.ofHours(24));

        course.take(new Input.StartReserved("c1", TRIGGER, 50L, check));

        assertThat(course.types()).containsExactly("command.accepted", "run.abandoned");
        assertThat(course.lastActions()).isEmpty();
    }

    @Test
    void ofTwoAnswersOfACheckTheOlderOneCounts() {
        StartCheck check = StartCheck.FIRST.answered(course.now);

        assertThat(check.answered(course.now.plusSeconds(9))).isEqualTo(check);
        assertThat(StartCheck.FIRST.isOld(course.now)).isTrue();
    }

    @Test
    void aNewestRunThatWasReadHoursAgoIsReadAgain() {
        for (Task task : List.of(
                new Task.Rerun(new JobSelector.ById(7)),
                new Task.Trigger(new JobSelector.ById(7), null, Overrides.NONE, true, false))) {
            Course other = new Course(POLICY);
            other.take(commanded(command("c1", task)));
            other.take(new Input.RunRead(
                    "c1", RunSamples.run(Known.ERROR), true, null, StartCheck.FIRST.answered(other.now)));
            Action.ReserveStart reserve = other.lastAction(Action.ReserveStart.class);
            other.pass(Duration.ofHours(3));

            other.take(new Input.StartReserved("c1", reserve.call(), 99L, reserve.check()));

            assertThat(other.lastAction(Action.ReadNewestRun.class).check()).isEqualTo(StartCheck.AGAIN);
        }
    }

    @Test
    void aTriggerThatMayNotResumeAfterAllTriggers() {
        course.take(
                commanded(command("c1", new Task.Trigger(new JobSelector.ById(7), null, Overrides.NONE, true, false))));
        course.take(new Input.RunRead(
                "c1", RunSamples.run(Known.ERROR), true, null, StartCheck.FIRST.answered(course.now)));
        course.take(new Input.StartReserved("c1", new StartCall.Retry(99), 99L));

        course.take(new Input.StartRefused("c1", 1, RejectReason.REFUSED_BY_DBT_CLOUD, "RETRY_NOT_LATEST_RUN"));

        assertThat(course.lastAction(Action.ReserveStart.class).call()).isEqualTo(TRIGGER);
    }

    @Test
    void aJobLevelRetryNamesTheFailedRun() {
        course.take(commanded(command("c2", new Task.Rerun(new JobSelector.ById(7)))));
        course.take(new Input.RunRead("c2", RunSamples.run(Known.ERROR), true, null));

        assertThat(course.lastAction(Action.ReserveStart.class).call()).isEqualTo(new StartCall.Retry(99));
    }

    @Test
    void startsThatCannotBeSentAreTriedEverLessOftenUpToAMinute() {
        course.take(commanded(command("c1", job(7))));
        for (int seconds : new int[] {1, 2, 4, 8, 16, 32, 60, 60}) {
            course.take(new Input.StartReserved("c1", TRIGGER, 50L));
            int attempt = course.lastAction(Action.Start.class).attempt();
            course.take(new Input.StartFailed("c1", attempt, new CallFailure.NotSent("refused")));
            assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(seconds));
            course.pass(Duration.ofSeconds(seconds));
            course.take(new Input.TimerFired("c1"));
        }
    }

    @Test
    void theOutcomeAfterUnclearTriggersQuotesWhatDbtCloudSaid() {
        course.take(commanded(command("c1", job(7))));
        for (int attempt = 1; attempt <= 5; attempt++) {
            course.take(new Input.StartReserved("c1", TRIGGER, 50L));
            course.take(new Input.StartFailed("c1", attempt, new CallFailure.Unclear("HTTP 500: upstream is away")));
            course.pass(POLICY.unclearWait());
            course.take(new Input.SearchResult("c1", attempt, course.now, null));
        }

        assertThat(lastMessage()).contains("HTTP 500: upstream is away");
    }

    @Test
    void aParkedStartALostRetryAndATimeOutQuoteItToo() {
        CallFailure.Unclear away = new CallFailure.Unclear("HTTP 500: upstream is away");
        Course parked = new Course(policy(anything(), null, true));
        parked.take(commanded(command("c1", job(7))));
        parked.take(new Input.StartReserved("c1", TRIGGER, 50L));
        parked.take(new Input.StartFailed("c1", 1, away));
        parked.pass(POLICY.unclearWait());
        parked.take(new Input.SearchResult("c1", 1, parked.now, null));
        assertThat(RunSamples.ofRun(parked.events.getLast()).message()).contains(away.detail());

        course.take(commanded(command("c1", job(7))));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("x".repeat(1_000))));
        course.pass(Duration.ofHours(24));
        course.take(new Input.TimerFired("c1"));
        assertThat(lastMessage()).contains("; the last failure was: xxx").hasSizeLessThan(500);

        Course asking = new Course(POLICY);
        asking.take(commanded(command("c1", new Task.Rerun(new JobSelector.ById(7)))));
        asking.fail("c1", Action.ReadNewestRun.class, away);
        asking.pass(Duration.ofHours(24));
        asking.take(new Input.TimerFired("c1"));
        assertThat(RunSamples.ofRun(asking.events.getLast()).message()).contains(away.detail());
    }

    private void wants(IfRunning ifRunning) {
        course.take(commanded(command("c1", job(7), new RequestedOptions(null, null, null, null, ifRunning, null))));
    }

    private Input.RunsInFlight inFlight(StartCheck check, RunSnapshot... runs) {
        return new Input.RunsInFlight("c1", List.of(runs), check.answered(course.now));
    }

    private String lastMessage() {
        return RunSamples.ofRun(course.events.getLast()).message();
    }
}
