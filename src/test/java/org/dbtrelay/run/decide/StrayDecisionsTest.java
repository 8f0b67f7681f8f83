package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

class StrayDecisionsTest {

    private static final Target TARGET = new Target("default", 1);

    private final Course course = new Course(RunMachineTest.policy(true, false));

    @Test
    void aYoungerSecondRunIsToldOfOnceAndCancelledWhileItIsQueued() {
        follow(100, Known.RUNNING);

        course.take(marked(run(100, Known.RUNNING), run(200, Known.QUEUED)));

        assertThat(course.lastAction(Action.CancelQueued.class).runId()).isEqualTo(200);
        RunEvent stray = course.events.getLast();
        assertThat(stray.type()).isEqualTo(EventType.RUN_STRAY);
        assertThat(stray.runId()).isEqualTo(200);
        assertThat(((RunEvent.OfRun) stray.body()).reason()).isEqualTo("second_run");
        assertThat(((RunEvent.OfRun) stray.body()).message()).contains("100");
        assertThat(course.types()).containsOnlyOnce("run.stray");
        assertThat(course.take(marked(run(100, Known.RUNNING), run(200, Known.CANCELLED))))
                .isEqualTo(Decision.NOTHING);
        assertThat(followed()).isEqualTo(100);
    }

    @Test
    void aSecondRunThatHasBegunIsToldOfAndLeftAlone() {
        follow(100, Known.RUNNING);

        course.take(marked(run(100, Known.RUNNING), run(200, Known.RUNNING)));

        assertThat(course.events.getLast().type()).isEqualTo(EventType.RUN_STRAY);
        assertThat(course.lastActions()).isEmpty();
    }

    @Test
    void anOlderRunThatWasHiddenIsFollowedInsteadOfOursIfOursStillWaits() {
        follow(200, Known.QUEUED);

        course.take(marked(run(100, Known.RUNNING), run(200, Known.QUEUED)));

        assertThat(course.lastAction(Action.CancelQueued.class).runId()).isEqualTo(200);
        assertThat(followed()).isEqualTo(100);
        assertThat(course.types()).containsExactly("command.accepted", "run.queued", "run.stray", "run.running");
        assertThat(course.events.get(2).runId()).isEqualTo(200);
        assertThat(course.sequences()).containsExactly(0, 1, 2, 3);
        assertThat(course.take(new Input.RunObserved("c1", run(200, Known.CANCELLED))))
                .as("what becomes of the run that is not ours any more")
                .isEqualTo(Decision.NOTHING);
    }

    @Test
    void anOlderRunThatHasEndedAlreadyIsTheOutcome() {
        follow(200, Known.QUEUED);

        course.take(marked(run(100, Known.SUCCESS), run(200, Known.QUEUED)));

        assertThat(course.lastAction(Action.ReadEnd.class).run().runId()).isEqualTo(100);
    }

    @Test
    void oursStaysOursIfTheOtherIsYoungerOrWasCancelled() {
        follow(200, Known.QUEUED);

        course.take(marked(run(200, Known.QUEUED), run(300, Known.QUEUED)));
        assertThat(course.lastAction(Action.CancelQueued.class).runId()).isEqualTo(300);
        course.take(marked(run(100, Known.CANCELLED), run(200, Known.QUEUED), run(300, Known.CANCELLED)));

        assertThat(course.lastActions()).isEmpty();
        assertThat(followed()).isEqualTo(200);
    }

    @Test
    void aSecondRunOfACommandThatIsOverIsCancelledWhileItIsQueued() {
        follow(100, Known.QUEUED);
        course.take(RunSamples.ended("c1", run(100, Known.SUCCESS)));
        course.take(new Input.InternalFault("c1", "a fault that ends the collecting"));

        course.take(marked(run(100, Known.SUCCESS), run(200, Known.QUEUED)));

        assertThat(course.entry("c1").unfinished()).isFalse();
        assertThat(course.lastAction(Action.CancelQueued.class).runId()).isEqualTo(200);
        assertThat(course.events.getLast().context()).isNull();
    }

    @Test
    void oursStaysOursOnceItRuns() {
        follow(200, Known.QUEUED);

        course.take(marked(run(100, Known.QUEUED), run(200, Known.RUNNING)));

        assertThat(followed()).isEqualTo(200);
        assertThat(course.lastAction(Action.CancelQueued.class).runId()).isEqualTo(100);
    }

    @Test
    void aRunThatWasSearchedForIsAdoptedWhateverFindsIt() {
        accept();
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));

        course.take(marked(run(100, Known.QUEUED)));

        assertThat(followed()).isEqualTo(100);
        assertThat(((RunEvent.OfRun) course.events.getLast().body()).adopted()).isTrue();
    }

    @Test
    void aRunThatWasGivenUpIsAdoptedBeforeAnotherIsStarted() {
        accept();
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        course.pass(Duration.ofSeconds(155));
        course.take(new Input.SearchResult("c1", 1, course.now, null));

        course.take(marked(run(100, Known.QUEUED)));

        assertThat(followed()).isEqualTo(100);
        assertThat(course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null)))
                .isEqualTo(Decision.NOTHING);
    }

    @Test
    void whileTheTriggerIsOnTheWireNothingIsDone() {
        accept();
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));

        assertThat(course.take(marked(run(100, Known.QUEUED)))).isEqualTo(Decision.NOTHING);
    }

    @Test
    void aRunThatComesToLightAfterTheEndIsToldOfAndGoesOn() {
        Course parked = new Course(RunMachineTest.policy(true, true));
        parked.take(RunSamples.commanded(RunSamples.trigger(new JobSelector.ById(7))));
        parked.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        parked.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        parked.pass(Duration.ofSeconds(155));
        parked.take(new Input.SearchResult("c1", 1, parked.now, null));

        parked.take(marked(run(100, Known.QUEUED)));
        parked.take(marked(run(100, Known.RUNNING)));

        assertThat(parked.types()).containsExactly("command.accepted", "run.abandoned", "run.stray");
        assertThat(((RunEvent.OfRun) parked.events.getLast().body()).reason()).isEqualTo("after_the_end");
        assertThat(parked.lastActions()).isEmpty();
        assertThat(parked.entry("c1").unfinished()).isFalse();
    }

    @Test
    void aSecondRunAfterTheEndOfTheFirstIsCancelledWhileItIsQueued() {
        follow(100, Known.QUEUED);
        course.take(RunSamples.ended("c1", run(100, Known.SUCCESS)));

        course.take(marked(run(100, Known.SUCCESS), run(200, Known.QUEUED)));

        assertThat(course.lastAction(Action.CancelQueued.class).runId()).isEqualTo(200);
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Collecting.class);
    }

    private void accept() {
        course.take(RunSamples.commanded(RunSamples.trigger(new JobSelector.ById(7))));
    }

    private void follow(long runId, JobRunStatus status) {
        accept();
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), null));
        course.take(new Input.Started("c1", 1, run(runId, Known.QUEUED)));
        course.take(new Input.RunObserved("c1", run(runId, status)));
    }

    private long followed() {
        return ((RunState.Following) course.entry("c1").state()).run().runId();
    }

    private static Input marked(RunSnapshot... runs) {
        return new Input.MarkedRunsFound("c1", TARGET, List.of(runs));
    }

    private static RunSnapshot run(long id, JobRunStatus status) {
        return SampleRun.of(id).status(status).build();
    }
}
