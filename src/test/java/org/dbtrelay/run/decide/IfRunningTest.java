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
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.SamplePolicy;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

/** Several commands of one job: who comes first, and what the others do about it. */
class IfRunningTest {

    private static final StartCall TRIGGER = new StartCall.Trigger();
    private final Course course = new Course(policy(anything()));

    // order

    @Test
    void commandsOfAJobStartOneAfterAnotherInTheOrderOfTheirRecords() {
        course.take(commanded(command("c1", job(7))));
        assertReserves("c1");
        course.take(commanded(command("c2", job(7))));
        course.take(commanded(command("other", job(8))));
        assertReserves("other");

        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        assertThat(course.lastActions()).noneMatch(Action.ReserveStart.class::isInstance);
        course.take(new Input.Started("c1", 1, run(99)));

        assertReserves("c2");
    }

    @Test
    void aCommandThatHasToTryAgainKeepsItsPlace() {
        course.take(commanded(command("c1", job(7))));
        course.take(commanded(command("c2", job(7))));
        course.fail("c1", Action.ReserveStart.class, new CallFailure.NotSent("refused"));
        assertThat(course.lastActions()).noneMatch(Action.ReserveStart.class::isInstance);

        course.pass(Duration.ofSeconds(1));
        course.take(new Input.TimerFired("c1"));
        assertReserves("c1");
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        assertThat(course.lastActions()).as("in doubt").noneMatch(Action.ReserveStart.class::isInstance);
        course.take(new Input.SearchResult("c1", 1, course.now, run(99)));

        assertReserves("c2");
    }

    @Test
    void aPermitThatComesWhileItHasToWaitIsGivenBack() {
        course.take(commanded(command("c1", job(7))));
        course.fail("c1", Action.ReserveStart.class, new CallFailure.NotSent("refused"));

        assertThat(course.take(new Input.StartReserved("c1", TRIGGER, 50L))).isEqualTo(Decision.NOTHING);
        assertThat(course.take(inFlight("c1", List.of()))).isEqualTo(Decision.NOTHING);
    }

