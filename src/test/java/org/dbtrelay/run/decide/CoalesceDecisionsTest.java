package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.command;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.job;
import static org.dbtrelay.run.decide.RunSamples.ofRun;
import static org.dbtrelay.run.decide.RunSamples.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.dbtrelay.run.command.Coalesce;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.OnFailure;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

/** Commands that want the same run have one together: who joins, who starts it, and what becomes of the others. */
class CoalesceDecisionsTest {

    private static final StartCall TRIGGER = new StartCall.Trigger();
    private static final Duration QUIET = Duration.ofMinutes(2);
    private static final Duration AT_MOST = Duration.ofMinutes(15);

    private final Course course = new Course(policy(anything()));
    private final Instant begin = course.now;

    private static RequestedOptions coalescing(Duration quiet) {
        return options(quiet, null, null, null);
    }

    private static RequestedOptions options(
            Duration quiet, Duration timeout, IfRunning ifRunning, OnFailure.Requested onFailure) {
        return new RequestedOptions(
                null,
                timeout,
                null,
                null,
                ifRunning,
                List.of(),
                onFailure,
                new Coalesce.Requested(null, quiet, null),
                null);
    }

    private static RunSnapshot run(long id, Known status) {
        return SampleRun.of(id).status(status).createdAt(RunSamples.T0).build();
    }

    private void comes(String id) {
        comes(id, coalescing(QUIET));
    }

    private void comes(String id, RequestedOptions options) {
        course.take(commanded(command(id, job(7), options)));
    }

    private void timer(String id, Instant at) {
        course.now = at;
        course.take(new Input.TimerFired(id));
    }

    private void windowCloses(String id) {
        timer(id, course.now.plus(QUIET));
    }

    private void begins(String id) {
        course.take(new Input.StartReserved(id, TRIGGER, 50L));
    }

    private void starts(String id, long run) {
        begins(id);
        course.take(new Input.Started(id, 1, run(run, Known.RUNNING)));
    }

    private void cancels(String target) {
        course.take(commanded(command("end-of-" + target, new Task.Cancel(new RunSelector.OfCommand(target)))));
    }

    private void assertJoined(String... ids) {
        for (String id : ids) {
            assertThat(course.entry(id).state()).as(id).isEqualTo(new RunState.Joined());
        }
    }

    private void assertFollows(long run, String... ids) {
        for (String id : ids) {
            assertThat(course.entry(id).state())
                    .as(id)
                    .isInstanceOfSatisfying(
                            RunState.Following.class,
                            following -> assertThat(following.run().runId()).isEqualTo(run));
        }
    }

    private void assertReserves(String id) {
        assertThat(course.lastAction(Action.ReserveStart.class).commandId()).isEqualTo(id);
    }

    private void assertStartsNothing() {
        assertThat(course.lastActions())
                .noneMatch(action -> action instanceof Action.ReserveStart || action instanceof Action.Start);
    }

