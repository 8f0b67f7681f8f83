package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.T0;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.policy;
import static org.dbtrelay.run.decide.RunSamples.run;
import static org.dbtrelay.run.decide.RunSamples.trigger;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobRunStatus.Known;
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
    void a_run_whose_cancel_is_refused_is_looked_at_and_its_end_is_told() {
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
    void a_cancellation_that_is_never_confirmed_is_given_up(CallFailure failure) {
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
    void the_wake_up_that_ends_patience_is_asked_for_once_and_after_a_claim_again() {
        Instant deadline = cancelledAtDeadline();
        Instant end = deadline.plus(Duration.ofMinutes(15));
        assertThat(course.lastActions()).contains(new Action.SetTimer("c1", end));

        course.take(new Input.Restored("c1"));

        assertThat(course.lastActions()).contains(new Action.SetTimer("c1", end));
        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        assertThat(course.lastAction(Action.SchedulePoll.class).runId()).isEqualTo(99);
    }

    @ParameterizedTest
    @MethodSource("failures")
    void a_run_that_is_to_be_abandoned_needs_no_dbt_cloud(CallFailure failure) {
        course = new Course(policy(anything(), false, false));
        followed();
        course.pass(Duration.ofHours(24));
        course.take(new Input.TimerFired("c1"));
        assertThat(course.lastAction(Action.SchedulePoll.class).due())
                .as("one last look")
                .isEqualTo(course.now);

        course.fail("c1", Action.SchedulePoll.class, failure);

        assertThat(course.types()).endsWith("run.abandoned");
        assertThat(RunSamples.ofRun(course.events.getLast()).message())
                .contains("nobody knows whether the run goes on in dbt Cloud", failure.detail());
    }

    @Test
    void a_last_look_that_has_no_answer_is_not_waited_for() {
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
    void a_run_that_is_adopted_after_the_deadline_is_bounded_too() {
        inDoubt();
        course.pass(Duration.ofHours(25));
        course.take(new Input.SearchResult("c1", 1, course.now, run(Known.RUNNING)));
        assertThat(course.lastAction(Action.SetTimer.class).at()).isEqualTo(course.now.plusSeconds(30));
        course.pass(Duration.ofSeconds(30));

        course.take(new Input.TimerFired("c1"));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Cancelling.class);
    }

    @Test
    void looks_that_fail_come_later_and_later() {
        followed();
        for (int seconds : new int[] {10, 10, 10, 10, 16, 32, 60, 60}) {
            course.fail("c1", Action.SchedulePoll.class, AWAY);
            assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now.plusSeconds(seconds));
        }
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        assertThat(course.lastAction(Action.SchedulePoll.class).failures()).isZero();
    }

    @Test
    void a_run_that_dbt_cloud_does_not_know_is_looked_at_later_and_later() {
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
    void a_run_and_a_job_that_nobody_knows_end_at_the_deadline() {
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
    void a_run_that_dbt_cloud_does_not_know_can_be_cancelled() {
        followed();
        course.pass(Duration.ofMinutes(2));
        course.take(new Input.RunNotFound("c1", 99));

        course.take(new Input.CancelRequested("c1", CancelReason.CANCELLED_BY_RELAY));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        assertThat(((RunState.Cancelling) course.entry("c1").state()).missingSince())
                .isEqualTo(course.now);
    }

    @Test
    void searches_that_fail_come_later_and_later_and_end() {
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
    void two_wake_ups_make_one_search() {
        inDoubt();
        assertThat(course.take(new Input.TimerFired("c1")))
                .as("one is under way")
                .isEqualTo(Decision.NOTHING);
        course.fail("c1", Action.SearchMarker.class, AWAY);

        assertThat(course.take(new Input.TimerFired("c1"))).as("not due yet").isEqualTo(Decision.NOTHING);
    }

    @Test
    void a_cancel_that_fails_late_is_no_failed_collection() {
        cancelledAtDeadline();
        course.take(RunSamples.ended("c1", run(Known.CANCELLED)));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Collecting.class);

        assertThat(course.fail("c1", Action.CancelRun.class, AWAY)).isEqualTo(Decision.NOTHING);
    }

    @Test
    void artifacts_that_are_never_answered_for_are_given_up() {
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
    void a_cancel_of_somebody_elses_run_sees_its_end_although_it_is_never_answered() {
        course.take(commanded(RunSamples.command("c2", new Task.Cancel(new RunSelector.ById(99)))));
        course.take(new Input.RunRead("c2", run(Known.RUNNING), false, null));
        assertThat(course.lastAction(Action.SchedulePoll.class).runId()).isEqualTo(99);
        course.fail("c2", Action.CancelRun.class, AWAY);

        course.take(new Input.RunObserved("c2", run(Known.SUCCESS)));

        assertThat(course.types()).endsWith("command.completed");
    }

    @Test
    void what_fails_after_the_deadline_is_not_tried_again() {
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
