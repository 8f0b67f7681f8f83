package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.command;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.job;
import static org.dbtrelay.run.decide.RunSamples.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.SampleConnection;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Cancel, retry and follow, against each state that what they are about can be in, and each race with it. */
class CommandsTest {

    private static final StartCall TRIGGER = new StartCall.Trigger();
    private static final Policy POLICY = policy(anything());

    private final Course course = new Course(POLICY);

    /** Where the command {@code c1} stands when another one comes. */
    enum Target {
        UNKNOWN,
        WAITING,
        WAITING_AFTER_A_FAILURE,
        STARTING,
        SEARCHING,
        FOLLOWING,
        CANCELLING,
        COLLECTING,
        SUCCEEDED,
        FAILED,
        REJECTED,
        ABANDONED,
        A_CANCEL_ITSELF,
        A_FOLLOW
    }

    private void reach(Target target) {
        switch (target) {
            case UNKNOWN -> {}
            case WAITING -> course.take(commanded(command("c1", job(7))));
            case WAITING_AFTER_A_FAILURE -> {
                reach(Target.WAITING);
                course.fail("c1", Action.ReserveStart.class, new CallFailure.NotSent("refused"));
            }
            case STARTING -> {
                reach(Target.WAITING);
                course.take(new Input.StartReserved("c1", TRIGGER, 50L));
            }
            case SEARCHING -> {
                reach(Target.STARTING);
                course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
            }
            case FOLLOWING -> {
                reach(Target.STARTING);
                course.take(new Input.Started("c1", 1, run(99, Known.QUEUED)));
            }
            case CANCELLING -> {
                reach(Target.FOLLOWING);
                course.take(new Input.CancelRequested("c1", CancelReason.CANCELLED_BY_RELAY));
            }
            case COLLECTING -> {
                reach(Target.FOLLOWING);
                course.take(RunSamples.ended("c1", run(99, Known.ERROR)));
            }
            case SUCCEEDED -> {
                reach(Target.FOLLOWING);
                end(course, Known.SUCCESS);
            }
            case FAILED -> {
                reach(Target.FOLLOWING);
                end(course, Known.ERROR);
            }
            case REJECTED -> {
                reach(Target.STARTING);
                course.take(new Input.StartRefused("c1", 1, RejectReason.REFUSED_BY_DBT_CLOUD, "400"));
            }
            case ABANDONED -> {
                reach(Target.FOLLOWING);
                course.take(new Input.InternalFault("c1", "a fault"));
            }
            case A_CANCEL_ITSELF -> cancel("c1", "somebody");
            case A_FOLLOW -> {
                course.take(commanded(command("c1", new Task.Follow(99, Set.of()))));
                course.take(new Input.RunRead("c1", run(99, Known.RUNNING), false, null));
            }
        }
    }