    private RunEvent last(String id) {
        return course.events.reversed().stream()
                .filter(event -> event.commandId().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private List<String> typesOf(String id) {
        return course.events.stream()
                .filter(event -> event.commandId().equals(id))
                .map(event -> event.type().wireName())
                .toList();
    }

    // the window

    @Test
    void oneRunIsStartedForAllThatComeWithinTheWindow() {
        comes("c1");
        assertStartsNothing();
        assertThat(course.lastActions()).contains(new Action.SetTimer("c1", begin.plus(QUIET)));
        course.pass(Duration.ofSeconds(30));
        comes("c2");
        course.pass(Duration.ofSeconds(30));
        comes("c3");
        assertJoined("c2", "c3");

        timer("c1", begin.plus(QUIET));
        assertStartsNothing();
        assertThat(course.lastActions())
                .contains(new Action.SetTimer("c1", begin.plusSeconds(60).plus(QUIET)));
        timer("c1", begin.plusSeconds(60).plus(QUIET));
        assertReserves("c1");
        starts("c1", 99);

        assertFollows(99, "c1", "c2", "c3");
        assertThat(last("c1").coalesced()).isEqualTo(2);
        assertThat(last("c1").coalescedInto()).isNull();
        assertThat(last("c2").coalescedInto()).isEqualTo("c1");
        assertThat(last("c2").coalesced()).isNull();
        assertThat(ofRun(last("c3")).adopted()).isFalse();
        for (String id : List.of("c1", "c2", "c3")) {
            course.take(new Input.RunObserved(id, run(99, Known.SUCCESS)));
            course.take(RunSamples.ended(id, run(99, Known.SUCCESS)));
            assertThat(typesOf(id)).containsExactly("command.accepted", "run.running", "run.succeeded");
        }
    }

    @Test
    void theWindowIsClosedAtTheLatestAfterAtMost() {
        comes("c1");
        for (int i = 2; i < 30; i++) {
            course.pass(Duration.ofMinutes(1));
            if (course.now.isBefore(begin.plus(AT_MOST))) {
                comes("c" + i);
            }
        }
        timer("c1", begin.plus(AT_MOST));

        assertReserves("c1");
    }

    @Test
    void whoComesWhileTheStartIsOnItsWayOpensTheNextWindow() {
        comes("c1");
        windowCloses("c1");
        begins("c1");
        comes("c2");
        assertThat(course.entry("c2").state()).isInstanceOf(RunState.Waiting.class);
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        comes("c3");
        assertThat(course.entry("c3").state()).as("joins the next").isEqualTo(new RunState.Joined());
        course.take(new Input.SearchResult("c1", 1, course.now, run(99, Known.RUNNING)));

        assertFollows(99, "c1");
        assertThat(course.entry("c2").state()).isInstanceOf(RunState.Waiting.class);
        comes("c4");
        assertThat(course.entry("c4").state())
                .as("not that of a run that is there")
                .isEqualTo(new RunState.Joined());
    }

    @Test
    void nobodyJoinsAStartThatWasUnclear() {
        comes("c1", coalescing(Duration.ZERO));
        begins("c1");
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        course.pass(Duration.ofSeconds(200));
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        assertThat(course.entry("c1").state()).isInstanceOf(RunState.Waiting.class);

        comes("c2", coalescing(Duration.ZERO));
        assertThat(course.entry("c2").state()).isInstanceOf(RunState.Waiting.class);
    }

    @Test
    void withoutAQuietTimeCommandsJoinOnlyOneThatWaitsAnyway() {
        comes("c1", coalescing(Duration.ZERO));
        assertReserves("c1");
        comes("c2", coalescing(Duration.ZERO));

        assertJoined("c2");
        starts("c1", 99);
        comes("c3", coalescing(Duration.ZERO));
        assertReserves("c3");
    }

    @Test
    void onlyThoseThatWantTheSameRunJoin() {
        comes("c1");
        course.take(commanded(new Command.Fit(
                new Command.Head("other-job", "default", null, null, null, null), job(8), coalescing(QUIET))));
        course.take(commanded(command("alone", job(7))));
        assertThat(course.entry("other-job").state()).isInstanceOf(RunState.Waiting.class);
        assertThat(course.entry("alone").state()).isInstanceOf(RunState.Waiting.class);
        assertReserves("c1");
        comes("c2");
        Overrides schema = new Overrides(null, "other", null, Set.of());
        course.take(commanded(command(
                "c3", new Task.Trigger(new JobSelector.ById(7), "because", schema, false, false), coalescing(QUIET))));
        course.take(commanded(command(
                "c4",
                new Task.Trigger(new JobSelector.ById(7), "other words", schema, false, false),
                coalescing(QUIET))));
        comes("c5", options(QUIET, null, IfRunning.REUSE, null));

        assertThat(course.entry("c2").state()).isInstanceOf(RunState.Waiting.class);
        assertThat(course.entry("c3").state()).isInstanceOf(RunState.Waiting.class);
        assertJoined("c4");
        assertThat(course.entry("c5").state()).isInstanceOf(RunState.Waiting.class);
    }

    @Test
    void aCommandOfAnotherKindBehindClosesTheWindow() {
        comes("c1");
        comes("c2");
        course.take(commanded(command("other", job(7))));

        assertReserves("c1");
        starts("c1", 99);
        assertFollows(99, "c2");
        assertReserves("other");
    }

    @Test
    void commandsByNamesJoinWhenTheirJobIsKnown() {
        comes("c1");
        Task.Trigger named = new Task.Trigger(RunSamples.BY_NAMES, null, Overrides.NONE, false, false);
        course.take(commanded(command("c2", named, coalescing(QUIET))));
        course.take(new Input.JobFound("c2", new JobDetails(7, 1, 2, 3, "j", false, false, null)));

        assertJoined("c2");
    }

    @Test
    void anotherOwnerGoesOn() {
        comes("c1");
        comes("c2");
        Course restarted = new Course(policy(anything()), course.entries);
        restarted.now = course.now.plusSeconds(1);
        restarted.take(new Input.Restored("c1"));
        restarted.take(new Input.Restored("c2"));
        restarted.now = course.now.plus(QUIET);
        restarted.take(new Input.TimerFired("c1"));
        restarted.take(new Input.StartReserved("c1", TRIGGER, 50L));
        restarted.take(new Input.Started("c1", 1, run(99, Known.RUNNING)));

        assertThat(restarted.entry("c2").state()).isInstanceOf(RunState.Following.class);
    }

    @Test
    void whoHasNotHeardOfTheRunHearsOfItFromTheNextOwner() {
        comes("c1");
        comes("c2");
        windowCloses("c1");
        var joined = course.entry("c2");
        starts("c1", 99);
        course.entries.put("c2", joined);
        Course restarted = new Course(policy(anything()), course.entries);
        restarted.take(new Input.Restored("c2"));

        assertThat(restarted.entry("c2").state())
                .isInstanceOfSatisfying(
                        RunState.Following.class,
                        following -> assertThat(following.run().runId()).isEqualTo(99));
    }

    @Test
    void aWindowThatAnotherKindHasClosedStaysClosedForWhoLeadsThen() {
        comes("c1");
        comes("c2");
        course.take(commanded(command("other", job(7))));
        assertReserves("c1");
        cancels("c1");

        assertReserves("c2");
    }

    @Test
    void aWindowWhoseTimeHasComeStaysClosedForWhoLeadsThen() {
        comes("c1");
        comes("c2");
        windowCloses("c1");
        assertReserves("c1");
        comes("c3");
        assertJoined("c3");
        cancels("c1");

        assertReserves("c2");
    }

    // cancelling

    @Test
    void cancellingOneThatHasJoinedLeavesTheOthers() {
        comes("c1");
        comes("c2");
        comes("c3");
        cancels("c2");
        assertThat(last("c2").type()).isEqualTo(EventType.RUN_CANCELLED);
        assertThat(RunSamples.ofCommand(last("end-of-c2")).status()).isEqualTo(Known.CANCELLED);
        windowCloses("c1");
        starts("c1", 99);

        assertFollows(99, "c1", "c3");
        assertThat(last("c1").coalesced()).isEqualTo(1);
    }

    @Test
    void cancellingTheOneThatLeadsHandsOver() {
        comes("c1");
        course.pass(Duration.ofSeconds(30));
        comes("c2");
        comes("c3");
        cancels("c1");
        assertThat(last("c1").type()).isEqualTo(EventType.RUN_CANCELLED);
        assertJoined("c3");

        timer("c2", begin.plusSeconds(30).plus(QUIET));
        assertReserves("c2");
        starts("c2", 99);
        assertFollows(99, "c3");
        assertThat(last("c3").coalescedInto()).isEqualTo("c2");
    }

    @Test
    void cancellingOneThatSharesARunLeavesItToTheOthersAndTheLastOneCancels() {
        comes("c1");
        comes("c2");
        windowCloses("c1");
        starts("c1", 99);
        cancels("c1");

        assertThat(last("c1").type()).isEqualTo(EventType.RUN_CANCELLED);
        assertThat(ofRun(last("c1")).reason()).isEqualTo(CancelReason.LEFT_TO_OTHERS.wireName());
        assertThat(course.lastActions()).noneMatch(Action.CancelRun.class::isInstance);
        assertThat(last("end-of-c1").type()).isEqualTo(EventType.COMMAND_COMPLETED);
        assertFollows(99, "c2");
        cancels("c2");
        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
    }

    @Test
    void cancellingOneThatHasLeftDoesNotCancelTheRunOfTheOthers() {
        comes("c1", options(QUIET, Duration.ofMinutes(10), null, null));
        comes("c2");
        windowCloses("c1");
        starts("c1", 99);
        timer("c1", begin.plus(Duration.ofMinutes(10)));
        course.take(new Input.RunObserved("c1", run(99, Known.RUNNING)));
        assertThat(last("c1").type()).isEqualTo(EventType.RUN_ABANDONED);
        cancels("c1");

        assertThat(last("end-of-c1").type()).isEqualTo(EventType.COMMAND_COMPLETED);
        assertThat(course.lastActions()).allMatch(Action.SetTimer.class::isInstance);
    }

    @Test
    void cancellingOneWhoseRunHasEndedTellsOfItsEnd() {
        comes("c1");
        comes("c2");
        windowCloses("c1");
        starts("c1", 99);
        course.take(new Input.RunObserved("c1", run(99, Known.SUCCESS)));
        course.take(RunSamples.ended("c1", run(99, Known.SUCCESS)));
        assertThat(course.entry("c1").unfinished()).isFalse();
        assertFollows(99, "c2");
        cancels("c1");

        assertThat(RunSamples.ofCommand(last("end-of-c1")).status()).isEqualTo(Known.SUCCESS);
    }

    @Test
    void cancellingTheRunCancelsItForAll() {
        comes("c1");
        comes("c2");
        windowCloses("c1");
        starts("c1", 99);
        course.take(commanded(command("end", new Task.Cancel(new RunSelector.ById(99)))));
        course.take(new Input.RunRead("end", run(99, Known.RUNNING), false, null));

        assertThat(course.lastAction(Action.CancelRun.class).runId()).isEqualTo(99);
        assertFollows(99, "c1", "c2");
    }

    @Test
    void oneThatReplacesEndsAllThatWait() {
        comes("c1");
        comes("c2");
        comes("c3");
        course.take(commanded(
                command("new", job(7), new RequestedOptions(null, null, null, null, IfRunning.REPLACE, null))));

        for (String id : List.of("c1", "c2", "c3")) {
            assertThat(ofRun(last(id)).reason()).isEqualTo("superseded");
            assertThat(typesOf(id)).containsExactly("command.accepted", "run.cancelled");
        }
        assertThat(course.lastAction(Action.ListInFlight.class).commandId()).isEqualTo("new");
    }

    @Test
    void theRunGoesToTheNextOneIfTheOneThatLeadsIsOverAtOnce() {
        comes("c1");
        comes("c2");
        comes("c3");
        windowCloses("c1");
        cancels("c1");
        assertThat(last("c1").type()).isEqualTo(EventType.RUN_CANCELLED);
        begins("c2");
        cancels("c2");
        course.take(new Input.Started("c2", 1, run(99, Known.RUNNING)));

        assertFollows(99, "c3");
        assertThat(ofRun(last("c2")).reason()).isEqualTo("left_to_others");
        assertThat(course.lastActions()).noneMatch(Action.CancelRun.class::isInstance);
    }

    // time

    @Test
    void whoExpiresWhileItWaitsForTheWindowIsRejected() {
        Instant soon = begin.plusSeconds(10);
        comes("c1");
        course.take(commanded(
                new Command.Fit(new Command.Head("c2", "default", null, soon, null, null), job(7), coalescing(QUIET))));
        timer("c2", soon);

        assertThat(last("c2").type()).isEqualTo(EventType.COMMAND_REJECTED);
        assertThat(course.entry("c1").unfinished()).isTrue();
    }

    @Test
    void whoExpiresWhileItsRunIsStartedHasIt() {
        Instant soon = begin.plus(QUIET).plusSeconds(10);
        comes("c1");
        course.take(commanded(
                new Command.Fit(new Command.Head("c2", "default", null, soon, null, null), job(7), coalescing(QUIET))));
        windowCloses("c1");
        begins("c1");
        timer("c2", soon);
        assertJoined("c2");
        course.take(new Input.Started("c1", 1, run(99, Known.RUNNING)));

        assertFollows(99, "c2");
    }

    @Test
    void whoHadExpiredWhenTheStartWasDecidedIsNotSatisfiedByIt() {
        Instant soon = begin.plus(QUIET).minusSeconds(1);
        comes("c1");
        course.take(commanded(
                new Command.Fit(new Command.Head("c2", "default", null, soon, null, null), job(7), coalescing(QUIET))));
        windowCloses("c1");
        starts("c1", 99);

        assertThat(last("c2").type()).isEqualTo(EventType.COMMAND_REJECTED);
        assertThat(RunSamples.ofCommand(last("c2")).reason()).isEqualTo(RejectReason.EXPIRED);
    }

    @Test
    void theNextOneLeadsWhenTheOneThatLeadsHasExpired() {
        Instant soon = begin.plusSeconds(10);
        course.take(commanded(
                new Command.Fit(new Command.Head("c1", "default", null, soon, null, null), job(7), coalescing(QUIET))));
        comes("c2");
        timer("c1", soon);
        assertThat(last("c1").type()).isEqualTo(EventType.COMMAND_REJECTED);
        timer("c2", begin.plus(QUIET));

        assertReserves("c2");
    }

    @Test
    void atItsTimeOutOneOfSeveralLeavesTheRunAlone() {
        comes("c1", options(QUIET, Duration.ofMinutes(10), null, null));
        comes("c2");
        windowCloses("c1");
        starts("c1", 99);
        timer("c1", begin.plus(Duration.ofMinutes(10)));
        course.take(new Input.RunObserved("c1", run(99, Known.RUNNING)));

        assertThat(ofRun(last("c1")).message()).contains("the commands that share it");
        assertThat(course.lastActions()).noneMatch(Action.CancelRun.class::isInstance);
        assertFollows(99, "c2");
    }

    @Test
    void aTimeOutWhileTheRunIsStartedLeavesItUnclear() {
        comes("c1");
        comes("c2", options(QUIET, Duration.ofMinutes(5), null, null));
        windowCloses("c1");
        begins("c1");
        timer("c2", begin.plus(Duration.ofMinutes(5)));

        assertThat(ofRun(last("c2")).reason()).isEqualTo("start_unclear");
    }

    // the start

    @Test
    void aRefusalEndsAllOfThem() {
        comes("c1");
        comes("c2");
        comes("c3");
        windowCloses("c1");
        begins("c1");
        course.take(new Input.StartRefused("c1", 1, RejectReason.JOB_DEACTIVATED, "the job is deactivated"));

        for (String id : List.of("c1", "c2", "c3")) {
            assertThat(RunSamples.ofCommand(last(id)).reason()).isEqualTo(RejectReason.JOB_DEACTIVATED);
            assertThat(RunSamples.ofCommand(last(id)).message()).contains("the job is deactivated");
        }
        assertStartsNothing();
    }

    @Test
    void aStartThatStaysUnclearIsSoForAll() {
        comes("c1");
        comes("c2");
        windowCloses("c1");
        begins("c1");
        course.take(new Input.EndRequested("c1"));

        assertThat(ofRun(last("c1")).reason()).isEqualTo("operator");
        assertThat(ofRun(last("c2")).reason()).isEqualTo("start_unclear");
        assertStartsNothing();
    }

    @Test
    void anOperatorWhoEndsTheOneThatLeadsEndsNoOther() {
        comes("c1");
        comes("c2");
        course.take(new Input.EndRequested("c1"));
        timer("c2", begin.plus(QUIET));

        assertReserves("c2");
    }

    @Test
    void aLimitLetsThemJoinUntilTheNextTry() {
        comes("c1", coalescing(Duration.ZERO));
        begins("c1");
        course.take(new Input.StartFailed("c1", 1, new CallFailure.NotSent("refused")));
        comes("c2", coalescing(Duration.ZERO));
        assertJoined("c2");
        timer("c1", course.now.plusSeconds(1));
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.Started("c1", 2, run(99, Known.RUNNING)));

        assertFollows(99, "c2");
    }

    @Test
    void reuseIsReuseForAllOfThem() {
        RequestedOptions reuse = options(QUIET, null, IfRunning.REUSE, null);
        comes("c1", reuse);
        comes("c2", reuse);
        windowCloses("c1");
        course.take(
                new Input.RunsInFlight("c1", List.of(run(90, Known.RUNNING)), StartCheck.FIRST.answered(course.now)));

        assertFollows(90, "c1", "c2");
        assertThat(ofRun(last("c2")).adopted()).isTrue();
        assertThat(course.entry("c2").openCommand().options().cancelsAtDeadline())
                .isFalse();
    }

    @Test
    void aRunThatReuseFindsAfterAnUnclearStartIsNotTheirOwn() {
        RequestedOptions reuse = options(Duration.ZERO, null, IfRunning.REUSE, null);
        comes("c1", reuse);
        course.take(new Input.RunsInFlight("c1", List.of(), StartCheck.FIRST.answered(course.now)));
        comes("c2", reuse);
        assertJoined("c2");
        begins("c1");
        course.take(new Input.StartFailed("c1", 1, new CallFailure.Unclear("reset")));
        course.pass(Duration.ofSeconds(200));
        course.take(new Input.SearchResult("c1", 1, course.now, null));
        course.take(
                new Input.RunsInFlight("c1", List.of(run(90, Known.RUNNING)), StartCheck.FIRST.answered(course.now)));

        assertFollows(90, "c1", "c2");
        assertThat(course.entry("c1").openCommand().options().cancelsAtDeadline())
                .isFalse();
        assertThat(course.entry("c2").openCommand().options().cancelsAtDeadline())
                .isFalse();
    }

    // another run after a failure

    /** They share run 99, the first leads, and any failure is followed by one more run. */
    private void shareRunWithAnotherAfterIt(String... ids) {
        OnFailure.Requested again = new OnFailure.Requested(1, null, null, OnFailure.When.ANY, OnFailure.How.FULL);
        for (String id : ids) {
            comes(id, options(QUIET, null, null, again));
        }
        windowCloses(ids[0]);
        starts(ids[0], 99);
    }

    @Test
    void theNextAttemptIsStartedOnceForAll() {
        shareRunWithAnotherAfterIt("c1", "c2", "c3");
        for (String id : List.of("c1", "c2", "c3")) {
            course.take(new Input.RunEnded(id, RunEnd.unread(run(99, Known.ERROR), null)));
            assertThat(last(id).type()).isEqualTo(EventType.RUN_ATTEMPT_FAILED);
        }
        Instant at = ((RunState.Retrying) course.entry("c1").state()).at();
        timer("c2", at);
        assertJoined("c2");
        timer("c1", at);
        assertReserves("c1");
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.Started("c1", 2, run(100, Known.RUNNING)));

        assertFollows(100, "c1", "c2", "c3");
        assertThat(ofRun(last("c3")).attempt()).isEqualTo(2);
        assertThat(last("c3").coalescedInto()).isEqualTo("c1");
    }

