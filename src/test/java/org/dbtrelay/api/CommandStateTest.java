package org.dbtrelay.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.flow.CommandViews.View;
import org.dbtrelay.flow.WaitReason;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.state.Retries;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.SampleEntry;
import org.dbtrelay.run.state.Share;
import org.dbtrelay.run.state.StartAttempts;
import org.dbtrelay.run.state.StartCall;
import org.dbtrelay.run.state.Timeline;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A command over HTTP says what its entry knows, and nothing that its state does not have. */
class CommandStateTest {

    private static final Instant NOW = Instant.parse("2026-11-29T10:00:00Z");
    private static final Instant LATER = NOW.plusSeconds(90);
    private static final RunSnapshot RUN =
            SampleRun.of(70).status(JobRunStatus.Known.RUNNING).build();
    private static final StartAttempts TWO = new StartAttempts(2, 0, NOW, 60L, null);
    private static final RunState WAITING = new RunState.Waiting(TWO, 1, null);

    private static final ResolvedCommand COMMAND = new ResolvedCommand(
            new Task.Trigger(new JobSelector.ById(7), null, Overrides.NONE, false, false),
            "emea",
            4238,
            7L,
            "Daily build",
            null,
            null,
            new RunOptions(Duration.ofSeconds(10), LATER, null, false, IfRunning.QUEUE, List.of()),
            null,
            null,
            null);

    private static RunEntry entry(RunState state) {
        return SampleEntry.of("c1")
                .acceptedAt(NOW)
                .nextSequence(3)
                .resolved(COMMAND)
                .in(state);
    }

    private static RunEntry entry(
            RunState state, @Nullable Retries retries, @Nullable Share share, @Nullable String told) {
        RunEntry plain = entry(state);
        return new RunEntry(
                plain.commandId(),
                plain.offset(),
                plain.commandHash(),
                plain.acceptedAt(),
                plain.nextSequence(),
                plain.adopted(),
                plain.started(),
                plain.strays(),
                retries,
                share,
                null,
                plain.resolved(),
                state,
                told);
    }

    private static View view(RunEntry entry) {
        return new View(4, entry, null, 0, null, 0, null, List.of());
    }

    private static View view(RunEntry entry, WaitReason waitsFor, int ahead) {
        return new View(4, entry, waitsFor, ahead, null, 0, null, List.of());
    }

    private static View sharing(RunState state, @Nullable Share share, @Nullable String leader, int sharing) {
        return new View(4, entry(state, null, share, null), null, 0, leader, sharing, null, List.of());
    }

    private static CommandState state(RunState state) {
        return CommandState.of(view(entry(state)), null, false);
    }

    private static CommandState state(View view) {
        return CommandState.of(view, null, false);
    }

    private static RunState collecting() {
        return RunState.Collecting.begin(
                RUN, EventType.RUN_SUCCEEDED, null, List.of(), null, NOW, Duration.ofMinutes(5));
    }

    private static RunState finished(@Nullable String reason, @Nullable Long runId) {
        return new RunState.Finished(EventType.RUN_CANCELLED, reason, runId, LATER, "emea", 7L);
    }

    /** All but the finished one. */
    static Stream<RunState> unfinished() {
        return Stream.concat(
                withRun(),
                Stream.of(
                        WAITING,
                        new RunState.Starting(TWO, new StartCall.Trigger(), 0),
                        RunState.Searching.begin(TWO, new StartCall.Trigger(), NOW),
                        new RunState.Retrying(LATER),
                        new RunState.Joined()));
    }

    static Stream<RunState> withRun() {
        return Stream.of(
                new RunState.Following(RUN, NOW, null),
                new RunState.Cancelling(RUN, CancelReason.CANCELLED_BY_USER, NOW, 1, null, null),
                new RunState.Judging(RUN, JobRunStatus.Known.RUNNING, NOW, 0),
                collecting());
    }