    static Stream<Arguments> cancels() {
        return Stream.of(
                row(Target.UNKNOWN, "command.accepted c2"),
                row(
                        Target.WAITING,
                        "command.accepted c2",
                        "run.cancelled c1 cancelled_by_relay",
                        "command.completed c2 cancelled"),
                row(
                        Target.WAITING_AFTER_A_FAILURE,
                        "command.accepted c2",
                        "run.cancelled c1 cancelled_by_relay",
                        "command.completed c2 cancelled"),
                row(Target.STARTING, "command.accepted c2"),
                row(Target.SEARCHING, "command.accepted c2"),
                row(Target.FOLLOWING, "command.accepted c2"),
                row(Target.CANCELLING, "command.accepted c2"),
                row(Target.COLLECTING, "command.accepted c2", "command.completed c2 error"),
                row(Target.SUCCEEDED, "command.accepted c2", "command.completed c2 success"),
                row(Target.FAILED, "command.accepted c2", "command.completed c2 error"),
                row(Target.REJECTED, "command.accepted c2", "command.completed c2 -"),
                row(Target.ABANDONED, "command.accepted c2"),
                row(Target.A_CANCEL_ITSELF, "command.accepted c2", "command.rejected c2 invalid"),
                row(Target.A_FOLLOW, "command.accepted c2"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cancels")
    void aCancelMeetsItsTarget(Target target, List<String> expected) {
        reach(target);
        course.events.clear();

        cancel("c2", "c1");

        assertThat(told()).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(
            value = Target.class,
            names = {"STARTING", "SEARCHING", "FOLLOWING", "CANCELLING", "A_FOLLOW"})
    void whateverItMeetsOnTheWayTheRunIsCancelledAndThatIsConfirmed(Target target) {
        reach(target);
        cancel("c2", "c1");
        switch (target) {
            case STARTING -> course.take(new Input.Started("c1", 1, run(99, Known.QUEUED)));
            case SEARCHING -> course.take(new Input.SearchResult("c1", 1, course.now, run(99, Known.QUEUED)));
            default -> {}
        }
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Cancelling.class);
        if (target != Target.CANCELLING) {
            assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        }
        course.events.clear();

        end(course, Known.CANCELLED);

        assertThat(told()).startsWith("run.cancelled c1 cancelled_by_relay").contains("command.completed c2 cancelled");
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(
            value = Target.class,
            names = {"STARTING", "SEARCHING", "FOLLOWING", "CANCELLING", "COLLECTING", "A_FOLLOW"})
    void aCancelIsCompletedWithTheJobOfItsTarget(Target target) {
        reach(target);
        cancel("c2", "c1");
        switch (target) {
            case STARTING -> course.take(new Input.Started("c1", 1, run(99, Known.QUEUED)));
            case SEARCHING -> course.take(new Input.SearchResult("c1", 1, course.now, run(99, Known.QUEUED)));
            default -> {}
        }
        if (target != Target.COLLECTING) {
            end(course, Known.CANCELLED);
        }

        RunEvent completed = course.events.stream()
                .filter(event -> event.type() == EventType.COMMAND_COMPLETED)
                .findFirst()
                .orElseThrow();
        assertThat(completed.runId()).isEqualTo(99);
        assertThat(completed.jobId()).isEqualTo(7);
    }

    @Test
    void aRunThatEndsFirstCompletesTheCancelWithItsOwnEnd() {
        reach(Target.FOLLOWING);
        cancel("c2", "c1");
        course.events.clear();

        end(course, Known.SUCCESS);

        assertThat(told()).startsWith("run.succeeded c1").contains("command.completed c2 success");
    }

    @Test
    void aStartThatCameToNothingIsNotTriedAgainWhenItIsToBeCancelled() {
        reach(Target.STARTING);
        cancel("c2", "c1");
        course.events.clear();

        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("refused")));

        assertThat(told()).containsExactly("run.cancelled c1 cancelled_by_relay", "command.completed c2 cancelled");
    }

    @Test
    void aStartThatWasRefusedCompletesTheCancelWithoutARun() {
        reach(Target.STARTING);
        cancel("c2", "c1");
        course.events.clear();

        course.take(new Input.StartRefused("c1", 1, RejectReason.REFUSED_BY_DBT_CLOUD, "400"));

        assertThat(told()).containsExactly("command.rejected c1 refused_by_dbt_cloud", "command.completed c2 -");
    }

    @Test
    void aRunThatIsSearchedForAndNotFoundIsNotStartedAgain() {
        reach(Target.SEARCHING);
        cancel("c2", "c1");
        course.events.clear();
        course.pass(POLICY.unclearWait());

        course.take(new Input.SearchResult("c1", 1, course.now, null));

        assertThat(told()).containsExactly("run.cancelled c1 cancelled_by_relay", "command.completed c2 cancelled");
    }

    @Test
    void aCancelThatComesBeforeItsTriggerWaitsAMinuteForIt() {
        cancel("c2", "c1");
        course.pass(Duration.ofSeconds(59));
        course.events.clear();

        reach(Target.WAITING);

        assertThat(told())
                .containsExactly(
                        "command.accepted c1", "run.cancelled c1 cancelled_by_relay", "command.completed c2 cancelled");
    }

    @Test
    void aCancelOfACommandThatNeverComesIsRejectedWithAWordAboutKeys() {
        cancel("c2", "c1");
        course.pass(Duration.ofMinutes(1));

        course.take(new Input.TimerFired("c2"));

        assertThat(told()).containsExactly("command.accepted c2", "command.rejected c2 command_unknown");
        assertThat(RunSamples.ofCommand(course.events.getLast()).message())
                .contains("'c1'", "record key", "relay.ledger.retention");
    }

    @Test
    void twoCancelsOfOneCommandAreBothCompletedAndItsRunIsCancelledOnce() {
        reach(Target.FOLLOWING);
        cancel("c2", "c1");
        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        cancel("c3", "c1");
        assertThat(course.lastActions()).noneMatch(Action.CancelRun.class::isInstance);
        course.events.clear();

        end(course, Known.CANCELLED);

        assertThat(told()).contains("command.completed c2 cancelled", "command.completed c3 cancelled");
    }

    @Test
    void aCancelOfWhatWasGivenUpEndsTheRunAllTheSame() {
        reach(Target.ABANDONED);
        cancel("c2", "c1");
        assertThat(course.lastAction(Action.ReadRun.class).runId()).isEqualTo(99);

        course.take(new Input.RunRead("c2", run(99, Known.RUNNING), false, null));
        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        course.take(new Input.RunObserved("c2", run(99, Known.CANCELLED)));

        assertThat(told()).endsWith("command.completed c2 cancelled");
    }

    @Test
    void aCancelOfAWaitThatWasDisappointedTellsHowTheRunReallyEnded() {
        course.take(commanded(command("c1", new Task.Follow(99, Set.of(Known.ERROR)))));
        course.take(new Input.RunRead("c1", run(99, Known.RUNNING), false, null));
        end(course, Known.SUCCESS);
        cancel("c2", "c1");

        course.take(new Input.RunRead("c2", run(99, Known.SUCCESS), false, null));

        assertThat(told()).endsWith("command.completed c2 success");
    }

    @Test
    void aNewOwnerAsksAgainForWhatIsToBeCancelled() {
        reach(Target.STARTING);
        cancel("c2", "c1");
        course.take(new Input.Restored("c1"));
        course.take(new Input.Restored("c2"));

        course.take(new Input.SearchResult("c1", 1, course.now, run(99, Known.RUNNING)));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    // by run id

    @Test
    void aCancelByRunReadsItFirstAndConfirmsItsEnd() {
        course.take(commanded(command("c2", new Task.Cancel(new RunSelector.ById(99)))));
        assertThat(course.lastAction(Action.ReadRun.class).runId()).isEqualTo(99);
        course.take(new Input.RunRead("c2", run(99, Known.RUNNING), false, null));
        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        course.take(new Input.RunObserved("c2", run(99, Known.RUNNING)));
        assertThat(told()).containsExactly("command.accepted c2");

        course.take(new Input.RunObserved("c2", run(99, Known.CANCELLED)));

        assertThat(told()).containsExactly("command.accepted c2", "command.completed c2 cancelled");
        RunEvent completed = course.events.getLast();
        assertThat(completed.runId()).isEqualTo(99);
        assertThat(completed.jobId()).isEqualTo(7);
    }

    @Test
    void aCancelByRunOfOneThatACommandHereFollowsLeavesTheCancellingToThatOne() {
        reach(Target.FOLLOWING);
        course.take(commanded(command("c2", new Task.Cancel(new RunSelector.ById(99)))));
        course.take(new Input.RunRead("c2", run(99, Known.QUEUED), false, null));

        assertThat(course.lastActions().stream().filter(Action.CancelRun.class::isInstance))
                .hasSize(1)
                .allMatch(action -> action.commandId().equals("c1"));
        end(course, Known.CANCELLED);
        course.take(new Input.RunObserved("c2", run(99, Known.CANCELLED)));

        assertThat(told()).contains("run.cancelled c1 cancelled_by_relay", "command.completed c2 cancelled");
    }

    @Test
    void aCancelByRunLeavesTheOtherRunsOfItsJobAlone() {
        reach(Target.FOLLOWING);
        course.take(commanded(command("c2", new Task.Cancel(new RunSelector.ById(98)))));

        course.take(new Input.RunRead("c2", run(98, Known.RUNNING), false, null));

        Action.CancelRun cancel = course.lastAction(Action.CancelRun.class);
        assertThat(cancel.commandId()).isEqualTo("c2");
        assertThat(cancel.runId()).isEqualTo(98);
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Following.class);
    }

    @Test
    void aRunThatHasEndedIsNotCancelled() {
        course.take(commanded(command("c2", new Task.Cancel(new RunSelector.ById(99)))));

        course.take(new Input.RunRead("c2", run(99, Known.SUCCESS), false, null));

        assertThat(told()).containsExactly("command.accepted c2", "command.completed c2 success");
    }

    @ParameterizedTest
    @MethodSource("aboutARun")
    void aRunThatIsNotThereMayComeForAMinute(Task task) {
        course.take(commanded(command("c2", task)));
        course.take(new Input.RunNotFound("c2", 99));
        assertThat(told()).containsExactly("command.accepted c2");
        course.pass(Duration.ofMinutes(1));

        course.take(new Input.RunNotFound("c2", 99));

        assertThat(told()).containsExactly("command.accepted c2", "command.rejected c2 run_not_found");
    }

    @ParameterizedTest
    @MethodSource("aboutARun")
    void theJobOfARunMustBeAmongThoseAllowed(Task task) {
        Course strict = new Course(
                policy(new SampleConnection().jobs(8L).withoutStepsOverride().build()));
        strict.take(commanded(command("c2", task)));

        strict.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));

        assertThat(told(strict)).containsExactly("command.accepted c2", "command.rejected c2 forbidden");
        assertThat(RunSamples.ofCommand(strict.events.getLast()).message())
                .contains("relay.policy.connections.default.jobs");
    }

