package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.T0;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.command;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.policy;
import static org.dbtrelay.run.decide.RunSamples.run;
import static org.dbtrelay.run.decide.RunSamples.trigger;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever dbt Cloud answers, for ever: a command is over within a bound after its deadline, and its gaps grow. */
class BoundedEndTest {

    private static final CallFailure FORBIDDEN = new CallFailure.Refused("dbt Cloud answered 403: not you", 403, null);
    private static final CallFailure AWAY = new CallFailure.Unclear("dbt Cloud answered 503");

    private Course course = new Course(policy(anything()));

    @Test
    void aRunWhoseCancelIsRefusedIsPolledAndItsEndIsTold() {
        cancelledAtDeadline();
        assertThat(course.lastAction(Action.SchedulePoll.class).runId()).isEqualTo(99);
        course.fail("c1", Action.CancelRun.class, FORBIDDEN);

        course.take(new Input.RunObserved("c1", run(Known.SUCCESS)));
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));

        assertThat(course.types()).endsWith("run.succeeded");
    }

    static List<CallFailure> failures() {
        return List.of(
                FORBIDDEN,
                AWAY,
                new CallFailure.NotFound("dbt Cloud answered 404"),
                new CallFailure.Suspended("dbt Cloud answered 401", 401),
                new CallFailure.NotSent("refused"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aCancellationThatIsNeverConfirmedIsGivenUp(CallFailure failure) {
        Instant deadline = cancelledAtDeadline();
        int asked = 0;
        while (course.entry("c1").unfinished() && asked < 100) {
            asked++;
            course.fail("c1", Action.CancelRun.class, failure);
            course.fail("c1", Action.SchedulePoll.class, failure);
            course.now = course.now.plus(BackOff.after(asked));
            course.take(new Input.TimerFired("c1"));
        }

        assertThat(course.types()).endsWith("run.abandoned");
        RunEvent.OfRun end = RunSamples.ofRun(course.events.getLast());
        assertThat(end.reason()).isEqualTo("deadline");
        assertThat(end.message())
                .contains("has not confirmed within relay.run.cancel-patience (PT15M)", failure.detail());
        assertThat(course.now).isBetween(deadline.plus(Duration.ofMinutes(15)), deadline.plus(Duration.ofMinutes(16)));
        assertThat(asked).as("cancels in a quarter of an hour").isLessThan(25);
    }

    @Test
    void theWakeUpThatEndsPatienceIsAskedForOnceAndAfterAClaimAgain() {
        Instant deadline = cancelledAtDeadline();
        Instant end = deadline.plus(Duration.ofMinutes(15));
        assertThat(course.lastActions()).contains(new Action.SetTimer("c1", end));

        course.take(new Input.Restored("c1"));

        assertThat(course.lastActions()).contains(new Action.SetTimer("c1", end));
        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        assertThat(course.lastAction(Action.SchedulePoll.class).runId()).isEqualTo(99);
    }

    /** What comes after this state may wait again, and its wake-ups are those of the claim. */
    @Test
    void whatExpiresOrHasATimeOutIsWokenThenAfterAClaimInAnyState() {
        Instant expiresAt = course.now.plus(Duration.ofHours(2));
        Instant deadline = course.now.plus(Duration.ofHours(24));
        course.take(commanded(new Command.Fit(
                new Command.Head("c1", "default", null, expiresAt, null, null),
                RunSamples.job(7),
                RequestedOptions.NONE)));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Starting.class);
        assertWokenAfterAClaim(expiresAt, deadline);
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Searching.class);
        assertWokenAfterAClaim(expiresAt, deadline);
        course.take(new Input.SearchResult("c1", 1, course.now, run(Known.RUNNING)));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Following.class);
        assertWokenAfterAClaim(expiresAt, deadline);
    }

    private void assertWokenAfterAClaim(Instant... times) {
        course.take(new Input.Restored("c1"));
        for (Instant time : times) {
            assertThat(course.lastActions()).contains(new Action.SetTimer("c1", time));
        }
    }

    /** dbt Cloud's clock, or what it says. */
    @Test
    void aRunOfTheFutureIsNoYoungRun() {
        course.take(commanded(command("c1", new Task.Follow(99, Set.of()))));
        RunSnapshot run = run(Known.RUNNING, null, course.now.plus(Duration.ofDays(400)));
        course.take(new Input.RunRead("c1", run, false, null));
        course.take(new Input.RunNotFound("c1", 99));

        assertThat(course.entry("c1").state())
                .isInstanceOfSatisfying(
                        RunState.Following.class,
                        following -> assertThat(following.missingSince()).isEqualTo(course.now));
    }

    /** Histories 1016109 and 1047823 of the simulation: the owner died between the two reads, and the next one came late. */
    @Test
    void aRunThatWasSeenToHaveEndedIsNeverCancelledOrAbandoned() {
        course.take(commanded(command("c1", new Task.Follow(99, Set.of()))));
        course.take(new Input.RunRead("c1", run(Known.ERROR), false, null));
        course.pass(Duration.ofDays(2));

        course.take(new Input.Restored("c1"));
        assertThat(course.lastAction(Action.ReadEnd.class).run().runId()).isEqualTo(99);
        course.take(new Input.CancelRequested("c1", CancelReason.CANCELLED_BY_USER));
        assertThat(course.lastActions()).isEmpty();
        course.pass(Duration.ofSeconds(30));
        course.take(new Input.TimerFired("c1"));

        assertThat(course.types()).containsExactly("command.accepted", "run.failed");
        assertThat(course.lastAction(Action.ExplainEnd.class).run().runId()).isEqualTo(99);
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aRunThatIsToBeAbandonedNeedsNoDbtCloud(CallFailure failure) {
        course = new Course(policy(anything(), false, false));
        followed();
        course.pass(Duration.ofHours(24));
        course.take(new Input.TimerFired("c1"));
        assertThat(course.lastAction(Action.SchedulePoll.class).due())
                .as("one last poll")
                .isEqualTo(course.now);

        course.fail("c1", Action.SchedulePoll.class, failure);

        assertThat(course.types()).endsWith("run.abandoned");
        assertThat(RunSamples.ofRun(course.events.getLast()).message())
                .contains("nobody knows whether the run goes on in dbt Cloud", failure.detail());
    }

    @Test
    void aLastPollThatHasNoAnswerIsNotWaitedFor() {
        course = new Course(policy(anything(), false, false));
        followed();
        course.pass(Duration.ofHours(24));
        course.take(new Input.TimerFired("c1"));
        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(30));
        course.pass(Duration.ofSeconds(30));

        course.take(new Input.TimerFired("c1"));

        assertThat(course.types()).endsWith("run.abandoned");
    }

    @Test
    void aRunThatIsAdoptedAfterTheDeadlineIsBoundedToo() {
        inDoubt();
        course.pass(Duration.ofHours(25));
        course.take(new Input.SearchResult("c1", 1, course.now, run(Known.RUNNING)));
        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(30));
        course.pass(Duration.ofSeconds(30));

        course.take(new Input.TimerFired("c1"));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Cancelling.class);
    }

    @Test
    void pollsThatFailComeLaterAndLater() {
        followed();
        for (int seconds : new int[] {10, 10, 10, 10, 16, 32, 60, 60}) {
            course.fail("c1", Action.SchedulePoll.class, AWAY);
            assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now.plusSeconds(seconds));
        }
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        assertThat(course.lastAction(Action.SchedulePoll.class).failures()).isZero();
    }

    /** Each cancel that is refused is followed by a look at the run as well. */
    @Test
    void aLastPollThatFailedIsNotRepeatedAtOnceForTheCancellation() {
        followed();
        course.pass(Duration.ofHours(24));
        course.take(new Input.TimerFired("c1"));
        course.fail("c1", Action.SchedulePoll.class, FORBIDDEN);

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Cancelling.class);
        Action.SchedulePoll next = course.lastAction(Action.SchedulePoll.class);
        assertThat(next.due()).isEqualTo(course.now.plusSeconds(10));
        assertThat(next.failures()).isOne();
    }

    @Test
    void aRunThatDbtCloudDoesNotKnowIsPolledLaterAndLater() {
        followed();
        course.pass(Duration.ofMinutes(2));
        course.take(new Input.RunNotFound("c1", 99));
        for (int seconds : new int[] {10, 20, 40, 60, 60}) {
            course.now = course.lastAction(Action.SchedulePoll.class).due();
            course.take(new Input.RunNotFound("c1", 99));
            assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now.plusSeconds(seconds));
        }
    }

    @Test
    void aRunAndAJobThatNobodyKnowsEndAtTheDeadline() {
        followed();
        course.pass(Duration.ofMinutes(2));
        course.take(new Input.RunNotFound("c1", 99));
        course.pass(Duration.ofMinutes(15));
        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.lastAction(Action.ReadJob.class).urgent()).isFalse();
        assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now.plusSeconds(60));
        assertThat(course.fail("c1", Action.ReadJob.class, new CallFailure.NotFound("404")))
                .isEqualTo(Decision.NOTHING);
        course.pass(Duration.ofHours(24));

        course.take(new Input.RunNotFound("c1", 99));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Cancelling.class);
    }

    @Test
    void aRunThatDbtCloudDoesNotKnowCanBeCancelled() {
        followed();
        course.pass(Duration.ofMinutes(2));
        course.take(new Input.RunNotFound("c1", 99));

        course.take(new Input.CancelRequested("c1", CancelReason.CANCELLED_BY_RELAY));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        assertThat(((RunState.Cancelling) course.entry("c1").state()).missingSince())
                .isEqualTo(course.now);
    }

    @Test
    void searchesThatFailComeLaterAndLaterAndEnd() {
        inDoubt();
        for (int seconds : new int[] {1, 2, 4, 8, 16, 32, 60, 60}) {
            course.fail("c1", Action.SearchMarker.class, AWAY);
            assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(seconds));
            course.pass(Duration.ofSeconds(seconds));
            course.take(new Input.TimerFired("c1"));
            assertThat(course.lastAction(Action.SearchMarker.class).attempt()).isEqualTo(1);
        }
        course.now = T0.plus(Duration.ofHours(24)).plusSeconds(31);

        course.fail("c1", Action.SearchMarker.class, AWAY);

        assertThat(course.types()).endsWith("run.abandoned");
        RunEvent.OfRun end = RunSamples.ofRun(course.events.getLast());
        assertThat(end.reason()).isEqualTo("start_unclear");
        assertThat(end.message()).contains(AWAY.detail());
    }

    @Test
    void twoWakeUpsMakeOneSearch() {
        inDoubt();
        assertThat(course.take(new Input.TimerFired("c1")))
                .as("one is under way")
                .isEqualTo(Decision.NOTHING);
        course.fail("c1", Action.SearchMarker.class, AWAY);

        assertThat(course.take(new Input.TimerFired("c1"))).as("not due yet").isEqualTo(Decision.NOTHING);
    }

    @Test
    void aCancelThatFailsLateIsNoFailedCollection() {
        cancelledAtDeadline();
        course.take(RunSamples.ended("c1", run(Known.CANCELLED)));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Collecting.class);

        assertThat(course.fail("c1", Action.CancelRun.class, AWAY)).isEqualTo(Decision.NOTHING);
    }

    @Test
    void artifactsThatAreNeverAnsweredForAreGivenUp() {
        followed();
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        Instant over = course.now.plus(Duration.ofMinutes(66));
        assertThat(course.lastActions()).contains(new Action.SetTimer("c1", over));
        course.now = over;

        course.take(new Input.TimerFired("c1"));

        assertThat(course.types()).endsWith("run.succeeded", "artifact.unavailable");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void aCancelOfSomebodyElsesRunSeesItsEndAlthoughItIsNeverAnswered() {
        course.take(commanded(RunSamples.command("c2", new Task.Cancel(new RunSelector.ById(99)))));
        course.take(new Input.RunRead("c2", run(Known.RUNNING), false, null));
        assertThat(course.lastAction(Action.SchedulePoll.class).runId()).isEqualTo(99);
        course.fail("c2", Action.CancelRun.class, AWAY);

        course.take(new Input.RunObserved("c2", run(Known.SUCCESS)));

        assertThat(course.types()).endsWith("command.completed");
    }

    @Test
    void whatFailsAfterTheDeadlineIsNotTriedAgain() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.pass(Duration.ofHours(24));

        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("refused")));

        assertThat(course.types()).endsWith("run.abandoned");
    }

    private void followed() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.Started("c1", 1, run(Known.RUNNING)));
    }

    private void inDoubt() {
        course.take(commanded(trigger(new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.StartFailed("c1", 1, AWAY));
    }

    private Instant cancelledAtDeadline() {
        followed();
        Instant deadline = course.entry("c1").openCommand().options().deadline();
        course.now = deadline;
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Cancelling.class);
        return deadline;
    }
}