    @ParameterizedTest
    @MethodSource("unfinished")
    void eachOpenCommandSaysWhatItIs(RunState state) {
        CommandState told = state(state);

        assertThat(told.commandId()).isEqualTo("c1");
        assertThat(told.origin()).isEqualTo("command");
        assertThat(told.partition()).isEqualTo(4);
        assertThat(told.state()).isEqualTo(state.label());
        assertThat(told.acceptedAt()).isEqualTo(NOW);
        assertThat(told.command()).isEqualTo("trigger");
        assertThat(told.connection()).isEqualTo("emea");
        assertThat(told.accountId()).isEqualTo(4238);
        assertThat(told.jobId()).isEqualTo(7);
        assertThat(told.jobName()).isEqualTo("Daily build");
        assertThat(told.deadline()).isEqualTo(LATER);
        assertThat(told.eventsTold()).isEqualTo(3);
        assertThat(told.outcome()).as("also while its artifacts are collected").isNull();
        assertThat(told.reason()).isNull();
        assertThat(told.place()).isEqualTo(new CommandQuery.Place(NOW, "c1"));
    }

    @ParameterizedTest
    @MethodSource("withRun")
    void whatHasARunTellsOfIt(RunState state) {
        CommandState told = state(state);

        assertThat(told.runId()).isEqualTo(70);
        assertThat(told.runStatus()).isEqualTo("running");
        assertThat(told.runUrl()).isEqualTo(RUN.url());
        assertThat(told.attempt()).isNull();
        assertThat(told.notBefore()).isNull();
    }

    @Test
    void aStartHasANumberAndNoRun() {
        for (RunState state : List.of(
                WAITING,
                new RunState.Starting(TWO, new StartCall.Trigger(), 0),
                RunState.Searching.begin(TWO, new StartCall.Trigger(), NOW))) {
            CommandState told = state(state);
            assertThat(told.attempt()).as(told.state()).isEqualTo(2);
            assertThat(told.runId()).as(told.state()).isNull();
            assertThat(told.runStatus()).as(told.state()).isNull();
            assertThat(told.runUrl()).as(told.state()).isNull();
        }
    }

    @ParameterizedTest
    @MethodSource("reasons")
    void aWaitingCommandSaysWhatItWaitsFor(WaitReason reason) {
        assertThat(state(view(entry(WAITING), reason, 0)).waitsFor()).isEqualTo(reason.label());
    }

    static Stream<WaitReason> reasons() {
        return Stream.of(WaitReason.values());
    }

    @Test
    void saysHowManyAreAheadIfAnyAre() {
        assertThat(state(view(entry(WAITING), WaitReason.TURN, 3)).ahead()).isEqualTo(3);
        assertThat(state(view(entry(WAITING), WaitReason.SLOT, 0)).ahead()).isNull();
    }

    @Test
    void whoHasSuspendedItIsTheReason() {
        View view = view(entry(WAITING), WaitReason.DBT_CLOUD, 0);
        CommandState held = CommandState.of(
                view,
                new CommandState.Suspension(CommandState.Scope.CONNECTION, new Switched(LATER, "ops", "month end")),
                false);

        assertThat(held.waitsFor()).isEqualTo("suspended");
        assertThat(held.suspendedScope()).isEqualTo("connection");
        assertThat(held.suspendedSince()).isEqualTo(LATER);
        assertThat(held.suspendedBy()).isEqualTo("ops");
        assertThat(held.suspendedReason()).isEqualTo("month end");
        assertThat(state(view).suspendedScope()).isNull();
        assertThat(state(view).suspendedSince()).isNull();
        assertThat(state(view).suspendedBy()).isNull();
        assertThat(state(view).suspendedReason()).isNull();
    }

    @Test
    void saysWhenItGoesOn() {
        assertThat(state(WAITING).notBefore()).as("at once").isNull();
        RunState later = new RunState.Waiting(StartAttempts.NONE, 0, LATER);
        assertThat(state(later).notBefore()).isEqualTo(LATER);
        assertThat(state(new RunState.Retrying(LATER)).notBefore()).isEqualTo(LATER);
        assertThat(state(new RunState.Joined()).notBefore()).isNull();
        assertThat(state(new RunState.Starting(TWO, new StartCall.Trigger(), 0)).notBefore())
                .isNull();
        assertThat(state(RunState.Searching.begin(TWO, new StartCall.Trigger(), NOW))
                        .notBefore())
                .isNull();
        assertThat(state(finished(null, null)).notBefore()).isNull();
        View window = new View(4, entry(later), WaitReason.WINDOW, 0, null, 0, LATER.plusSeconds(1), List.of());
        assertThat(state(window).notBefore()).as("the window's end").isEqualTo(LATER.plusSeconds(1));
    }