    @ParameterizedTest
    @MethodSource("aboutARun")
    void aRefusalOfDbtCloudEndsWhatHasNotBegun(Task task) {
        course.take(commanded(command("c2", task)));

        course.fail("c2", Action.ReadRun.class, new CallFailure.Refused("403: not you", 403, "not you"));

        assertThat(told()).containsExactly("command.accepted c2", "command.rejected c2 refused_by_dbt_cloud");
    }

    static Stream<Task> aboutARun() {
        return Stream.of(
                new Task.Cancel(new RunSelector.ById(99)),
                new Task.Follow(99, Set.of()),
                new Task.Retry(new RunSelector.ById(99)));
    }

    @Test
    void aCancelThatIsNeverConfirmedIsRejectedAtItsTimeOut() {
        course.take(commanded(command("c2", new Task.Cancel(new RunSelector.ById(99)))));
        course.take(new Input.RunRead("c2", run(99, Known.RUNNING), false, null));
        course.pass(Duration.ofHours(24));

        course.take(new Input.TimerFired("c2"));

        assertThat(told()).containsExactly("command.accepted c2", "command.rejected c2 expired");
    }

    @Test
    void aCancelThatFailedOrShowsNoEffectIsAskedForAgain() {
        course.take(commanded(command("c2", new Task.Cancel(new RunSelector.ById(99)))));
        course.take(new Input.RunRead("c2", run(99, Known.RUNNING), false, null));
        course.fail("c2", Action.CancelRun.class, new CallFailure.Unclear("reset"));
        course.pass(Duration.ofSeconds(10));
        course.take(new Input.TimerFired("c2"));
        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);

