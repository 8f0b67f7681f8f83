package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.ofRun;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.OnFailure;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.SamplePolicy;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.FailurePattern;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RetryReason;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunEnd.Part;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Another run after one that failed: whether, when and how, and what ends it. */
class FailedRunDecisionsTest {

    private static final FailurePattern CONFLICT =
            new FailurePattern("postgres", FailurePattern.Kind.CONFLICT, "deadlock detected");
    private static final Policy POLICY =
            SamplePolicy.of(anything()).patterns(CONFLICT).build();
    private static final RunStep BUILD = new RunStep(4, "build", Known.ERROR, true, "dbt build", "ERROR=1\n");
    private static final RunFailure PASSES =
            new RunFailure(BUILD, List.of(new FailedNode("model.a", "error", "deadlock detected")));
    private static final RunFailure STAYS =
            new RunFailure(BUILD, List.of(new FailedNode("test.a", "fail", "Got 1 result")));

    private final Course course = new Course(POLICY);

    private static OnFailure.Requested twice() {
        return new OnFailure.Requested(2, null, null, null, null);
    }

    private static RequestedOptions options(OnFailure.Requested onFailure) {
        return new RequestedOptions(null, null, null, null, null, List.of(), onFailure);
    }

    private static RunSnapshot run(long id, Known status) {
        return SampleRun.of(id).status(status).createdAt(RunSamples.T0).build();
    }

    private static RunEnd end(long id, RunFailure failure) {
        return RunEnd.complete(run(id, Known.ERROR), List.of(BUILD), failure);
    }

    private void begin(OnFailure.Requested onFailure) {
        begin(RunSamples.job(7), options(onFailure));
    }

    private void begin(Task task, RequestedOptions requested) {
        course.take(commanded(RunSamples.command("c1", task, requested)));
    }

    private void runs(long id, StartCall call, int attempt) {
        course.take(new Input.StartReserved("c1", call, 98L));
        assertThat(course.lastAction(Action.Start.class).call()).isEqualTo(call);
        assertThat(course.lastAction(Action.Start.class).attempt()).isEqualTo(attempt);
        course.take(new Input.Started("c1", attempt, run(id, Known.RUNNING)));
    }

    private void fails(long id, RunFailure failure) {
        course.take(new Input.RunObserved("c1", run(id, Known.ERROR)));
        course.take(new Input.RunEnded("c1", end(id, failure)));
    }

    private void triggered(long id, int attempt) {
        runs(id, new StartCall.Trigger(), attempt);
    }

    private void pauseIsOver() {
        course.now = ((RunState.Retrying) course.entry("c1").state()).at();
        course.take(new Input.TimerFired("c1"));
    }

    private RunEvent last() {
        return course.events.getLast();
    }

    /** The newest run of the job is read at the command's turn. */
    private void newest(RunSnapshot run, boolean canRetry) {
        Action.ReadNewestRun read = course.lastAction(Action.ReadNewestRun.class);
        course.take(new Input.RunRead(
                "c1", run, canRetry, "RETRY_NO_RUN_RESULTS", read.check().answered(course.now)));
    }