    @Test
    void aPauseBeforeAnotherRunTellsOfTheOneThatFailed() {
        RunSnapshot failed = SampleRun.of(69).status(JobRunStatus.Known.ERROR).build();
        CommandState told = state(view(entry(new RunState.Retrying(LATER), Retries.NONE.after(failed), null, null)));

        assertThat(told.runId()).isEqualTo(69);
        assertThat(told.runStatus()).isEqualTo("error");
        assertThat(told.attempt()).isNull();
        assertThat(state(view(entry(WAITING, Retries.NONE.after(failed), null, null)))
                        .runId())
                .as("it waits for a run of its own")
                .isNull();
    }

    @Test
    void whoSharesARunNamesTheOneThatStartsIt() {
        Share share = Share.open("c0", null);
        assertThat(sharedWith(new RunState.Joined(), share.join(), "c0")).isEqualTo("c0");
        assertThat(sharedWith(new RunState.Joined(), null, "c0")).isEqualTo("c0");
        assertThat(sharedWith(new RunState.Following(RUN, NOW, null), share.in("c0"), null))
                .isEqualTo("c0");
        assertThat(sharedWith(finished(null, 70L), share.in("c0"), null)).isEqualTo("c0");
        assertThat(sharedWith(WAITING, share, "c0")).as("it leads").isNull();
        assertThat(sharedWith(WAITING, null, null)).isNull();
    }

    private static @Nullable String sharedWith(RunState state, @Nullable Share share, @Nullable String leader) {
        return state(sharing(state, share, leader, 0)).coalescedInto();
    }

    @Test
    void whoLeadsCountsTheOthers() {
        Share share = Share.open("c1", LATER);
        RunState following = new RunState.Following(RUN, NOW, null);
        assertThat(state(sharing(WAITING, share, null, 2)).coalesced())
                .as("by now")
                .isEqualTo(2);
        assertThat(state(sharing(WAITING, share, null, 0)).coalesced()).isNull();
        assertThat(state(sharing(following, share.leading(5), null, 2)).coalesced())
                .as("as its events say it")
                .isEqualTo(5);
        assertThat(state(sharing(following, share.leading(0), null, 2)).coalesced())
                .isNull();
        assertThat(state(sharing(WAITING, null, null, 2)).coalesced())
                .as("it shares none")
                .isNull();
    }

    @Test
    void aFinishedCommandTellsItsOutcomeAndNoMoreThanItRemembers() {
        CommandState told = state(finished("timed_out", 70L));

        assertThat(told.state()).isEqualTo("finished");
        assertThat(told.outcome()).isEqualTo("run.cancelled");
        assertThat(told.reason()).isEqualTo("timed_out");
        assertThat(told.runId()).isEqualTo(70);
        assertThat(told.runStatus()).isNull();
        assertThat(told.connection()).isEqualTo("emea");
        assertThat(told.jobId()).isEqualTo(7);
        assertThat(told.command()).isNull();
        assertThat(told.accountId()).isNull();
        assertThat(told.jobName()).isNull();
        assertThat(told.deadline()).isNull();
        assertThat(told.attempt()).isNull();
        assertThat(state(finished(null, null)).runId()).isNull();
        assertThat(state(finished(null, null)).reason()).isNull();
    }

    @Test
    void anObservedRunSaysSo() {
        RunEntry observed = SampleEntry.of("observed/4238/70").resolved(COMMAND).in(collecting());

        assertThat(state(view(observed)).origin()).isEqualTo("observed");
    }

    @Test
    void oneCommandHasItsEventsAndAListHasNone() {
        String told = Timeline.add(
                Timeline.add(null, 0, EventType.COMMAND_ACCEPTED, NOW, NOW), 1, EventType.RUN_QUEUED, NOW, LATER);
        View view = new View(
                4,
                entry(WAITING, null, null, told),
                null,
                0,
                null,
                0,
                null,
                List.of("{\"sequence\":0,\"context\":2.50}".getBytes(UTF_8), "{\"message\":\"ü\"}".getBytes(UTF_8)));

        CommandState alone = CommandState.of(view, null, true);
        assertThat(alone.events()).isEqualTo("[{\"sequence\":0,\"context\":2.50},{\"message\":\"ü\"}]");
        assertThat(alone.timeline())
                .containsExactly(
                        new CommandState.Told(0, "command.accepted", NOW),
                        new CommandState.Told(1, "run.queued", LATER));
        assertThat(CommandState.of(view(entry(WAITING)), null, true).events()).isEqualTo("[]");
        assertThat(state(view).events()).isNull();
        assertThat(state(view).timeline()).isNull();
    }
}
