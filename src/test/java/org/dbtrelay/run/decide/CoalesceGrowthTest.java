package org.dbtrelay.run.decide;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.run.decide.RunSamples.anything;
import static org.dbtrelay.run.decide.RunSamples.command;
import static org.dbtrelay.run.decide.RunSamples.commanded;
import static org.dbtrelay.run.decide.RunSamples.job;
import static org.dbtrelay.run.decide.RunSamples.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import java.util.function.ToLongFunction;
import org.dbtrelay.run.command.Coalesce;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.JobRunStatus.Known;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.partition.Batch;
import org.dbtrelay.run.partition.Partition;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

/**
 * Ten times the commands of one window cost about ten times as much, and not a hundred times: decisions, changed entries, timers, and places
 * that are looked at.
 */
class CoalesceGrowthTest {

    private static final int FEW = 300;
    private static final int MANY = 3_000;

    /** A partition with a window, and what it costs. */
    private static final class Window implements Batch {
        private final Policy policy = policy(anything());
        private final Map<String, RunEntry> entries = new HashMap<>();
        private final int count;
        private Instant now = RunSamples.T0;
        private long decisions;
        private long changes;
        private long timers;
        private JobQueues queues;
        private final Partition partition;

        Window(int count) {
            this.count = count;
            this.partition = new Partition(
                    entries,
                    policy,
                    (entry, input, time, others) -> {
                        decisions++;
                        queues = others;
                        return RunMachine.decide(entry, input, time, policy, others);
                    },
                    _ -> null,
                    now);
            RequestedOptions options = new RequestedOptions(
                    null,
                    null,
                    null,
                    null,
                    IfRunning.QUEUE,
                    List.of(),
                    null,
                    new Coalesce.Requested(null, Duration.ofMinutes(2), null),
                    null);
            for (int i = 0; i < count; i++) {
                take(commanded(command(id(i), job(7), options)));
            }
        }

        static String id(int number) {
            return "c%05d".formatted(number);
        }

        void take(Input input) {
            partition.decide(input, this);
            partition.giveTurns(this);
        }

        void starts() {
            now = now.plus(Duration.ofMinutes(2));
            take(new Input.TimerFired(id(0)));
            take(new Input.StartReserved(id(0), new StartCall.Trigger(), 50L));
            take(new Input.Started(id(0), 1, run(Known.RUNNING)));
        }

        void ends() {
            for (int i = 0; i < count; i++) {
                take(new Input.RunObserved(id(i), run(Known.SUCCESS)));
                take(RunSamples.ended(id(i), run(Known.SUCCESS)));
            }
        }

        void cancelled() {
            for (int i = 0; i < count; i++) {
                Task cancel = new Task.Cancel(new RunSelector.OfCommand(id(i)));
                take(commanded(command("end-" + id(i), cancel)));
            }
        }

        private static RunSnapshot run(Known status) {
            return SampleRun.of(99).status(status).createdAt(RunSamples.T0).build();
        }

        @Override
        public Instant now() {
            return now;
        }

        @Override
        public void take(Decision decision) {
            changes += decision.entry() == null ? 0 : 1;
            timers += decision.actions().stream()
                    .filter(Action.SetTimer.class::isInstance)
                    .count();
        }

        @Override
        public boolean isFull() {
            return false;
        }

        long steps() {
            return queues.steps();
        }

        long finished() {
            return entries.values().stream()
                    .filter(entry -> !entry.unfinished())
                    .count();
        }
    }

    private static Window window(int count) {
        return new Window(count);
    }

    private static Window toItsEnd(int count) {
        Window window = window(count);
        window.starts();
        window.ends();
        assertThat(window.finished()).isEqualTo(count);
        return window;
    }

    /** Each is cancelled before there is a run, the one that leads first. */
    private static Window cancelledOneByOne(int count) {
        Window window = window(count);
        window.cancelled();
        assertThat(window.finished()).isEqualTo(2L * count);
        return window;
    }

    /** Each is cancelled while the run is in flight; the last one cancels it. */
    private static Window leftOneByOne(int count) {
        Window window = window(count);
        window.starts();
        window.cancelled();
        assertThat(window.finished()).isEqualTo(2L * (count - 1));
        return window;
    }

    private static Window refused(int count) {
        Window window = window(count);
        window.now = window.now.plus(Duration.ofMinutes(2));
        window.take(new Input.TimerFired(Window.id(0)));
        window.take(new Input.StartReserved(Window.id(0), new StartCall.Trigger(), 50L));
        window.take(new Input.StartRefused(Window.id(0), 1, RejectReason.JOB_DEACTIVATED, "deactivated"));
        assertThat(window.finished()).isEqualTo(count);
        return window;
    }

    private static Window replaced(int count) {
        Window window = window(count);
        window.take(commanded(
                command("new", job(7), new RequestedOptions(null, null, null, null, IfRunning.REPLACE, null))));
        assertThat(window.finished()).isEqualTo(count);
        return window;
    }

    /** As when the kill switch, or an owner that was away, has kept them all until their time-out. */
    private static Window overdue(int count) {
        Window window = window(count);
        window.now = window.now.plus(Duration.ofHours(24));
        for (int i = 0; i < count; i++) {
            window.take(new Input.TimerFired(Window.id(i)));
        }
        assertThat(window.finished()).isEqualTo(count);
        return window;
    }

    @Test
    void commandsWhoseTimeIsOverTogether() {
        assertGrowth(CoalesceGrowthTest::overdue);
    }

    /** Each hands over to the next one, which is over, too: as many as a partition may have, on the thread of an owner. */
    @Test
    void noStackIsTooSmallForAllOfAPartition() throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread owner = Thread.ofVirtual()
                .uncaughtExceptionHandler((_, e) -> failure.set(e))
                .start(() -> overdue(10_000));
        owner.join();

        assertThat(failure.get()).isNull();
    }

    @Test
    void commandsThatShareARunToItsEnd() {
        assertGrowth(CoalesceGrowthTest::toItsEnd);
    }

    @Test
    void commandsThatAreCancelledOneByOne() {
        assertGrowth(CoalesceGrowthTest::cancelledOneByOne);
    }

    @Test
    void commandsThatLeaveTheirRunOneByOne() {
        assertGrowth(CoalesceGrowthTest::leftOneByOne);
    }

    @Test
    void commandsWhoseStartIsRefused() {
        assertGrowth(CoalesceGrowthTest::refused);
    }

    @Test
    void commandsThatAreReplaced() {
        assertGrowth(CoalesceGrowthTest::replaced);
    }

    @Test
    void aCommandThatJoinsWritesItsOwnEntryOnly() {
        Window few = window(FEW);
        Window more = window(2 * FEW);

        assertThat(more.changes - few.changes).isEqualTo(FEW);
        assertThat(more.timers - few.timers).as("that of its time-out").isEqualTo(FEW);
    }

    private static void assertGrowth(IntFunction<Window> course) {
        Window few = course.apply(FEW);
        Window many = course.apply(MANY);
        assertGrowth("decisions", few, many, window -> window.decisions);
        assertGrowth("changed entries", few, many, window -> window.changes);
        assertGrowth("timers", few, many, window -> window.timers);
        assertGrowth("places", few, many, Window::steps);
    }

    private static void assertGrowth(String what, Window few, Window many, ToLongFunction<Window> cost) {
        assertThat(cost.applyAsLong(few)).as(what).isPositive();
        assertThat(cost.applyAsLong(many) / cost.applyAsLong(few))
                .as("%s: %d for %d, %d for %d", what, cost.applyAsLong(few), FEW, cost.applyAsLong(many), MANY)
                .isLessThan(20);
    }
}