        course.take(new Input.RunObserved("c2", run(99, Known.RUNNING)));
        assertThat(course.lastActions()).allMatch(Action.SchedulePoll.class::isInstance);
        course.pass(Duration.ofMinutes(1));
        course.take(new Input.RunObserved("c2", run(99, Known.RUNNING)));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    static Stream<Arguments> neverAsked() {
        Task.Trigger dry = new Task.Trigger(new JobSelector.ById(7), null, Overrides.NONE, false, true);
        return Stream.of(
                Arguments.of(
                        new Task.Cancel(new RunSelector.ById(99)),
                        "command.rejected c2 expired",
                        "dbt Cloud had not confirmed the cancellation by the time-out"),
                Arguments.of(
                        dry, "command.rejected c2 expired", "the time-out passed before everything could be checked"),
                Arguments.of(
                        new Task.Follow(99, Set.of()),
                        "run.abandoned c2 deadline",
                        "the time-out passed before dbt Cloud could be asked"),
                Arguments.of(job(7), "run.abandoned c2 deadline", "the time-out passed before a run could be started"));
    }

    @ParameterizedTest
    @MethodSource("neverAsked")
    void whatCouldNotBeAskedInTimeIsOverAndSaysSo(Task task, String end, String message) {
        course.take(commanded(command("c2", task)));
        course.fail("c2", Action.External.class, new CallFailure.NotSent("refused"));
        course.pass(Duration.ofHours(24));

        course.take(new Input.TimerFired("c2"));

        assertThat(told()).containsExactly("command.accepted c2", end);
        assertThat(
                        course.events.getLast().body() instanceof RunEvent.OfRun body
                                ? body.message()
                                : RunSamples.ofCommand(course.events.getLast()).message())
                .isEqualTo(message + "; the last failure was: refused");
    }

    @Test
    void aCompletedCancelSaysHowItsTargetEnded() {
        reach(Target.SUCCEEDED);

        cancel("c2", "c1");

        assertThat(RunSamples.ofCommand(course.events.getLast()).message())
                .isEqualTo("command 'c1' has ended as run.succeeded");
    }