    @Test
    void aFailureThatPassesIsFollowedByAnotherRunFromThePointOfFailure() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);

        assertThat(last().type()).isEqualTo(EventType.RUN_ATTEMPT_FAILED);
        assertThat(ofRun(last()).attempt()).isEqualTo(1);
        assertThat(ofRun(last()).failure()).isEqualTo(PASSES);
        assertThat(ofRun(last()).retry())
                .isEqualTo(new RunEvent.Retry(course.now.plusSeconds(60), RetryReason.of(CONFLICT)));
        course.now = course.now.plusSeconds(59);
        course.take(new Input.TimerFired("c1"));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Retrying.class);
        pauseIsOver();
        newest(run(99, Known.ERROR), true);
        assertThat(course.lastAction(Action.ReserveStart.class).call()).isEqualTo(new StartCall.Retry(99));
        runs(100, new StartCall.Retry(99), 2);

        assertThat(ofRun(last()).attempt()).isEqualTo(2);
        assertThat(ofRun(last()).run()).extracting(RunSnapshot::retryingRunId).isEqualTo(99L);
        course.take(new Input.RunObserved("c1", run(100, Known.SUCCESS)));
        course.take(RunSamples.ended("c1", run(100, Known.SUCCESS)));
        assertThat(course.types())
                .containsExactly(
                        "command.accepted", "run.running", "run.attempt_failed", "run.running", "run.succeeded");
        assertThat(course.sequences()).containsExactly(0, 1, 2, 3, 4);
        assertThat(course.entry("c1").state())
                .isEqualTo(new RunState.Finished(EventType.RUN_SUCCEEDED, null, 100L, course.now, "default", 7L));
    }

    @Test
    void thePausesGrowAndTheNumberOfRunsIsBounded() {
        begin(new OnFailure.Requested(2, Duration.ofSeconds(10), 3.0, null, OnFailure.How.FULL));
        triggered(99, 1);
        fails(99, PASSES);
        assertThat(Duration.between(course.now, ofRun(last()).retry().at())).isEqualTo(Duration.ofSeconds(10));
        pauseIsOver();
        triggered(100, 2);
        fails(100, PASSES);
        assertThat(ofRun(last()).attempt()).isEqualTo(2);
        assertThat(Duration.between(course.now, ofRun(last()).retry().at())).isEqualTo(Duration.ofSeconds(30));
        pauseIsOver();
        triggered(101, 3);
        fails(101, PASSES);

        assertThat(last().type()).isEqualTo(EventType.RUN_FAILED);
        assertThat(ofRun(last()).attempt()).isEqualTo(3);
        assertThat(ofRun(last()).run()).extracting(RunSnapshot::retryingRunId).isEqualTo(100L);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void aFailedTestIsTheEnd() {
        begin(twice());
        triggered(99, 1);
        fails(99, STAYS);

        assertThat(course.types()).containsExactly("command.accepted", "run.running", "run.failed");
    }

    @Test
    void withWhenAnyEachFailureIsFollowedByAnotherRunAtOnce() {
        begin(new OnFailure.Requested(1, null, null, OnFailure.When.ANY, null));
        triggered(99, 1);
        course.take(new Input.RunObserved("c1", run(99, Known.ERROR)));
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));

        assertThat(ofRun(last()).retry().reason()).isEqualTo(new RetryReason("any", null, null));
    }

    @Test
    void aCommandThatSaysNothingHasOneRun() {
        begin(RunSamples.job(7), new RequestedOptions(null, null, null, null, null, List.of()));
        triggered(99, 1);
        fails(99, PASSES);

        assertThat(course.types()).containsExactly("command.accepted", "run.running", "run.failed");
    }

    @Test
    void aRunThatWasCancelledIsFollowedByNone() {
        begin(twice());
        triggered(99, 1);
        course.take(new Input.RunObserved("c1", run(99, Known.CANCELLED)));
        course.take(RunSamples.ended("c1", run(99, Known.CANCELLED)));

        assertThat(course.types()).endsWith("run.cancelled");
    }

    @Test
    void aRunThatFailsWhileItIsCancelledIsFollowedByNone() {
        begin(twice());
        triggered(99, 1);
        course.take(new Input.CancelRequested("c1", CancelReason.CANCELLED_BY_RELAY));
        fails(99, PASSES);

        assertThat(course.types()).endsWith("run.failed");
    }

    @Test
    void nothingIsToldBeforeTheFailureIsExplained() {
        begin(twice());
        triggered(99, 1);
        course.take(new Input.RunObserved("c1", run(99, Known.ERROR)));
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));
        assertThat(course.types()).containsExactly("command.accepted", "run.running");
        Action.ExplainEnd first = course.lastAction(Action.ExplainEnd.class);
        course.take(new Input.EndExplained(
                "c1",
                first.attempt(),
                course.now,
                new RunEnd(run(99, Known.ERROR), List.of(BUILD), PASSES, Set.of(Part.LOG), null)));
        Action.ExplainEnd second = course.lastAction(Action.ExplainEnd.class);
        assertThat(second.attempt()).isEqualTo(1);
        course.take(new Input.EndExplained("c1", first.attempt(), course.now, end(99, STAYS)));
        assertThat(course.types()).as("a late answer").containsExactly("command.accepted", "run.running");
        course.take(new Input.EndExplained("c1", second.attempt(), course.now, end(99, PASSES)));

        assertThat(last().type()).isEqualTo(EventType.RUN_ATTEMPT_FAILED);
        assertThat(ofRun(last()).previousStatus()).isEqualTo(Known.RUNNING);
    }

    /** Waits that begin anew ask twice, and the second answer may come when there is another run. */
    @Test
    void aLateAnswerAboutAnEarlierRunSaysNothingOfTheNext() {
        begin(new OnFailure.Requested(2, null, null, null, OnFailure.How.FULL));
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();
        triggered(100, 2);
        Action.SchedulePoll earlier = new Action.SchedulePoll("c1", new Target("default", 1), 99, course.now, 0);
        course.take(new Input.CallFailed(earlier, new CallFailure.NotSent("away")));
        assertThat(course.lastActions()).isEmpty();
        course.take(new Input.RunObserved("c1", run(100, Known.ERROR)));
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(100, Known.ERROR), null)));
        course.take(new Input.EndExplained("c1", 0, course.now, end(99, PASSES)));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Judging.class);
        course.take(new Input.CancelRequested("c1", CancelReason.CANCELLED_BY_RELAY));
        course.take(new Input.EndExplained("c1", 0, course.now, end(99, PASSES)));
        assertThat(course.types()).endsWith("run.failed");
    }

    @Test
    void whenPatienceIsOverWhatIsKnownDecides() {
        begin(twice());
        triggered(99, 1);
        course.take(new Input.RunObserved("c1", run(99, Known.ERROR)));
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));
        course.pass(POLICY.artifactPatience());
        course.take(new Input.EndExplained(
                "c1",
                0,
                course.now,
                new RunEnd(run(99, Known.ERROR), List.of(BUILD), PASSES, Set.of(Part.NODES), null)));

        assertThat(last().type()).isEqualTo(EventType.RUN_ATTEMPT_FAILED);
    }

    /** With a spent budget an answer can take as long as the patience: what came meanwhile is read before it decides. */
    @Test
    void anAnswerFromBeforePatienceWasOverDoesNotDecide() {
        begin(twice());
        triggered(99, 1);
        course.take(new Input.RunObserved("c1", run(99, Known.ERROR)));
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));
        Instant begun = course.now;
        course.pass(POLICY.artifactPatience());
        course.take(new Input.EndExplained("c1", 0, begun, RunEnd.unread(run(99, Known.ERROR), null)));
        assertThat(course.types()).doesNotContain("run.failed");
        Action.ExplainEnd last = course.lastAction(Action.ExplainEnd.class);
        assertThat(last.due()).isEqualTo(course.now.plusSeconds(1));
        course.now = last.due();
        course.take(new Input.EndExplained("c1", last.attempt(), course.now, end(99, PASSES)));

        assertThat(last().type()).isEqualTo(EventType.RUN_ATTEMPT_FAILED);
    }

    @Test
    void aFailureThatNobodyExplainsIsTheEndAndIsExplainedLater() {
        begin(twice());
        triggered(99, 1);
        course.take(new Input.RunObserved("c1", run(99, Known.ERROR)));
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));
        course.pass(POLICY.artifactPatience().plusSeconds(60));
        course.take(new Input.TimerFired("c1"));
        assertThat(course.types()).containsExactly("command.accepted", "run.running", "run.failed");
        course.take(new Input.EndExplained(
                "c1", course.lastAction(Action.ExplainEnd.class).attempt(), course.now, end(99, STAYS)));

        assertThat(course.types()).endsWith("run.failed", "run.failure_explained");
    }

    @Test
    void theDeadlineEndsTheWaitForAnExplanation() {
        begin(twice());
        triggered(99, 1);
        course.now = course.entry("c1").openCommand().options().deadline().minusSeconds(5);
        course.take(new Input.RunObserved("c1", run(99, Known.ERROR)));
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));
        course.pass(Duration.ofSeconds(5));
        course.take(new Input.TimerFired("c1"));

        assertThat(course.types()).endsWith("run.failed");
    }

    @Test
    void aRunThatCouldNotBeginBeforeTheTimeOutIsNotPromised() {
        begin(twice());
        triggered(99, 1);
        course.now = course.entry("c1").openCommand().options().deadline().minusSeconds(60);
        fails(99, PASSES);

        assertThat(last().type()).isEqualTo(EventType.RUN_FAILED);
        assertThat(ofRun(last()).message()).contains("time-out");
    }

    @Test
    void nothingIsStartedAfterTheExpiry() {
        Instant expiry = course.now.plusSeconds(50);
        course.take(commanded(new Command.Fit(
                new Command.Head("c1", "default", null, expiry, null, null), RunSamples.job(7), options(twice()))));
        triggered(99, 1);
        fails(99, PASSES);

        assertThat(last().type()).isEqualTo(EventType.RUN_FAILED);
    }

    @Test
    void theDeadlineEndsThePause() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        course.now = course.entry("c1").openCommand().options().deadline();
        course.take(new Input.TimerFired("c1"));

        assertThat(last().type()).isEqualTo(EventType.RUN_FAILED);
        assertThat(ofRun(last()).attempt()).isEqualTo(1);
        assertThat(last().runId()).isEqualTo(99);
    }

    @ParameterizedTest
    @EnumSource(CancelReason.class)
    void aCancelEndsThePause(CancelReason reason) {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        course.take(new Input.CancelRequested("c1", reason));

        assertThat(last().type()).isEqualTo(EventType.RUN_FAILED);
        assertThat(ofRun(last()).message()).startsWith("there is no other run");
        course.take(new Input.TimerFired("c1"));
        assertThat(course.lastActions()).noneMatch(Action.ReserveStart.class::isInstance);
    }

    /** Else the run of a retry, which has no marker, would be observed as somebody else's. */
    @Test
    void aCommandThatEndsInThePauseKnowsThatItHasStartedItsRun() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        course.take(new Input.CancelRequested("c1", CancelReason.CANCELLED_BY_RELAY));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.WithRun.class);
        assertThat(course.entry("c1").started()).isTrue();
    }

    @Test
    void aCancelByCommandEndsThePauseAndCompletes() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        course.take(commanded(RunSamples.command("k", new Task.Cancel(new RunSelector.OfCommand("c1")))));

        assertThat(course.types()).endsWith("command.accepted", "run.failed", "command.completed");
    }

    @Test
    void aCancelEndsTheWaitForAnExplanation() {
        begin(twice());
        triggered(99, 1);
        course.take(new Input.RunObserved("c1", run(99, Known.ERROR)));
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));
        course.take(commanded(RunSamples.command("k", new Task.Cancel(new RunSelector.OfCommand("c1")))));

        assertThat(course.types()).endsWith("command.accepted", "run.failed", "command.completed");
    }

    @Test
    void aNewerRunOfSomebodyElseLeadsToAFullRun() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();
        newest(run(120, Known.ERROR), true);

        assertThat(course.lastAction(Action.ReserveStart.class).call()).isEqualTo(new StartCall.Trigger());
    }

    @Test
    void aRunThatDbtCloudCannotResumeLeadsToAFullRun() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();
        newest(run(99, Known.ERROR), false);

        assertThat(course.lastAction(Action.ReserveStart.class).call()).isEqualTo(new StartCall.Trigger());
    }

    @Test
    void aRefusalToResumeLeadsToAFullRun() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();
        newest(run(99, Known.ERROR), true);
        course.take(new Input.StartReserved("c1", new StartCall.Retry(99), 99L));
        course.take(new Input.StartRefused("c1", 2, RejectReason.REFUSED_BY_DBT_CLOUD, "no"));

        assertThat(course.lastAction(Action.ReserveStart.class).call()).isEqualTo(new StartCall.Trigger());
        triggered(100, 3);
        assertThat(ofRun(last()).attempt()).isEqualTo(2);
    }

    @Test
    void aCommandWithOverridesBeginsAnew() {
        begin(
                new Task.Trigger(
                        new JobSelector.ById(7), null, new Overrides(null, "other", null, Set.of()), false, false),
                options(twice()));
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();

        assertThat(course.lastAction(Action.ReserveStart.class).call()).isEqualTo(new StartCall.Trigger());
    }

    @Test
    void aRetryThatCannotBeResumedAgainIsTheEnd() {
        begin(new Task.Retry(new RunSelector.ById(90)), options(twice()));
        course.take(new Input.RunRead("c1", run(90, Known.ERROR), true, null));
        course.take(new Input.RunRead("c1", run(90, Known.ERROR), true, null));
        runs(99, new StartCall.Retry(90), 1);
        fails(99, PASSES);
        assertThat(last().type()).isEqualTo(EventType.RUN_ATTEMPT_FAILED);
        pauseIsOver();
        newest(run(120, Known.RUNNING), false);

        assertThat(last().type()).isEqualTo(EventType.RUN_FAILED);
        assertThat(ofRun(last()).message()).contains("newer run, 120");
    }

    @Test
    void aRetryIsResumedAgain() {
        begin(new Task.Retry(new RunSelector.ById(90)), options(twice()));
        course.take(new Input.RunRead("c1", run(90, Known.ERROR), true, null));
        course.take(new Input.RunRead("c1", run(90, Known.ERROR), true, null));
        runs(99, new StartCall.Retry(90), 1);
        fails(99, PASSES);
        pauseIsOver();
        newest(run(99, Known.ERROR), true);
        runs(100, new StartCall.Retry(99), 2);

        assertThat(ofRun(last()).attempt()).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource(
            value = IfRunning.class,
            names = {"SKIP", "REPLACE"})
    void anotherRunComesBesideNoneAndInPlaceOfNone(IfRunning ifRunning) {
        begin(RunSamples.job(7), new RequestedOptions(null, null, null, null, ifRunning, List.of(), twice()));
        Action.ListInFlight list = course.lastAction(Action.ListInFlight.class);
        course.take(new Input.RunsInFlight("c1", List.of(), list.check().answered(course.now)));
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();
        Action.ListInFlight again = course.lastAction(Action.ListInFlight.class);
        course.take(new Input.RunsInFlight(
                "c1", List.of(run(120, Known.RUNNING)), again.check().answered(course.now)));

        assertThat(last().type()).isEqualTo(EventType.RUN_FAILED);
        assertThat(course.lastActions()).noneMatch(Action.CancelOther.class::isInstance);
    }

    /** A list of dbt Cloud, or another command that follows the run, may not know yet that it has failed. */
    @ParameterizedTest
    @EnumSource(
            value = IfRunning.class,
            names = {"SKIP", "REPLACE", "REUSE"})
    void itsOwnFailedRunIsNotInTheWay(IfRunning ifRunning) {
        course.take(commanded(RunSamples.command("other", new Task.Follow(99, Set.of()))));
        begin(RunSamples.job(7), new RequestedOptions(null, null, null, null, ifRunning, List.of(), twice()));
        Action.ListInFlight list = course.lastAction(Action.ListInFlight.class);
        course.take(new Input.RunsInFlight("c1", List.of(), list.check().answered(course.now)));
        triggered(99, 1);
        course.take(new Input.RunRead("other", run(99, Known.RUNNING), false, null, StartCheck.FIRST));
        assertThat(course.entry("other").state()).isInstanceOf(RunState.Following.class);
        fails(99, PASSES);
        pauseIsOver();
        Action.ListInFlight again = course.lastAction(Action.ListInFlight.class);
        course.take(new Input.RunsInFlight(
                "c1", List.of(run(99, Known.RUNNING)), again.check().answered(course.now)));

        assertThat(course.lastAction(Action.ReadNewestRun.class).commandId()).isEqualTo("c1");
    }

    /** It is polled less often, and not known to have ended: the command would ask for its start again and again until then. */
    @ParameterizedTest
    @EnumSource(
            value = IfRunning.class,
            names = {"REUSE", "SKIP", "REPLACE"})
    void itsOwnFailedRunThatAnotherCommandStillFollowsIsNotInTheWay(IfRunning ifRunning) {
        OnFailure.Requested full = new OnFailure.Requested(2, null, null, null, OnFailure.How.FULL);
        begin(RunSamples.job(7), new RequestedOptions(null, null, null, null, ifRunning, List.of(), full));
        nothingInFlight();
        triggered(99, 1);
        course.take(commanded(RunSamples.command("f", new Task.Follow(99, Set.of()))));
        course.take(new Input.RunRead("f", run(99, Known.RUNNING), false, null));
        fails(99, PASSES);
        pauseIsOver();
        nothingInFlight();

        triggered(100, 2);
    }

    private void nothingInFlight() {
        Action.ListInFlight list = course.lastAction(Action.ListInFlight.class);
        course.take(new Input.RunsInFlight("c1", List.of(), list.check().answered(course.now)));
    }

    @Test
    void aReusedRunIsFollowedByNone() {
        begin(RunSamples.job(7), new RequestedOptions(null, null, null, null, IfRunning.REUSE, List.of(), twice()));
        Action.ListInFlight list = course.lastAction(Action.ListInFlight.class);
        course.take(new Input.RunsInFlight(
                "c1", List.of(run(99, Known.RUNNING)), list.check().answered(course.now)));
        fails(99, PASSES);

        assertThat(course.types()).endsWith("run.failed");
    }

    /** It was before them in the order of records, and keeps no slot and no turn while it pauses. */
    @Test
    void itGoesBeforeThoseThatCameLaterWhenItsPauseIsOver() {
        begin(new OnFailure.Requested(2, null, null, null, OnFailure.How.FULL));
        triggered(99, 1);
        fails(99, PASSES);
        course.take(commanded(RunSamples.command("c2", RunSamples.job(7))));
        assertThat(course.lastAction(Action.ReserveStart.class).commandId()).isEqualTo("c2");
        course.now = ((RunState.Retrying) course.entry("c1").state()).at();
        course.take(new Input.TimerFired("c1"));

        assertThat(course.lastAction(Action.ReserveStart.class).commandId()).isEqualTo("c1");
        course.take(new Input.StartReserved("c2", new StartCall.Trigger(), 99L));
        assertThat(course.entry("c2").state()).as("not its turn any more").isInstanceOf(RunState.Waiting.class);
    }

    @Test
    void anUnclearResumptionIsNotSentAgain() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();
        newest(run(99, Known.ERROR), true);
        course.take(new Input.StartReserved("c1", new StartCall.Retry(99), 99L));
        course.take(new Input.StartFailed("c1", 2, new CallFailure.Unclear("reset")));
        assertThat(course.lastAction(Action.SearchRetry.class).retriedRunId()).isEqualTo(99);
        Instant begun = course.now.plus(POLICY.unclearWait());
        course.now = begun;
        course.take(new Input.SearchResult("c1", 2, begun, null));

        assertThat(course.types()).endsWith("run.abandoned");
        assertThat(ofRun(last()).reason()).isEqualTo("start_unclear");
    }

    @Test
    void anUnclearFullRunIsSearchedAmongThoseThatAreNotKnown() {
        begin(new OnFailure.Requested(2, null, null, null, OnFailure.How.FULL));
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 99L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("of the first run, late")));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Starting.class);
        course.take(new Input.StartFailed("c1", 2, new CallFailure.Unclear("reset")));

        assertThat(course.lastAction(Action.SearchMarker.class).except()).containsExactly(99L);
        assertThat(course.lastAction(Action.SearchMarker.class).aboveRunId()).isEqualTo(99);
        course.take(new Input.SearchResult("c1", 2, course.now, run(100, Known.RUNNING)));
        assertThat(ofRun(last()).adopted()).isTrue();
        assertThat(ofRun(last()).attempt()).isEqualTo(2);
    }

    /** A sweep sees the marker of the command at both of its runs. */
    @Test
    void theEarlierRunIsNoStray() {
        begin(new OnFailure.Requested(2, null, null, null, OnFailure.How.FULL));
        triggered(99, 1);
        fails(99, PASSES);
        Target target = new Target("default", 1);
        Input.MarkedRunsFound both =
                new Input.MarkedRunsFound("c1", target, List.of(run(99, Known.ERROR), run(100, Known.QUEUED)));
        Input.MarkedRunsFound first = new Input.MarkedRunsFound("c1", target, List.of(run(99, Known.ERROR)));
        course.take(first);
        pauseIsOver();
        course.take(first);
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Waiting.class);
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 99L));
        course.take(new Input.Started("c1", 2, run(100, Known.QUEUED)));
        course.take(both);
        course.take(RunSamples.ended("c1", run(100, Known.SUCCESS)));
        course.take(both);

        assertThat(course.types()).doesNotContain("run.stray");
        assertThat(course.types()).containsOnlyOnce("run.succeeded");
    }

    @Test
    void aStrayIsToldWhileItPauses() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        course.take(new Input.MarkedRunsFound(
                "c1", new Target("default", 1), List.of(run(99, Known.ERROR), run(97, Known.RUNNING))));

        assertThat(last().type()).isEqualTo(EventType.RUN_STRAY);
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Retrying.class);
    }

    @Test
    void aClaimGoesOnWithThePauseAndWithTheWaitForAnExplanation() {
        begin(twice());
        triggered(99, 1);
        course.take(new Input.RunObserved("c1", run(99, Known.ERROR)));
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));
        course.take(new Input.Restored("c1"));
        Action.ExplainEnd asked = course.lastAction(Action.ExplainEnd.class);
        course.take(new Input.EndExplained("c1", asked.attempt(), course.now, end(99, PASSES)));
        Instant at = ofRun(last()).retry().at();
        course.take(new Input.Restored("c1"));

        assertThat(course.lastActions()).contains(new Action.SetTimer("c1", at));
        course.now = at;
        course.take(new Input.TimerFired("c1"));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Waiting.class);
    }

    /** A clock that was set back must not make a pause of years. */
    @Test
    void noPauseIsLongerThanItself() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        course.now = course.now.minus(Duration.ofDays(1));
        course.take(new Input.Restored("c1"));
        course.take(new Input.TimerFired("c1"));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Waiting.class);
    }

    @Test
    void anOperatorEndsThePause() {
        begin(twice());
        triggered(99, 1);
        fails(99, PASSES);
        course.take(new Input.EndRequested("c1"));

        assertThat(course.types()).endsWith("run.abandoned");
    }

    @Test
    void aStartThatIsRefusedIsTheEnd() {
        begin(new OnFailure.Requested(2, null, null, null, OnFailure.How.FULL));
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 99L));
        course.take(new Input.StartRefused("c1", 2, RejectReason.JOB_NOT_FOUND, "the job is gone"));

        assertThat(last().type()).isEqualTo(EventType.RUN_FAILED);
        assertThat(ofRun(last()).message()).contains("the job is gone");
        assertThat(last().runId()).isEqualTo(99);
    }

    @Test
    void theTimeOutEndsTheWaitForAStart() {
        begin(new OnFailure.Requested(2, null, null, null, OnFailure.How.FULL));
        triggered(99, 1);
        fails(99, PASSES);
        pauseIsOver();
        course.now = course.entry("c1").openCommand().options().deadline();
        course.take(new Input.TimerFired("c1"));

        assertThat(last().type()).isEqualTo(EventType.RUN_FAILED);
    }

    @Test
    void theArtifactsAreThoseOfTheLastRun() {
        begin(
                RunSamples.job(7),
                new RequestedOptions(null, null, null, null, null, RunSamples.requested("manifest.json"), twice()));
        triggered(99, 1);
        fails(99, PASSES);
        assertThat(course.lastActions()).noneMatch(Action.CollectArtifacts.class::isInstance);
        course.take(new Input.CancelRequested("c1", CancelReason.CANCELLED_BY_RELAY));
        course.take(new Input.EndExplained(
                "c1", course.lastAction(Action.ExplainEnd.class).attempt(), course.now, end(99, PASSES)));

        assertThat(course.lastAction(Action.CollectArtifacts.class).run().runId())
                .isEqualTo(99);
        assertThat(course.types()).endsWith("run.failed", "run.failure_explained");
    }

    @Test
    void whatIsNotSaidIsTakenFromTheNextThatSaysIt() {
        OnFailure.Requested own = new OnFailure.Requested(3, null, null, null, OnFailure.How.FULL);
        OnFailure.Requested ofJob = new OnFailure.Requested(1, Duration.ofSeconds(7), null, OnFailure.When.ANY, null);
        Policy policy = new SamplePolicy().job(7, options(ofJob)).build();

        assertThat(policy.options(options(own), "default", 7L, RunSamples.T0).onFailure())
                .isEqualTo(new OnFailure(3, Duration.ofSeconds(7), 2, OnFailure.When.ANY, OnFailure.How.FULL));
        assertThat(policy.options(RequestedOptions.NONE, "default", 8L, RunSamples.T0)
                        .onFailure())
                .isNull();
        assertThat(policy.options(
                                options(new OnFailure.Requested(0, null, null, null, null)),
                                "default",
                                7L,
                                RunSamples.T0)
                        .onFailure())
                .isNull();
    }

    @Test
    void noPauseIsLongerThanADay() {
        OnFailure onFailure = new OnFailure(10, Duration.ofHours(1), 10, OnFailure.When.ANY, OnFailure.How.FULL);

        assertThat(onFailure.pause(0)).isEqualTo(Duration.ofHours(1));
        assertThat(onFailure.pause(9)).isEqualTo(Duration.ofHours(24));
    }
}
