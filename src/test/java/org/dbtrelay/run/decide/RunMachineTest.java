package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.SampleConnection;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

class RunMachineTest {

    private static final CommandHash HASH = new CommandHash(1, 2);
    private static final Instant T0 = Instant.parse("2026-11-22T10:00:00Z");
    private static final Policy POLICY = policy(true, false);

    private final Course course = new Course(POLICY);

    @Test
    void aTriggerByJobIdGoesFromAcceptanceToSuccessWithoutAGap() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        assertThat(course.lastActions()).hasAtLeastOneElementOfType(Action.ReserveStart.class);

        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        Action.Start start = course.lastAction(Action.Start.class);
        assertThat(start.cause()).startsWith("[relay:test:").endsWith("] orders landed");
        assertThat(start.attempt()).isEqualTo(1);

        course.take(new Input.Started("c1", 1, run(Known.QUEUED)));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        course.take(new Input.RunObserved("c1", run(Known.SUCCESS)));
        assertThat(course.lastAction(Action.ReadEnd.class).run().runId()).isEqualTo(99);
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        Action.CollectArtifacts collect = course.lastAction(Action.CollectArtifacts.class);
        course.take(new Input.ArtifactsCollected(
                "c1", course.now, List.of(RunSamples.stored(collect.artifacts().getFirst())), List.of(), List.of()));