    @Test
    void whoWasCancelledBeforeARunHearsByWhom() {
        reach(Target.WAITING);
        cancel("c2", "c1");

        assertThat(course.events.stream()
                        .filter(event -> event.type() == EventType.RUN_CANCELLED)
                        .map(event -> RunSamples.ofRun(event).message()))
                .containsExactly("it was cancelled before a run was started");
    }

    // retry

    @Test
    void aRetryThatWasReadBeforeItsTurnIsReadAgainThen() {
        reach(Target.WAITING);
        course.take(commanded(command("c3", new Task.Retry(new RunSelector.ById(98)))));
        course.take(new Input.RunRead("c3", run(98, Known.ERROR), true, null));

        course.take(new Input.RunRead("c3", run(98, Known.ERROR), true, null));

        assertThat(course.lastActions()).isEmpty();
    }

    @Test
    void whatARetryHasReadBeforeItHasToWaitCountsNoMore() {
        course.take(commanded(command("c2", new Task.Retry(new RunSelector.ById(99)))));
        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));
        course.fail("c2", Action.External.class, new CallFailure.NotSent("refused"));
        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));
        assertThat(course.lastActions()).isEmpty();
        course.pass(Duration.ofMinutes(1));

        course.take(new Input.TimerFired("c2"));

        assertThat(course.lastActions().stream().filter(Action.ReadRun.class::isInstance))
                .as("read once, at its turn")
                .hasSize(1);
    }

    @ParameterizedTest
    @MethodSource("withoutARun")
    void aRetryOfACommandWithoutARunSaysWhyNot(Target target, String message) {
        reach(target);

        course.take(commanded(command("c2", new Task.Retry(new RunSelector.OfCommand("c1")))));

        assertThat(RunSamples.ofCommand(course.events.getLast()).message()).isEqualTo(message);
    }

    static Stream<Arguments> withoutARun() {
        return Stream.of(
                Arguments.of(Target.FOLLOWING, "target_command_id: command 'c1' has not ended"),
                Arguments.of(Target.REJECTED, "target_command_id: command 'c1' had no run"));
    }

    @Test
    void aLostRetryOfARunIsSearchedForAboveThatRun() {
        course.take(commanded(command("c2", new Task.Retry(new RunSelector.ById(99)))));
        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));
        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));
        course.take(new Input.StartReserved("c2", new StartCall.Retry(99), 120L));

        course.take(new Input.StartFailed("c2", 1, new CallFailure.Unclear("reset")));

        Action.SearchRetry search = course.lastAction(Action.SearchRetry.class);
        assertThat(search.retriedRunId()).isEqualTo(99);
        assertThat(search.aboveRunId()).as("of all that were known").isEqualTo(120);
    }

    @Test
    void aRunThatFailedIsResumedWhenItIsItsTurn() {
        course.take(commanded(command("c2", new Task.Retry(new RunSelector.ById(99)))));
        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));
        assertThat(course.lastAction(Action.ReadRun.class).runId())
                .as("asked again at its turn")
                .isEqualTo(99);
        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));
        Action.ReserveStart reserve = course.lastAction(Action.ReserveStart.class);
        course.take(new Input.StartReserved("c2", reserve.call(), 99L));

        assertThat(course.lastAction(Action.Start.class).call()).isEqualTo(new StartCall.Retry(99));
        course.take(new Input.Started("c2", 1, run(100, Known.QUEUED)));
        assertThat(told()).containsExactly("command.accepted c2", "run.queued c2");
    }

    @Test
    void whatCannotBeRetriedIsSaidInTheWordsOfDbtCloud() {
        course.take(commanded(command("c2", new Task.Retry(new RunSelector.ById(99)))));

        course.take(new Input.RunRead("c2", run(99, Known.SUCCESS), false, "RETRY_NOT_FAILED_RUN"));

        assertThat(told()).containsExactly("command.accepted c2", "command.rejected c2 not_retryable");
        assertThat(RunSamples.ofCommand(course.events.getLast()).message()).contains("RETRY_NOT_FAILED_RUN", "success");
    }

    static Stream<Arguments> retries() {
        return Stream.of(
                row(Target.UNKNOWN, "command.accepted c2"),
                row(Target.WAITING, "command.accepted c2", "command.rejected c2 not_retryable"),
                row(Target.STARTING, "command.accepted c2", "command.rejected c2 not_retryable"),
                row(Target.SEARCHING, "command.accepted c2", "command.rejected c2 not_retryable"),
                row(Target.FOLLOWING, "command.accepted c2", "command.rejected c2 not_retryable"),
                row(Target.CANCELLING, "command.accepted c2", "command.rejected c2 not_retryable"),
                row(Target.REJECTED, "command.accepted c2", "command.rejected c2 not_retryable"),
                row(Target.COLLECTING, "command.accepted c2"),
                row(Target.FAILED, "command.accepted c2"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("retries")
    void aRetryMeetsItsTarget(Target target, List<String> expected) {
        reach(target);
        course.events.clear();

        course.take(commanded(command("c2", new Task.Retry(new RunSelector.OfCommand("c1")))));

        assertThat(told()).isEqualTo(expected);
        if (target == Target.COLLECTING || target == Target.FAILED) {
            assertThat(course.lastAction(Action.ReadRun.class).runId()).isEqualTo(99);
        }
    }

    @Test
    void aJobIsRerunOnlyIfItsNewestRunFailed() {
        course.take(commanded(command("c2", new Task.Rerun(new JobSelector.ById(7)))));
        assertThat(course.lastAction(Action.ReadNewestRun.class).jobId()).isEqualTo(7);
        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));
        assertThat(course.lastAction(Action.ReserveStart.class).call()).isEqualTo(new StartCall.Retry(99));

        course.take(commanded(command("c3", new Task.Rerun(new JobSelector.ById(8)))));
        course.take(new Input.RunRead("c3", run(98, Known.SUCCESS), false, "RETRY_NOT_FAILED_RUN"));
        course.take(commanded(command("c4", new Task.Rerun(new JobSelector.ById(9)))));
        course.take(new Input.RunRead("c4", null, false, null));

        assertThat(told()).contains("command.rejected c3 not_retryable", "command.rejected c4 not_retryable");
    }

    @Test
    void aLostRetryIsSearchedForByWhatItRetriesAndNeverSentAgain() {
        course.take(commanded(command("c2", new Task.Rerun(new JobSelector.ById(7)))));
        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));
        course.take(new Input.StartReserved("c2", new StartCall.Retry(99), 120L));
        course.take(new Input.StartFailed("c2", 1, new CallFailure.Unclear("reset")));
        Action.SearchRetry search = course.lastAction(Action.SearchRetry.class);
        assertThat(search.retriedRunId()).isEqualTo(99);
        assertThat(search.aboveRunId()).isEqualTo(120);
        course.pass(POLICY.unclearWait());

        course.take(new Input.SearchResult("c2", 1, course.now, null));

        assertThat(told()).containsExactly("command.accepted c2", "run.abandoned c2 start_unclear");
    }

    @Test
    void aTriggerThatWouldRatherResumeDoesSoWhereItCan() {
        Task.Trigger rather = new Task.Trigger(new JobSelector.ById(7), null, Overrides.NONE, true, false);
        course.take(commanded(command("c2", rather)));
        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));
        assertThat(course.lastAction(Action.ReserveStart.class).call()).isEqualTo(new StartCall.Retry(99));

        for (RunSnapshot newest : new RunSnapshot[] {run(99, Known.SUCCESS), run(99, Known.RUNNING), null}) {
            Course other = new Course(POLICY);
            other.take(commanded(command("c2", rather)));
            other.take(new Input.RunRead("c2", newest, false, null));
            assertThat(other.lastAction(Action.ReserveStart.class).call()).isEqualTo(TRIGGER);
        }
    }

    @Test
    void overridesAreRefusedAloudWhereTheyWouldBeDropped() {
        Overrides schema = new Overrides(null, "other", null, Set.of());
        Task.Trigger rather = new Task.Trigger(new JobSelector.ById(7), null, schema, true, false);
        course.take(commanded(command("c2", rather)));

        course.take(new Input.RunRead("c2", run(99, Known.ERROR), true, null));

        assertThat(told()).containsExactly("command.accepted c2", "command.rejected c2 not_retryable");
    }

    // follow

    @Test
    void aFollowTellsOfSomebodyElsesRunAndLeavesItAloneAtItsTimeOut() {
        course.take(commanded(command("c2", new Task.Follow(99, Set.of()))));
        course.take(new Input.RunRead("c2", run(99, Known.RUNNING), false, null));
        assertThat(RunSamples.ofRun(course.events.getLast()).adopted()).isTrue();
        course.pass(Duration.ofHours(24));
        course.take(new Input.RunObserved("c2", run(99, Known.RUNNING)));

        assertThat(told()).containsExactly("command.accepted c2", "run.running c2", "run.abandoned c2 deadline");
    }

    @Test
    void aFollowCancelsAtItsTimeOutOnlyIfItSaysSo() {
        RequestedOptions cancelling = new RequestedOptions(null, null, true, null, null, null);
        course.take(commanded(command("c2", new Task.Follow(99, Set.of()), cancelling)));
        course.take(new Input.RunRead("c2", run(99, Known.RUNNING), false, null));
        course.pass(Duration.ofHours(24));

        course.take(new Input.RunObserved("c2", run(99, Known.RUNNING)));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    static Stream<Arguments> expectations() {
        return Stream.of(
                Arguments.of(Set.of(), Known.CANCELLED, "run.cancelled c2 unknown"),
                Arguments.of(Set.of(Known.SUCCESS), Known.SUCCESS, "run.succeeded c2"),
                Arguments.of(Set.of(Known.SUCCESS), Known.ERROR, "run.failed c2"),
                Arguments.of(Set.of(Known.SUCCESS), Known.CANCELLED, "run.failed c2 unexpected_status"),
                Arguments.of(Set.of(Known.ERROR), Known.SUCCESS, "run.failed c2 unexpected_status"),
                Arguments.of(Set.of(Known.ERROR), Known.ERROR, "run.failed c2"),
                Arguments.of(Set.of(Known.ERROR, Known.CANCELLED), Known.CANCELLED, "run.cancelled c2 unknown"));
    }

    @ParameterizedTest
    @MethodSource("expectations")
    void aFollowEndsAsHopedOrAsFailed(Set<Known> expected, Known end, String outcome) {
        course.take(commanded(command("c2", new Task.Follow(99, expected))));
        course.take(new Input.RunRead("c2", run(99, Known.RUNNING), false, null));
        course.take(new Input.RunObserved("c2", run(99, end)));

        course.take(RunSamples.ended("c2", run(99, end)));

        assertThat(told()).containsExactly("command.accepted c2", "run.running c2", outcome);
    }

    @Test
    void aFollowThatWaitsForARunToRunIsCompletedThen() {
        course.take(commanded(command("c2", new Task.Follow(99, Set.of(Known.STARTING)))));
        course.take(new Input.RunRead("c2", run(99, Known.QUEUED), false, null));
        assertThat(told()).containsExactly("command.accepted c2", "run.queued c2");

        course.take(new Input.RunObserved("c2", run(99, Known.RUNNING)));

        assertThat(told())
                .containsExactly(
                        "command.accepted c2", "run.queued c2", "run.running c2", "command.completed c2 running");
        assertThat(course.events.getLast().runId()).isEqualTo(99);
    }

    // dry run and time

    @Test
    void aDryRunChecksEverythingAndStartsNothing() {
        Task.Trigger dry = new Task.Trigger(new JobSelector.ById(7), null, Overrides.NONE, false, true);
        course.take(commanded(command("c2", dry)));
        assertThat(course.lastAction(Action.ReadJob.class).jobId()).isEqualTo(7);
        course.take(new Input.JobFound("c2", new JobDetails(7, 1, 2, 3, "j", false, false, null)));
        assertThat(told()).containsExactly("command.accepted c2", "command.completed c2 -");

        course.take(commanded(command("c3", dry)));
        course.take(new Input.JobFound("c3", new JobDetails(7, 1, 2, 3, "j", true, false, null)));
        course.take(commanded(command("c4", dry)));
        course.fail("c4", Action.ReadJob.class, new CallFailure.NotFound("404"));

        assertThat(told()).contains("command.rejected c3 job_deactivated", "command.rejected c4 job_not_found");
    }

    @Test
    void aDryRunNamesAJobThatCannotBeTriggered() {
        Task.Trigger dry = new Task.Trigger(new JobSelector.ById(7), null, Overrides.NONE, false, true);
        course.take(commanded(command("c2", dry)));
        course.take(new Input.JobFound("c2", new JobDetails(7, 1, 2, 3, "j", false, false, "hybrid")));
        course.take(commanded(command("c3", dry)));
        course.take(new Input.JobFound("c3", new JobDetails(7, 1, 2, 3, "j", false, true, "other")));

        assertThat(told()).contains("command.rejected c2 job_not_triggerable", "command.rejected c3 job_not_found");
    }

    @Test
    void whatHasExpiredIsNotBegun() {
        Instant at = course.now.plusSeconds(30);
        course.take(commanded(expiring("c1", job(7), at)));
        course.pass(Duration.ofSeconds(30));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(commanded(expiring("c2", job(8), at)));

        assertThat(told())
                .containsExactly(
                        "command.accepted c1",
                        "command.rejected c1 expired",
                        "command.accepted c2",
                        "command.rejected c2 expired");
        assertThat(RunSamples.ofCommand(course.events.getLast()).message()).contains("expires_at");
    }

    @Test
    void whatHasBegunDoesNotExpire() {
        course.take(commanded(expiring("c1", job(7), course.now.plusSeconds(30))));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.pass(Duration.ofMinutes(1));
        course.take(new Input.Started("c1", 1, run(99, Known.QUEUED)));
        course.take(new Input.TimerFired("c1"));

        assertThat(told()).containsExactly("command.accepted c1", "run.queued c1");
    }

    @Test
    void aStartInDoubtThatExpiresIsNotRepeatedAndSaidToBeUnclear() {
        course.take(commanded(expiring("c1", job(7), course.now.plusSeconds(30))));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        course.pass(POLICY.unclearWait());
        course.take(new Input.SearchResult("c1", 1, course.now, null));

        course.take(new Input.StartReserved("c1", TRIGGER, 50L));

        assertThat(told()).containsExactly("command.accepted c1", "run.abandoned c1 start_unclear");
    }

    // an operator

    static Stream<Arguments> givenUp() {
        return Stream.of(
                row(Target.WAITING, "run.abandoned c1 operator"),
                row(Target.STARTING, "run.abandoned c1 operator"),
                row(Target.SEARCHING, "run.abandoned c1 operator"),
                row(Target.FOLLOWING, "run.abandoned c1 operator"),
                row(Target.CANCELLING, "run.abandoned c1 operator"),
                row(Target.COLLECTING, "artifact.unavailable c1"),
                row(Target.SUCCEEDED),
                row(Target.A_CANCEL_ITSELF, "command.rejected c1 internal"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("givenUp")
    void anOperatorEndsWhatIsStuck(Target target, List<String> expected) {
        reach(target);
        course.events.clear();

        course.take(new Input.EndRequested("c1"));

        assertThat(told()).isEqualTo(expected);
        assertThat(course.entry("c1").unfinished()).isFalse();
    }

    private void cancel(String id, String target) {
        course.take(commanded(command(id, new Task.Cancel(new RunSelector.OfCommand(target)))));
    }

    private static void end(Course course, Known status) {
        course.take(RunSamples.ended("c1", run(99, status)));
        if (course.entry("c1").state() instanceof RunState.Collecting collecting) {
            course.take(new Input.ArtifactsCollected(
                    "c1",
                    course.now,
                    List.of(),
                    List.of(new Input.ArtifactsCollected.Unavailable(
                            collecting.remaining().getFirst(), UnavailableReason.NOT_PRODUCED, "none")),
                    List.of()));
        }
    }

    private static Command expiring(String id, Task task, Instant at) {
        return new Command.Fit(new Command.Head(id, "default", null, at, null, null), task, RequestedOptions.NONE);
    }

    private List<String> told() {
        return told(course);
    }

    private static List<String> told(Course course) {
        List<String> lines = new ArrayList<>();
        for (RunEvent event : course.events) {
            String detail = switch (event.body()) {
                case RunEvent.OfCommand body
                when event.type() == EventType.COMMAND_COMPLETED ->
                    " " + (body.status() == null ? "-" : body.status().label());
                case RunEvent.OfCommand body ->
                    body.reason() == null ? "" : " " + body.reason().wireName();
                case RunEvent.OfRun body -> body.reason() == null ? "" : " " + body.reason();
                case RunEvent.OfArtifact body -> "";
                case RunEvent.OfMissingArtifact body -> "";
            };
            lines.add(event.type().wireName() + " " + event.commandId() + detail);
        }
        return lines;
    }

    private static Arguments row(Target target, String... told) {
        return Arguments.of(target, List.of(told));
    }

    private static RunSnapshot run(long id, JobRunStatus status) {
        return SampleRun.of(id).status(status).build();
    }
}
