package org.dbtrelay.run.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.command.SampleConnection;
import org.dbtrelay.run.command.SamplePolicy;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.SampleEntry;
import org.dbtrelay.run.state.StartAttempts;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

public class SlotsTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
    private static final RunOptions.Defaults DEFAULTS = new RunOptions.Defaults(
            Duration.ofSeconds(10), Duration.ofHours(24), null, false, IfRunning.QUEUE, List.of());

    private final Slots slots = new Slots(policy(3, 2));

    @Test
    void asManyRunsOfAJobAsItsLimitStartAndTheNextWhenOneHasEnded() {
        List<RunEntry> waiting = List.of(waiting(1, 7), waiting(2, 7), waiting(3, 7));
        waiting.forEach(this::await);

        assertThat(free()).containsExactly("c1", "c2");
        RunEntry following = in(waiting.getFirst(), following(91));
        slots.replace(waiting.getFirst(), following);
        assertThat(free()).isEmpty();
        assertThat(slots.isWaiting("c3")).isTrue();

        slots.replace(following, over(following));

        assertThat(free()).containsExactly("c3");
    }

    @Test
    void theLimitOfAConnectionCountsAllItsJobsAndThoseThatWaitGoInTheOrderOfTheirRecords() {
        await(waiting(5, 9));
        await(waiting(1, 7));
        await(waiting(2, 8));
        await(waiting(3, 9));

        assertThat(free()).containsExactly("c1", "c2", "c3");
    }

    @Test
    void aJobAtItsLimitHoldsUpNoOther() {
        await(waiting(1, 7));
        await(waiting(2, 7));
        assertThat(free()).hasSize(2);

        await(waiting(3, 7));
        await(waiting(4, 8));

        assertThat(free()).containsExactly("c4");
    }

    @Test
    void aPlaceThatWasGivenAndNotUsedIsFreeAgain() {
        RunEntry first = waiting(1, 7);
        RunEntry second = waiting(2, 7);
        await(first);
        await(second);
        await(waiting(3, 7));
        assertThat(free()).containsExactly("c1", "c2");

        slots.replace(first, in(first, new RunState.Waiting(StartAttempts.NONE, 1, NOW)));

        assertThat(free()).containsExactly("c3");
    }

    @Test
    void whoAsksAgainKeepsItsPlace() {
        RunEntry first = waiting(1, 7);
        await(first);
        assertThat(free()).containsExactly("c1");
        await(first);

        assertThat(free()).containsExactly("c1");
        await(waiting(2, 7));
        assertThat(free()).containsExactly("c2");
        await(waiting(3, 7));
        assertThat(free()).isEmpty();
    }

    @Test
    void whoEndsWhileItWaitsIsNotStarted() {
        await(waiting(1, 7));
        await(waiting(2, 7));
        RunEntry third = waiting(3, 7);
        await(third);
        assertThat(free()).hasSize(2);

        slots.replace(third, over(third));

        assertThat(slots.isWaiting("c3")).isFalse();
    }

    @Test
    void twoCommandsThatFollowOneRunTakeOnePlace() {
        RunEntry one = in(waiting(1, 7), following(91));
        RunEntry other = in(waiting(2, 7), following(91));
        slots.replace(null, one);
        slots.replace(null, other);
        await(waiting(3, 7));
        assertThat(free()).containsExactly("c3");

        slots.replace(one, over(one));
        await(waiting(4, 7));

        assertThat(free()).as("the other one still follows it").isEmpty();
    }

    @Test
    void withoutALimitAllMayStart() {
        Slots open = new Slots(policy(null, null));
        for (int i = 0; i < 100; i++) {
            RunEntry entry = waiting(i, 7);
            open.replace(null, entry);
            open.await(entry, reserve(entry));
        }

        assertThat(open.takeFree()).hasSize(100);
    }

    @Test
    void whoHasGivenItsPlaceBackAndAsksAgainWaitsLikeTheOthers() {
        RunEntry first = waiting(1, 7);
        await(first);
        await(waiting(2, 7));
        assertThat(free()).containsExactly("c1", "c2");

        await(first);
        slots.giveBack("c1");
        RunEntry third = in(waiting(0, 7), following(91));
        slots.replace(null, third);

        assertThat(free()).isEmpty();
        assertThat(slots.isWaiting("c1")).isTrue();
        slots.replace(third, over(third));
        assertThat(free()).containsExactly("c1");
    }

    /** Many commands wait at a full job while one after another starts at others: each look at those waiting would show. */
    @Test
    void aStepLooksAtNoCommandThatStillWaits() {
        assertThat(stepsWith(10_000)).as("ten times as many wait").isLessThan(20 * stepsWith(1_000));
    }

    private static int stepsWith(int count) {
        Slots slots = new Slots(policy(null, 1));
        for (int i = 0; i < count; i++) {
            RunEntry full = waiting(2L * i, 7);
            slots.replace(null, full);
            slots.await(full, reserve(full));
            RunEntry alone = waiting(2L * i + 1, 1_000_000L + i);
            slots.replace(null, alone);
            slots.await(alone, reserve(alone));
            assertThat(slots.takeFree()).hasSize(i == 0 ? 2 : 1);
        }
        return slots.steps();
    }

    private void await(RunEntry entry) {
        slots.await(entry, reserve(entry));
    }

    private List<String> free() {
        return slots.takeFree().stream().map(Action.ReserveStart::commandId).toList();
    }

    private static Action.ReserveStart reserve(RunEntry entry) {
        ResolvedCommand resolved = entry.openCommand();
        return new Action.ReserveStart(
                entry.commandId(), resolved.target(), resolved.jobId(), new StartCall.Trigger(), null);
    }

    public static RunEntry waiting(long offset, long jobId) {
        ResolvedCommand resolved = new ResolvedCommand(
                new Task.Trigger(new JobSelector.ById(jobId), null, Overrides.NONE, false, false),
                "default",
                1,
                jobId,
                null,
                null,
                null,
                new RunOptions(Duration.ofSeconds(10), NOW, null, false, IfRunning.QUEUE, List.of()),
                null,
                null,
                null);
        return SampleEntry.of("c" + offset)
                .offset(offset)
                .acceptedAt(NOW)
                .resolved(resolved)
                .in(new RunState.Waiting(StartAttempts.NONE, 0, null));
    }

    public static RunEntry in(RunEntry entry, RunState state) {
        return later(entry, 2).in(state);
    }

    public static RunEntry over(RunEntry entry) {
        return over(entry, 91, NOW);
    }

    public static RunEntry over(RunEntry entry, long runId, Instant at) {
        return later(entry, 3).in(new RunState.Finished(EventType.RUN_SUCCEEDED, null, runId, at, null, null));
    }

    private static SampleEntry later(RunEntry entry, int nextSequence) {
        return SampleEntry.of(entry.commandId())
                .offset(entry.offset())
                .hash(entry.commandHash())
                .acceptedAt(entry.acceptedAt())
                .nextSequence(nextSequence)
                .resolved(entry.resolved());
    }

    public static RunState following(long runId) {
        return new RunState.Following(run(runId, null), NOW, null);
    }

    public static RunSnapshot run(long runId, @Nullable String cause) {
        return SampleRun.of(runId)
                .status(JobRunStatus.Known.RUNNING)
                .startedAt(NOW)
                .cause(cause)
                .build();
    }

    public static Policy policy(Integer maxInFlight, Integer maxInFlightPerJob) {
        return SamplePolicy.of(new SampleConnection()
                        .maxInFlight(maxInFlight)
                        .maxInFlightPerJob(maxInFlightPerJob)
                        .build())
                .defaults(DEFAULTS)
                .build();
    }
}