    @Test
    void whoHearsOfTheFailureLateHasTheNextRunAllTheSame() {
        shareRunWithAnotherAfterIt("c1", "c2", "c3");
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));
        Instant at = ((RunState.Retrying) course.entry("c1").state()).at();
        course.now = at.minusSeconds(1);
        course.take(new Input.RunEnded("c2", RunEnd.unread(run(99, Known.ERROR), null)));
        timer("c1", at);
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.Started("c1", 2, run(100, Known.RUNNING)));
        assertFollows(100, "c1", "c2");

        course.take(new Input.RunEnded("c3", RunEnd.unread(run(99, Known.ERROR), null)));
        timer("c3", ((RunState.Retrying) course.entry("c3").state()).at());
        assertFollows(100, "c3");
        assertThat(ofRun(last("c3")).attempt()).isEqualTo(2);
    }

    @Test
    void theNextAttemptIsStartedByAnotherOneIfTheFirstIsCancelledMeanwhile() {
        shareRunWithAnotherAfterIt("c1", "c2");
        for (String id : List.of("c1", "c2")) {
            course.take(new Input.RunEnded(id, RunEnd.unread(run(99, Known.ERROR), null)));
        }
        timer("c2", ((RunState.Retrying) course.entry("c2").state()).at());
        assertJoined("c2");
        cancels("c1");
        assertThat(last("c1").type()).isEqualTo(EventType.RUN_FAILED);

        assertReserves("c2");
        starts("c2", 100);
        assertThat(ofRun(last("c2")).attempt()).isEqualTo(2);
        assertThat(last("c2").coalescedInto()).isNull();
    }

    @Test
    void theNextAttemptGoesToOneThatStillPausesIfTheOneThatHasItIsCancelled() {
        shareRunWithAnotherAfterIt("c1", "c2", "c3");
        course.take(new Input.RunEnded("c1", RunEnd.unread(run(99, Known.ERROR), null)));
        timer("c1", ((RunState.Retrying) course.entry("c1").state()).at());
        course.take(new Input.StartReserved("c1", TRIGGER, 50L));
        course.take(new Input.Started("c1", 2, run(100, Known.RUNNING)));
        course.take(new Input.RunEnded("c2", RunEnd.unread(run(99, Known.ERROR), null)));
        course.take(new Input.RunEnded("c3", RunEnd.unread(run(99, Known.ERROR), null)));
        cancels("c1");

        assertThat(ofRun(last("c1")).reason()).isEqualTo("left_to_others");
        assertFollows(100, "c2", "c3");
        assertThat(last("c2").coalescedInto()).isEqualTo("c1");
        assertThat(last("c3").coalescedInto()).as("that has started the run").isEqualTo("c1");
    }

    @Test
    void whoLeadsTheNextAttemptIsNotRejectedIfDbtCloudRefusesToTellOfTheRun() {
        OnFailure.Requested again =
                new OnFailure.Requested(1, null, null, OnFailure.When.ANY, OnFailure.How.FROM_FAILURE);
        comes("c1", options(QUIET, null, null, again));
        comes("c2", options(QUIET, null, null, again));
        windowCloses("c1");
        starts("c1", 99);
        for (String id : List.of("c1", "c2")) {
            course.take(new Input.RunEnded(id, RunEnd.unread(run(99, Known.ERROR), null)));
        }
        cancels("c1");
        timer("c2", ((RunState.Retrying) course.entry("c2").state()).at());
        assertThat(course.lastAction(Action.ReadNewestRun.class).commandId()).isEqualTo("c2");
        course.fail("c2", Action.ReadNewestRun.class, new CallFailure.Refused("dbt Cloud answered 403", 403, null));
        timer("c2", begin.plus(Duration.ofHours(24)));

        assertThat(typesOf("c2"))
                .containsExactly("command.accepted", "run.running", "run.attempt_failed", "run.failed");
    }

    @Test
    void aRunThatReuseFindsAfterOneThatFailedIsNotTheirOwn() {
        OnFailure.Requested again = new OnFailure.Requested(1, null, null, OnFailure.When.ANY, OnFailure.How.FULL);
        for (String id : List.of("c1", "c2")) {
            comes(id, options(QUIET, null, IfRunning.REUSE, again));
        }
        windowCloses("c1");
        course.take(new Input.RunsInFlight("c1", List.of(), StartCheck.FIRST.answered(course.now)));
        starts("c1", 99);
        for (String id : List.of("c1", "c2")) {
            course.take(new Input.RunEnded(id, RunEnd.unread(run(99, Known.ERROR), null)));
        }
        Instant at = ((RunState.Retrying) course.entry("c1").state()).at();
        timer("c2", at);
        timer("c1", at);
        course.take(
                new Input.RunsInFlight("c1", List.of(run(90, Known.RUNNING)), StartCheck.FIRST.answered(course.now)));

        assertFollows(90, "c1", "c2");
        assertThat(course.entry("c1").started()).as("an observer tells of it").isFalse();
        assertThat(course.entry("c2").openCommand().options().cancelsAtDeadline())
                .isFalse();
    }
}
