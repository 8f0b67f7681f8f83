package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.command;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.job;
import static org.dbtrelay.run.decide.RunSamples.policy;
import static org.dbtrelay.run.decide.RunSamples.run;

import java.time.Duration;
import java.util.Set;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.SampleConnection;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

/** The commands that the relay itself sends, for the runs that it observes. */
class ObservedCommandsTest {

    private static final String ID = "observed/1/99";

    private Course course = new Course(policy(anything()));

    @Test
    void pollsItsRunWithAllOthersInsteadOfReadingItByItself() {
        take();

        Action.SchedulePoll poll = course.lastAction(Action.SchedulePoll.class);
        assertThat(poll.runId()).isEqualTo(99);
        assertThat(poll.due()).isEqualTo(course.now);
        assertThat(course.lastActions()).noneMatch(Action.ReadRun.class::isInstance);
        assertThat(course.events.getFirst().origin()).isEqualTo(Origin.OBSERVED);
        assertThat(course.entry(ID).origin()).isEqualTo(Origin.OBSERVED);
    }

    @Test
    void followsItsRunFromTheFirstPoll() {
        take();
        course.take(new Input.RunObserved(ID, run(JobRunStatus.Known.RUNNING)));

        assertThat(course.types()).containsExactly("command.accepted", "run.running");
        assertThat(course.entry(ID).state()).isInstanceOf(RunState.Following.class);
    }

    @Test
    void aRunThatHasEndedIsTold() {
        take();
        course.take(new Input.RunObserved(ID, run(JobRunStatus.Known.SUCCESS)));

        assertThat(course.lastAction(Action.ReadEnd.class).run().runId()).isEqualTo(99);
    }

    @Test
    void pollsAgainAfterAFailureWhateverItWas() {
        take();
        course.fail(ID, Action.SchedulePoll.class, new CallFailure.Refused("no such parameter", 400, null));
        assertThat(course.entry(ID).state()).isInstanceOf(RunState.Waiting.class);
        course.pass(Duration.ofMinutes(1));

        course.take(new Input.TimerFired(ID));

        assertThat(course.lastAction(Action.SchedulePoll.class).runId()).isEqualTo(99);
    }

    @Test
    void pollsAgainAfterARestart() {
        take();
        course.take(new Input.Restored(ID));

        assertThat(course.lastAction(Action.SchedulePoll.class).runId()).isEqualTo(99);
    }

    /** The policy is for clients; what is observed the operator has configured. */
    @Test
    void followsRunsOfJobsThatNoCommandMayUse() {
        course = new Course(policy(new SampleConnection().jobs(1L).build()));
        take();
        course.take(new Input.RunObserved(ID, run(JobRunStatus.Known.RUNNING)));

        assertThat(course.types()).containsExactly("command.accepted", "run.running");
    }

    /** Whoever can write commands can write the header of the relay's own, too. */
    @Test
    void oneThatSomebodyForgedReachesNoAccountThatNoCommandMayUse() {
        Command.Head head = new Command.Head("observed/2/99", "default", 2L, null, null, null);
        course.take(commanded(new Command.Fit(head, new Task.Follow(99, Set.of()), RequestedOptions.NONE)));

        assertThat(course.types()).containsExactly("command.rejected");
    }

    @Test
    void neverCancelsARunAtItsDeadline() {
        course = new Course(policy(anything(), true, false));
        take();
        course.take(new Input.RunObserved(ID, run(JobRunStatus.Known.RUNNING)));
        course.pass(Duration.ofHours(73));
        course.take(new Input.TimerFired(ID));
        course.take(new Input.RunObserved(ID, run(JobRunStatus.Known.RUNNING)));

        assertThat(course.types()).endsWith("run.abandoned");
        assertThat(course.lastActions()).noneMatch(Action.CancelRun.class::isInstance);
    }

    @Test
    void onlyAStartMakesARunOurs() {
        course.take(commanded(command("c1", job(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 5L));
        assertThat(course.entry("c1").started()).isFalse();

        course.take(new Input.Started("c1", 1, SampleRun.of(99).build()));
        assertThat(course.entry("c1").started()).isTrue();

        course.take(RunSamples.ended("c1", run(JobRunStatus.Known.CANCELLED)));
        assertThat(course.entry("c1").started()).as("and stays so").isTrue();
        assertThat(course.events.getLast().type()).isEqualTo(EventType.RUN_CANCELLED);

        course.take(commanded(command("c2", new Task.Follow(99, Set.of()))));
        course.take(new Input.RunRead("c2", run(JobRunStatus.Known.RUNNING), false, null));
        assertThat(course.entry("c2").started()).isFalse();
    }

    private void take() {
        course.take(commanded(command(ID, new Task.Follow(99, Set.of()))));
    }
}