        assertThat(course.types())
                .containsExactly("command.accepted", "run.queued", "run.running", "run.succeeded", "artifact.ready");
        assertThat(course.sequences()).containsExactly(0, 1, 2, 3, 4);
        assertThat(course.entry("c1").state())
                .isEqualTo(new RunState.Finished(EventType.RUN_SUCCEEDED, null, 99L, course.now, "default", 7L));
    }

    /** The answer to a trigger has trigger and job; polls have neither, and an end that cannot be read has what polls had. */
    @Test
    void whatOneAnswerToldOfARunStaysInLaterEvents() {
        RunDetails told = new RunDetails(null, null, "latest", List.of(5L), null, "other", "api", null, 17L);
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.Started(
                "c1", 1, SampleRun.of(99).status(Known.QUEUED).details(told).build()));
        RunDetails polled = new RunDetails("main", "3fca", "latest", List.of(), null, null, null, null, null);
        course.take(new Input.RunObserved(
                "c1", SampleRun.of(99).status(Known.RUNNING).details(polled).build()));
        course.take(new Input.RunObserved("c1", run(Known.ERROR)));
        course.take(new Input.RunEnded(
                "c1", RunEnd.unread(course.lastAction(Action.ReadEnd.class).run(), null)));

        assertThat(course.events.stream()
                        .filter(event -> event.body() instanceof RunEvent.OfRun)
                        .map(RunSamples::ofRun)
                        .map(body -> body.run().details()))
                .containsExactly(
                        told,
                        new RunDetails("main", "3fca", "latest", List.of(), null, "other", "api", null, 17L),
                        new RunDetails("main", "3fca", "latest", List.of(), null, "other", "api", null, 17L));
        assertThat(course.events.stream()
                        .filter(event -> event.body() instanceof RunEvent.OfRun)
                        .map(event -> RunSamples.ofRun(event).attempt()))
                .containsOnly(1);
    }

    @Test
    void theSameCommandAgainChangesNothingAndAnotherOfItsIdIsPutAside() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));

        assertThat(course.take(commanded(trigger("c1", new JobSelector.ById(7)))))
                .isEqualTo(Decision.NOTHING);
        Decision conflict = course.take(
                new Input.CommandReceived(trigger("c1", new JobSelector.ById(7)), new CommandHash(3, 4), T0, 9));

        assertThat(conflict.deadLetter().reason()).isEqualTo(DeadLetterReason.ID_CONFLICT);
        assertThat(course.types()).containsExactly("command.accepted");
    }

    @Test
    void aCommandThatIsTooOldIsPutAside() {
        course.pass(Duration.ofDays(8));

        Decision decision = course.take(new Input.CommandReceived(trigger("c1", new JobSelector.ById(7)), HASH, T0, 1));

        assertThat(decision.deadLetter().reason()).isEqualTo(DeadLetterReason.EXPIRED);
        assertThat(course.entries).isEmpty();
    }

    @Test
    void whatThePolicyForbidsIsRejectedWithTheKeyThatWouldAllowIt() {
        Command.Fit steps = with(new Overrides(List.of("dbt run"), null, null, Set.of()));
        course.take(commanded(steps));

        RunEvent.OfCommand body = (RunEvent.OfCommand) course.events.getFirst().body();
        assertThat(course.types()).containsExactly("command.rejected");
        assertThat(body.reason()).isEqualTo(RejectReason.FORBIDDEN);
        assertThat(body.message()).contains("relay.policy.connections.default.allow-steps-override");
    }

    @Test
    void aJobByNamesIsLookedUpAndItsAbsenceRejects() {
        course.take(commanded(trigger("c1", new JobSelector.ByNames(new JobNames("p", "e", "j")))));
        assertThat(course.lastAction(Action.LookUpJob.class).names().jobName()).isEqualTo("j");

        course.take(new Input.JobRejected("c1", RejectReason.JOB_NOT_FOUND, "no job 'j'"));

        assertThat(course.types()).containsExactly("command.accepted", "command.rejected");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void aDeactivatedJobIsRejectedBeforeAnyTrigger() {
        course.take(commanded(trigger("c1", new JobSelector.ByNames(new JobNames("p", "e", "j")))));

        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", true, false, null)));

        assertThat(((RunEvent.OfCommand) course.events.getLast().body()).reason())
                .isEqualTo(RejectReason.JOB_DEACTIVATED);
    }

    @Test
    void anUnclearTriggerIsSearchedForAndItsRunAdopted() {
        startUnclear();
        Action.SearchMarker search = course.lastAction(Action.SearchMarker.class);
        assertThat(search.notCreatedBefore()).isBefore(T0);

        course.take(new Input.SearchResult("c1", 1, course.now, run(Known.RUNNING)));

        RunEvent.OfRun body = (RunEvent.OfRun) course.events.getLast().body();
        assertThat(body.adopted()).isTrue();
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Following.class);
    }

    @Test
    void anUnclearTriggerIsNotSentAgainBeforeTheWaitIsOver() {
        startUnclear();
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        course.pass(POLICY.unclearWait().minusSeconds(1));
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Searching.class);

        course.pass(Duration.ofSeconds(1));
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        assertThat(course.lastAction(Action.ReserveStart.class)).isNotNull();

        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        assertThat(course.lastAction(Action.Start.class).attempt()).isEqualTo(2);
    }

    @Test
    void whileAnEarlierStartIsInDoubtTheSearchKeepsItsBounds() {
        startUnclear();
        course.pass(POLICY.unclearWait());
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        course.pass(Duration.ofHours(2));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 80L));

        course.take(new Input.StartFailed("c1", 2, new CallFailure.Unclear("reset")));

        Action.SearchMarker search = course.lastAction(Action.SearchMarker.class);
        assertThat(search.aboveRunId()).isEqualTo(50L);
        assertThat(search.notCreatedBefore()).isBefore(T0);
    }

    @Test
    void aStartThatWasSurelyNotSentLeavesNoBoundsBehind() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("refused")));
        course.pass(Duration.ofHours(2));
        course.take(new Input.TimerFired("c1"));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 80L));

        course.take(new Input.StartFailed("c1", 2, new CallFailure.Unclear("reset")));

        Action.SearchMarker search = course.lastAction(Action.SearchMarker.class);
        assertThat(search.aboveRunId()).isEqualTo(80L);
        assertThat(search.notCreatedBefore()).isEqualTo(course.now.minus(Duration.ofMinutes(15)));
    }

    @Test
    void aSearchThatBeganBeforeTheWaitWasOverProvesNothingHoweverLateItsAnswerIs() {
        startUnclear();
        Instant begun = course.now;
        course.pass(POLICY.unclearWait().plusSeconds(60));

        course.take(new Input.SearchResult("c1", 1, begun, null));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Searching.class);
    }

    @Test
    void fiveUnclearTriggersWithoutARunEndIt() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        for (int attempt = 1; attempt <= 5; attempt++) {
            course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
            course.take(new Input.StartFailed("c1", attempt, new CallFailure.Unclear("reset")));
            course.pass(POLICY.unclearWait());
            course.take(new Input.SearchResult("c1", attempt, course.now, null));
        }

        assertThat(course.types()).containsExactly("command.accepted", "run.abandoned");
        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("start_failed");
    }

    @Test
    void aParkedCommandIsNeverTriggeredTwice() {
        Course parked = new Course(policy(true, true));
        parked.take(commanded(trigger("c1", new JobSelector.ById(7))));
        parked.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        parked.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        parked.pass(POLICY.unclearWait());

        parked.take(new Input.SearchResult("c1", 1, parked.now, null));

        assertThat(((RunEvent.OfRun) parked.events.getLast().body()).reason()).isEqualTo("start_unclear");
    }

    @Test
    void aRestartBetweenIntentAndAnswerSearchesBeforeAnythingElse() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.pass(Duration.ofHours(1));

        course.take(new Input.Restored("c1"));

        assertThat(course.lastAction(Action.SearchMarker.class)).isNotNull();
        assertThat(((RunState.Searching) course.entry("c1").state()).since()).isEqualTo(course.now);
    }

    @Test
    void aTriggerThatWasSurelyNotSentIsSentAgainLaterAndNotSearchedFor() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("connection refused")));
        assertThat(course.lastActions()).allMatch(Action.SetTimer.class::isInstance);

        course.pass(Duration.ofSeconds(2));
        course.take(new Input.TimerFired("c1"));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));

        assertThat(course.lastAction(Action.Start.class).attempt()).isEqualTo(2);
    }

    @Test
    void anAnswerToAnEarlierAttemptIsDropped() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("refused")));
        course.pass(Duration.ofSeconds(2));
        course.take(new Input.TimerFired("c1"));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));

        assertThat(course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("late"))))
                .isEqualTo(Decision.NOTHING);
    }

    @Test
    void aRefusedTriggerRejectsWithTheWordsOfDbtCloud() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartRefused("c1", 1, RejectReason.REFUSED_BY_DBT_CLOUD, "400: not this way"));

        RunEvent.OfCommand body = (RunEvent.OfCommand) course.events.getLast().body();
        assertThat(body.message()).isEqualTo("400: not this way");
        assertThat(course.entry("c1").resolved()).isNull();
    }

    @Test
    void aStatusNeverGoesBackwards() {
        following();
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        course.take(new Input.RunObserved("c1", run(Known.STARTING)));
        course.take(new Input.RunObserved("c1", run(Known.QUEUED)));

        assertThat(course.types()).containsExactly("command.accepted", "run.queued", "run.running");
    }

    @Test
    void aStatusThatNobodyKnowsIsPolledOn() {
        following();

        course.take(new Input.RunObserved("c1", run(JobRunStatus.of(77))));

        assertThat(course.lastAction(Action.SchedulePoll.class).runId()).isEqualTo(99);
        assertThat(course.types()).containsExactly("command.accepted", "run.queued");
    }

    @Test
    void aPollThatSeesNothingNewCostsNoTransactionAndTheGapGrowsToTheInterval() {
        following();
        Decision soon = course.take(new Input.RunObserved("c1", run(Known.QUEUED)));
        assertThat(soon.changes()).isFalse();
        assertThat(((Action.SchedulePoll) soon.actions().getFirst()).due()).isEqualTo(course.now.plusMillis(2_500));
        course.pass(POLICY.defaults().pollInterval());

        Decision decision = course.take(new Input.RunObserved("c1", run(Known.QUEUED)));

        assertThat(decision.changes()).isFalse();
        assertThat(((Action.SchedulePoll) decision.actions().getFirst()).due())
                .isEqualTo(course.now.plus(POLICY.defaults().pollInterval()));
    }

    @Test
    void atTheDeadlineThereIsOneLastPollAndThenACancellationThatIsConfirmed() {
        following();
        course.pass(Duration.ofHours(24));
        course.take(new Input.TimerFired("c1"));
        assertThat(course.lastAction(Action.SchedulePoll.class).due()).isEqualTo(course.now);

        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        course.take(new Input.RunObserved("c1", run(Known.CANCELLED)));
        course.take(RunSamples.ended("c1", run(Known.CANCELLED)));

        assertThat(course.events.getLast().type()).isEqualTo(EventType.RUN_CANCELLED);
        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("cancelled_by_relay");
    }

    @Test
    void aSearchThatBeganByAClockThatWasSetBackMeanwhileSaysNothing() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("time-out")));
        Instant begun = course.now.plusSeconds(200);
        course.take(new Input.Restored("c1"));
        course.take(new Input.SearchResult("c1", 1, begun, null));

        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Searching.class);
    }

    @Test
    void aBackOffOfAClockThatWasFarAheadIsNotWaitedFor() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.fail("c1", Action.ReserveStart.class, new CallFailure.NotSent("refused"));
        course.pass(Duration.ofHours(-1));
        course.take(new Input.Restored("c1"));
        course.take(new Input.TimerFired("c1"));

        assertThat(course.lastAction(Action.ReserveStart.class).jobId()).isEqualTo(7);
    }

    @Test
    void aRunThatVanishesWhileItIsToBeCancelledIsGoneInTheEnd() {
        following();
        course.pass(Duration.ofHours(24));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        course.fail("c1", Action.CancelRun.class, new CallFailure.NotFound("404"));
        course.take(new Input.RunNotFound("c1", 99));
        course.pass(Duration.ofMinutes(16));
        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.lastAction(Action.ReadJob.class).jobId()).isEqualTo(7);
        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false, false, null)));

        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("run_gone");
    }

    @Test
    void aRunThatVanishesAndComesBackIsCancelledAfterAll() {
        following();
        course.pass(Duration.ofHours(24));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));
        course.take(new Input.RunNotFound("c1", 99));
        course.take(new Input.RunObserved("c1", run(Known.RUNNING)));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    @Test
    void aRunThatSucceededByTheLastPollIsASuccess() {
        following();
        course.pass(Duration.ofHours(24));
        course.take(new Input.TimerFired("c1"));
        course.take(new Input.RunObserved("c1", run(Known.SUCCESS)));
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));

        assertThat(course.events.getLast().type()).isEqualTo(EventType.RUN_SUCCEEDED);
    }

    @Test
    void atTheDeadlineARunIsLeftAloneIfSoOrdered() {
        Course abandoning = new Course(policy(false, false));
        abandoning.take(commanded(trigger("c1", new JobSelector.ById(7))));
        abandoning.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        abandoning.take(new Input.Started("c1", 1, run(Known.QUEUED)));
        abandoning.pass(Duration.ofHours(24));
        abandoning.take(new Input.RunObserved("c1", run(Known.RUNNING)));

        assertThat(((RunEvent.OfRun) abandoning.events.getLast().body()).reason())
                .isEqualTo("deadline");
    }

    @Test
    void aRunThatIsUnknownForLongWhileItsJobIsKnownIsGone() {
        following();
        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.types()).doesNotContain("run.abandoned");
        course.pass(Duration.ofMinutes(2));
        course.take(new Input.RunNotFound("c1", 99));
        course.pass(Duration.ofMinutes(15));
        course.take(new Input.RunNotFound("c1", 99));
        assertThat(course.lastAction(Action.ReadJob.class).jobId()).isEqualTo(7);

        course.take(new Input.JobFound("c1", new JobDetails(7, 1, 2, 3, "j", false, false, null)));

        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("run_gone");
    }

    @Test
    void aRunThatTimedOutInDbtCloudSaysSo() {
        following();
        RunSnapshot timedOut =
                run(Known.CANCELLED, "This run timed out after running for 1 day, which exceeded the limit");
        course.take(RunSamples.ended("c1", timedOut));

        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("timed_out");
    }

    @Test
    void artifactsThatDoNotAppearInTimeAreUnavailable() {
        following();
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        List<WantedArtifact> wanted =
                course.lastAction(Action.CollectArtifacts.class).artifacts();
        course.take(new Input.ArtifactsCollected("c1", course.now, List.of(), List.of(), RunSamples.notYet(wanted)));
        assertThat(course.entry("c1").unfinished()).isTrue();

        course.pass(POLICY.artifactPatience());
        course.take(new Input.ArtifactsCollected("c1", course.now, List.of(), List.of(), RunSamples.notYet(wanted)));

        assertThat(course.events.getLast().type()).isEqualTo(EventType.ARTIFACT_UNAVAILABLE);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void anArtifactIsToldOfOnceEvenIfItIsCollectedTwice() {
        following();
        course.take(RunSamples.ended("c1", run(Known.SUCCESS)));
        WantedArtifact wanted =
                course.lastAction(Action.CollectArtifacts.class).artifacts().getFirst();
        Input twice = new Input.ArtifactsCollected(
                "c1", course.now, List.of(RunSamples.stored(wanted)), List.of(), List.of());
        course.take(twice);
        course.take(twice);

        assertThat(course.types()).containsOnlyOnce("artifact.ready");
    }

    @Test
    void aFinishedEntryIsForgottenAfterTheRetentionAndNotBefore() {
        course.take(commanded(new Command.Unfit(
                new Command.Head("c1", "default", null, null, null, null), "retry", RejectReason.INVALID, "no")));
        course.take(new Input.TimerFired("c1"));
        assertThat(course.entries).hasSize(1);

        course.pass(POLICY.retention());
        course.take(new Input.TimerFired("c1"));

        assertThat(course.entries).isEmpty();
    }

    @Test
    void aFaultOfTheRelayEndsTheCommandAlone() {
        following();

        course.take(new Input.InternalFault("c1", "internal error of the relay"));

        assertThat(((RunEvent.OfRun) course.events.getLast().body()).reason()).isEqualTo("internal");
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    @Test
    void theStepThatBuiltIsChosenAndNotTheDocsStep() {
        List<RunStep> steps = List.of(
                new RunStep(1, "Clone git repository", Known.SUCCESS, true, null, ""),
                new RunStep(3, "Invoke dbt with `dbt deps`", Known.SUCCESS, true, "dbt deps", ""),
                new RunStep(4, "Invoke dbt with `dbt build`", Known.SUCCESS, true, null, ""),
                new RunStep(5, "Invoke dbt with `dbt docs generate`", Known.SUCCESS, true, "dbt docs generate", ""));

        assertThat(StepChoice.wanted(RunSamples.requested("run_results.json", "catalog.json"), steps, null))
                .containsExactly(new WantedArtifact("run_results.json", 4), new WantedArtifact("catalog.json", 5, 4));
    }

    private void following() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.Started("c1", 1, run(Known.QUEUED)));
    }

    private void startUnclear() {
        course.take(commanded(trigger("c1", new JobSelector.ById(7))));
        course.take(new Input.StartReserved("c1", new StartCall.Trigger(), 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("read time-out")));
    }

    private static Input commanded(Command command) {
        return RunSamples.commanded(command);
    }

    private static Command.Fit trigger(String id, JobSelector job) {
        return RunSamples.command(id, new Task.Trigger(job, "orders landed", Overrides.NONE, false, false));
    }

    private static Command.Fit with(Overrides overrides) {
        return RunSamples.command("c1", new Task.Trigger(new JobSelector.ById(7), null, overrides, false, false));
    }

    private static RunSnapshot run(JobRunStatus status) {
        return run(status, null);
    }

    private static RunSnapshot run(JobRunStatus status, String message) {
        return SampleRun.of(99).status(status).message(message).build();
    }

    static Policy policy(boolean cancelAtDeadline, boolean park) {
        return RunSamples.policy(new SampleConnection().withoutStepsOverride().build(), cancelAtDeadline, park);
    }
}
