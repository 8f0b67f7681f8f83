package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.dbtrelay.artifact.FailureReader;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunEnd.Part;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

/** How long the details of an end may hold it back, by a clock that only waiting turns on. */
class RunEndsTest {

    private static final RunSnapshot RUN = new RunSnapshot(
            99,
            1,
            null,
            null,
            7,
            null,
            JobRunStatus.Known.ERROR,
            null,
            null,
            null,
            null,
            null,
            false,
            null,
            null,
            RunDetails.NONE);
    private static final RunStep STEP = new RunStep(4, "build", JobRunStatus.Known.ERROR, true, "dbt build", "log");
    private static final Action.ReadEnd READ = new Action.ReadEnd("c1", new Target("default", 1), RUN);

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private final Deque<Supplier<RunEnd>> script = new ArrayDeque<>();
    private final ConcurrentLinkedQueue<Duration> pauses = new ConcurrentLinkedQueue<>();
    private final CountDownLatch timeIsOver = new CountDownLatch(1);

    private final FailureReader reader = new FailureReader() {
        @Override
        public RunEnd read(DbtCloudClient client, RunSnapshot seen) {
            return (script.size() > 1 ? script.remove() : script.getFirst()).get();
        }
    };

    private final Monotonic patient = new Monotonic() {
        @Override
        public long nanos() {
            return Duration.between(java.time.Instant.EPOCH, clock.instant()).toNanos();
        }

        @Override
        public void pause(Duration time) {
            pauses.add(time);
            clock.advance(time);
            if (pauses.size() == 3) {
                timeIsOver.countDown();
            }
        }

        @Override
        public <T> T get(CompletableFuture<T> future, Duration atMost)
                throws InterruptedException, ExecutionException, TimeoutException {
            assertThat(atMost).isEqualTo(Duration.ofSeconds(10));
            var _ = future.whenComplete((value, failure) -> timeIsOver.countDown());
            timeIsOver.await();
            if (!future.isDone()) {
                throw new TimeoutException();
            }
            return future.get();
        }
    };

    private RunEnd end() throws InterruptedException {
        return ((Input.RunEnded) new RunEnds(null, reader, clock, patient).end(null, READ)).end();
    }

    private static RunEnd lacking(Part... missing) {
        EnumSet<Part> parts = EnumSet.noneOf(Part.class);
        parts.addAll(List.of(missing));
        return new RunEnd(RUN, List.of(STEP), new RunFailure(STEP, List.of()), parts, null);
    }

    @Test
    void whatIsCompleteIsToldAtOnce() throws InterruptedException {
        script.add(() -> lacking());

        assertThat(end()).isEqualTo(lacking());
        assertThat(pauses).isEmpty();
    }

    @Test
    void whatIsCompleteAfterAWhileIsToldThen() throws InterruptedException {
        script.add(() -> RunEnd.unread(RUN, new CallFailure.Unclear("reset")));
        script.add(() -> lacking(Part.LOG, Part.NODES));
        script.add(() -> lacking());

        assertThat(end()).isEqualTo(lacking());
        assertThat(pauses).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
    }

    @Test
    void whatIsThereWhenTheTimeIsOverIsTold() throws InterruptedException {
        script.add(() -> lacking(Part.LOG, Part.NODES));
        script.add(() -> lacking(Part.NODES));
        script.add(() -> RunEnd.unread(RUN, new CallFailure.Limited("shut out", Duration.ofMinutes(5))));

        assertThat(end()).isEqualTo(lacking(Part.NODES));
    }

    @Test
    void anAnswerThatDoesNotComeHoldsNothingBack() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        script.add(() -> {
            timeIsOver.countDown();
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return lacking();
        });

        assertThat(end()).isEqualTo(RunEnd.unread(RUN, null));
        never.countDown();
    }

    @Test
    void aFaultOfTheRelayHoldsNothingBack() throws InterruptedException {
        script.add(() -> {
            throw new IllegalStateException("a fault");
        });

        RunEnd end = end();

        assertThat(end.missing()).containsExactly(Part.STEPS);
        assertThat(end.run()).isEqualTo(RUN);
    }
}
