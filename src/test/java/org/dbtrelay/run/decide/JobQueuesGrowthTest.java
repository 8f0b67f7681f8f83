package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.T0;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.SampleEntry;
import org.dbtrelay.run.state.StartAttempts;
import org.junit.jupiter.api.Test;

/**
 * Ten times the commands cost about ten times the steps, and not a hundred times. Counted are the places that are looked at.
 */
class JobQueuesGrowthTest {

    private static final int FEW = 1_000;
    private static final int MANY = 10_000;
    private static final Target TARGET = new Target("default", 1);

    @Test
    void commandsThatLineUpAtTwoBusyJobs() {
        assertGrowth(count -> {
            JobQueues queues = new JobQueues(new HashMap<>());
            // Backwards: each comes in front of all that have come, one of whom has the turn.
            for (int i = count; i > 0; i--) {
                queues.replace(null, waiting(i, i % 2));
                assertThat(queues.takeTurn()).isNull();
            }
            return queues.steps();
        });
    }

    @Test
    void commandsThatLineUpBehindOneThatHasTheTurn() {
        assertGrowth(count -> {
            Map<String, RunEntry> entries = new HashMap<>();
            JobQueues queues = new JobQueues(entries);
            for (int i = 0; i < count; i++) {
                RunEntry entry = waiting(i, i % 2);
                entries.put(entry.commandId(), entry);
                queues.replace(null, entry);
                queues.takeTurn();
            }
            // Each of those behind changes: something is asked anew for it.
            entries.values().forEach(entry -> queues.replace(entry, entry));
            return queues.steps();
        });
    }

    @Test
    void howManyAreAheadOfEachOfAThousand() {
        assertGrowth(count -> {
            JobQueues queues = new JobQueues(new HashMap<>());
            for (int i = 0; i < count; i++) {
                queues.replace(null, waiting(i, 0));
            }
            int before = queues.steps();
            for (int i = 0; i < count; i++) {
                assertThat(queues.countAheadOf(waiting(i, 0))).isEqualTo(i);
            }
            return queues.steps() - before;
        });
    }

    @Test
    void commandsThatShareOneRunAndOthersThatAskForIt() {
        assertGrowth(count -> {
            Map<String, RunEntry> entries = new HashMap<>();
            JobQueues queues = new JobQueues(entries);
            for (int i = 0; i < count; i++) {
                RunEntry entry = following(i, 99);
                entries.put(entry.commandId(), entry);
                queues.replace(null, entry);
                assertThat(queues.oneOfEachInFlight(TARGET, 7)).hasSize(1);
            }
            return queues.steps();
        });
    }

    @Test
    void aRunIsFoundAmongThoseInFlightByItsId() {
        Map<String, RunEntry> entries = new HashMap<>();
        for (int i = 0; i < 10; i++) {
            RunEntry entry = following(i, 90 + i / 2);
            entries.put(entry.commandId(), entry);
        }
        JobQueues queues = new JobQueues(entries);

        assertThat(queues.followerOf(TARGET, run(93))).isIn(entries.get("c6"), entries.get("c7"));
        assertThat(queues.followerOf(TARGET, run(95))).isNull();
        assertThat(queues.oneOfEachInFlight(TARGET, 7)).hasSize(5);
        assertThat(queues.inFlight(TARGET, 7)).hasSize(10);
        assertThat(queues.hasInFlight(TARGET, 7)).isTrue();
        assertThat(queues.hasInFlight(TARGET, 8)).isFalse();
    }

    private static void assertGrowth(IntUnaryOperator steps) {
        int few = steps.applyAsInt(FEW);
        int many = steps.applyAsInt(MANY);
        assertThat(few).as("steps are counted").isPositive();
        assertThat(many / few)
                .as("%d steps for %d, %d for %d", few, FEW, many, MANY)
                .isLessThan(20);
    }

    private static RunEntry waiting(int offset, int job) {
        return entry(offset, job, new RunState.Waiting(StartAttempts.NONE, 0, null));
    }

    private static RunEntry following(int offset, long runId) {
        return entry(offset, 7, new RunState.Following(run(runId), T0, null));
    }

    private static RunSnapshot run(long runId) {
        return SampleRun.of(runId)
                .status(JobRunStatus.Known.RUNNING)
                .startedAt(T0)
                .build();
    }

    private static RunEntry entry(int offset, long job, RunState state) {
        ResolvedCommand resolved = new ResolvedCommand(
                RunSamples.job(job),
                TARGET.connection(),
                TARGET.accountId(),
                job,
                null,
                null,
                null,
                new RunOptions(Duration.ofSeconds(10), T0, null, false, IfRunning.QUEUE, List.of()),
                null,
                null,
                null);
        return SampleEntry.of("c" + offset)
                .offset(offset)
                .acceptedAt(T0)
                .resolved(resolved)
                .in(state);
    }
}