    @Test
    void aCommandThatEndsWithoutARunLetsTheNextOneGo() {
        course.take(commanded(command("c1", job(7))));
        course.take(commanded(command("c2", job(7))));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));

        course.take(new Input.StartRefused("c1", 1, RejectReason.REFUSED_BY_DBT_CLOUD, "400"));

        assertReserves("c2");
    }

    @Test
    void commandsByTheSameNamesAreLookedUpInOrderAndKeepItAmongThoseById() {
        Task.Trigger named = new Task.Trigger(RunSamples.BY_NAMES, null, Overrides.NONE, false, false);
        course.take(commanded(command("c1", named)));
        assertThat(course.lastAction(Action.LookUpJob.class).commandId()).isEqualTo("c1");
        course.take(commanded(command("c2", named)));
        assertThat(course.lastActions()).noneMatch(Action.LookUpJob.class::isInstance);

        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false, false, null)));
        assertReserves("c1");
        assertThat(course.lastAction(Action.LookUpJob.class).commandId()).isEqualTo("c2");
        course.take(new Input.JobFound("c2", new JobDetails(7, 1, 2, 3, "j", false, false, null)));

        assertThat(course.lastActions()).as("c1 is ahead").noneMatch(Action.ReserveStart.class::isInstance);
    }

    /** Simulation, seed 2097326. */
    @Test
    void aPermitOfBeforeAJobByNamesStartedItsRunReplacesThatRunFirst() {
        Task.Trigger named = new Task.Trigger(RunSamples.BY_NAMES, null, Overrides.NONE, false, false);
        course.take(commanded(command("c1", named)));
        course.take(commanded(
                command("c2", job(7), new RequestedOptions(null, null, null, null, IfRunning.REPLACE, null))));
        course.take(inFlight("c2", List.of()));
        assertReserves("c2");
        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false, false, null)));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.Started("c1", 1, run(99)));
        assertThat(course.lastAction(Action.ListInFlight.class).commandId()).isEqualTo("c2");

        course.take(new Input.StartReserved("c2", TRIGGER, 50L));

        assertThat(course.entry("c2").state()).isInstanceOf(RunState.Waiting.class);
        assertThat(course.lastAction(Action.CancelRun.class).commandId()).isEqualTo("c1");
    }

    @Test
    void aNewOwnerSeesTheSameOrder() {
        course.take(commanded(command("c1", job(7))));
        course.take(commanded(command("c2", job(7))));

        JobQueues anew = new JobQueues(course.entries);

        assertThat(anew.takeTurn()).isEqualTo(new Input.TurnReached("c1"));
        assertThat(anew.takeTurn()).isNull();
        assertThat(anew.countAheadOf(course.entry("c2"))).isEqualTo(1);
        anew.beginAnew();
        assertThat(anew.takeTurn()).isEqualTo(new Input.TurnReached("c1"));
    }

    @Test
    void whatAnEarlierClaimHasAskedForCountsNoMore() {
        course.take(commanded(command("c1", job(7))));
        course.take(commanded(command("c2", job(7))));
        JobQueues anew = new JobQueues(course.entries);

        for (Input late : List.of(
                inFlight("c2", List.of()),
                new Input.StartReserved("c2", new StartCall.Trigger(), null),
                new Input.RunRead("c2", null, false, null))) {
            assertThat(RunMachine.decide(course.entry("c2"), late, course.now, policy(anything()), anew))
                    .as("%s", late)
                    .isEqualTo(Decision.NOTHING);
        }
    }

    @Test
    void theTermsOfAJobHoldForItsCommandsByNamesToo() {
        Policy own = SamplePolicy.of(anything())
                .job(7, new RequestedOptions(null, Duration.ofHours(1), null, true, null, null))
                .build();
        Course named = new Course(own);
        named.take(commanded(command("c1", new Task.Trigger(RunSamples.BY_NAMES, null, Overrides.NONE, false, false))));

        named.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false, false, null)));

        assertThat(named.entry("c1").openCommand().options().parkUnclear()).isTrue();
        assertThat(named.entry("c1").openCommand().options().deadline()).isEqualTo(named.now.plus(Duration.ofHours(1)));
        assertThat(named.lastAction(Action.SetTimer.class).at()).isEqualTo(named.now.plus(Duration.ofHours(1)));
    }

    // skip

    @Test
    void skipIsRejectedWhileTheJobHasARunInFlightAnywhere() {
        take("c1", IfRunning.SKIP);
        assertThat(course.lastAction(Action.ListInFlight.class).jobId()).isEqualTo(7);

        course.take(inFlight("c1", List.of(run(98))));

        assertRejected("c1", "98");
    }

    @Test
    void skipIsRejectedAtOnceWhileACommandBeforeItHasNoRunYet() {
        course.take(commanded(command("c1", job(7))));

        take("c2", IfRunning.SKIP);

        assertRejected("c2", "'c1'");
    }

    @Test
    void skipKnowsOfARunThatDbtCloudDoesNotListYet() {
        started("c1", 99);
        take("c2", IfRunning.SKIP);

        course.take(inFlight("c2", List.of()));

        assertRejected("c2", "99");
    }

    @Test
    void skipStartsWhereNothingIsInFlight() {
        take("c1", IfRunning.SKIP);

        course.take(inFlight("c1", List.of()));

        assertReserves("c1");
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        assertThat(course.lastAction(Action.Start.class).jobId()).isEqualTo(7);
    }

    // reuse

    @Test
    void reuseFollowsTheNewestRunAndLeavesItAloneAtItsTimeOut() {
        take("c1", IfRunning.REUSE);
        course.take(inFlight("c1", List.of(run(97), run(98))));

        RunEvent queued = course.events.getLast();
        assertThat(queued.type()).isEqualTo(EventType.RUN_QUEUED);
        assertThat(queued.runId()).isEqualTo(98);
        assertThat(RunSamples.ofRun(queued).adopted()).isTrue();
        assertThat(course.entry("c1").openCommand().options().cancelsAtDeadline())
                .isFalse();
    }

    @Test
    void reuseWaitsForThoseBeforeItAndThenFollowsTheirRun() {
        course.take(commanded(command("c1", job(7))));
        take("c2", IfRunning.REUSE);
        assertThat(course.types()).containsExactly("command.accepted", "command.accepted");
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.Started("c1", 1, run(99)));
        assertThat(course.lastAction(Action.ListInFlight.class).commandId()).isEqualTo("c2");

        course.take(inFlight("c2", List.of()));

        assertThat(course.events.getLast().runId()).isEqualTo(99);
    }

    @Test
    void aRunThatEndsTakesNoOtherOfItsJobAlong() {
        started("c1", 98);
        started("c2", 99);
        course.take(RunSamples.ended("c1", run(98, Known.SUCCESS)));

        take("c3", IfRunning.SKIP);
        course.take(inFlight("c3", List.of()));

        assertRejected("c3", "99");
    }

    // replace

    @Test
    void replaceCancelsWhatRunsAndStartsWhenThatHasEnded() {
        started("c1", 99);
        take("c2", IfRunning.REPLACE);
        course.take(inFlight("c2", List.of(run(98), run(99))));

        assertThat(course.lastAction(Action.CancelOther.class).runId())
                .as("nobody's here")
                .isEqualTo(98);
        assertThat(course.lastAction(Action.CancelRun.class).commandId())
                .as("its own command's")
                .isEqualTo("c1");
        assertThat(course.lastActions()).noneMatch(Action.ReserveStart.class::isInstance);
        course.pass(Duration.ofSeconds(1));
        course.take(new Input.TimerFired("c2"));
        course.take(inFlight("c2", List.of(run(99))));
        assertThat(course.lastActions()).as("not ended yet").noneMatch(Action.ReserveStart.class::isInstance);
        course.take(RunSamples.ended("c1", run(99, Known.CANCELLED)));
        assertThat(RunSamples.ofRun(course.events.getLast()).reason()).isEqualTo("superseded");
        course.pass(Duration.ofSeconds(2));
        course.take(new Input.TimerFired("c2"));
        course.take(inFlight("c2", List.of()));

        assertReserves("c2");
    }

    @Test
    void replaceTakesThePlaceOfThoseThatWait() {
        started("c1", 99);
        take("c2", IfRunning.REPLACE);
        take("c3", IfRunning.REPLACE);

        RunEvent superseded = course.events.getLast();
        assertThat(superseded.type()).isEqualTo(EventType.RUN_CANCELLED);
        assertThat(superseded.commandId()).isEqualTo("c2");
        assertThat(superseded.runId()).isNull();
        assertThat(RunSamples.ofRun(superseded).reason()).isEqualTo("superseded");
        assertThat(RunSamples.ofRun(superseded).message())
                .isEqualTo("a command with if_running=replace took its place before a run was started");
        assertThat(course.lastAction(Action.ListInFlight.class).commandId()).isEqualTo("c3");
    }

    @Test
    void replaceTakesThePlaceOfManyInSeveralCommits() {
        aHundredAreReplacedWithRoomForTen();

        course.catchUp();

        assertThat(course.types().stream().filter("run.cancelled"::equals)).hasSize(100);
    }

    @Test
    void aNewOwnerTakesThePlaceOfThoseThatWereLeft() {
        aHundredAreReplacedWithRoomForTen();

        course.claimAnew();

        assertThat(course.types().stream().filter("run.cancelled"::equals)).hasSize(100);
        assertThat(course.entry("replaces").unfinished()).isTrue();
    }

    private void aHundredAreReplacedWithRoomForTen() {
        started("c1", 99);
        for (int i = 0; i < 100; i++) {
            take("waits-" + i, IfRunning.QUEUE);
        }
        course.room = 10;
        take("replaces", IfRunning.REPLACE);
        assertThat(course.types().stream().filter("run.cancelled"::equals)).hasSizeLessThan(10);
    }

    @Test
    void replaceWaitsForAStartThatIsOnItsWayAndThenCancelsIt() {
        course.take(commanded(command("c1", job(7))));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        take("c2", IfRunning.REPLACE);
        assertThat(course.lastActions()).noneMatch(Action.ListInFlight.class::isInstance);

        course.take(new Input.Started("c1", 1, run(99)));
        course.take(inFlight("c2", List.of()));

        assertThat(course.lastAction(Action.CancelRun.class).commandId()).isEqualTo("c1");
    }

    private Input.RunsInFlight inFlight(String id, List<RunSnapshot> runs) {
        return new Input.RunsInFlight(id, runs, StartCheck.FIRST.answered(course.now));
    }

    private void take(String id, IfRunning ifRunning) {
        course.take(commanded(command(id, job(7), new RequestedOptions(null, null, null, null, ifRunning, null))));
    }

    private void started(String id, long runId) {
        course.take(commanded(command(id, job(7))));
        course.take(new Input.StartReserved(id, TRIGGER, 50L));
        course.take(new Input.Started(id, 1, run(runId)));
    }

    private void assertReserves(String id) {
        assertThat(course.lastAction(Action.ReserveStart.class).commandId()).isEqualTo(id);
    }

    private void assertRejected(String id, String word) {
        RunEvent rejection = course.events.getLast();
        assertThat(rejection.commandId()).isEqualTo(id);
        assertThat(RunSamples.ofCommand(rejection).reason()).isEqualTo(RejectReason.ALREADY_RUNNING);
        assertThat(RunSamples.ofCommand(rejection).message()).contains(word);
    }

    private static RunSnapshot run(long id) {
        return run(id, Known.QUEUED);
    }

    private static RunSnapshot run(long id, JobRunStatus status) {
        return SampleRun.of(id).status(status).build();
    }
}
