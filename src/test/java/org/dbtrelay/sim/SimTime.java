package org.dbtrelay.sim;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Date;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.sim.SimScheduler.SimTimer;

/** The monotonic clock of a process, and the waits that go by it. */
final class SimTime extends Monotonic {

    /** When all histories begin. */
    static final Instant EPOCH = Instant.parse("2026-11-22T00:00:00Z");

    private final SimProcess process;
    private final SplittableRandom random;
    private long asleep;

    SimTime(SimProcess process, SplittableRandom random) {
        this.process = process;
        this.random = random;
    }

    /** The machine was suspended for so long: this clock stood still. */
    void stoodStill(long nanos) {
        asleep += nanos;
    }

    @Override
    public long nanos() {
        return process.scheduler().now() - asleep;
    }

    @Override
    public Condition condition(Lock lock) {
        return new TimedCondition(lock, lock.newCondition());
    }

    @Override
    public <T> T get(CompletableFuture<T> future, Duration atMost)
            throws InterruptedException, ExecutionException, TimeoutException {
        CompletableFuture<Object> either = new CompletableFuture<>();
        var _ = future.whenComplete((value, failure) -> either.complete(this));
        SimTimer timer = process.after(atMost.toNanos(), () -> either.complete(this));
        try {
            either.get();
        } finally {
            timer.cancel();
        }
        if (!future.isDone()) {
            throw new TimeoutException();
        }
        return future.get();
    }

    @Override
    public void pause(Duration time) throws InterruptedException {
        CompletableFuture<Object> over = new CompletableFuture<>();
        SimTimer timer = process.after(time.toNanos(), () -> over.complete(this));
        try {
            over.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("nothing fails here", e);
        } finally {
            timer.cancel();
        }
    }

    @Override
    public Alarm alarm(Duration time, Runnable task) {
        SimTimer timer = process.after(time.toNanos(), () -> process.spawn("alarm", task));
        return timer::cancel;
    }

    @Override
    public void after(Duration delay, Runnable task) {
        process.after(delay.toNanos(), () -> process.spawn("timer", task));
    }

    @Override
    public double jitter() {
        return random.nextDouble();
    }

    /** A condition that is also signalled when the time is over; a signal for nothing is allowed. */
    @SuppressWarnings("WaitNotInLoop")
    private final class TimedCondition implements Condition {
        private final Lock lock;
        private final Condition condition;

        TimedCondition(Lock lock, Condition condition) {
            this.lock = lock;
            this.condition = condition;
        }

        @Override
        public void await() throws InterruptedException {
            condition.await();
        }

        @Override
        public void awaitUninterruptibly() {
            condition.awaitUninterruptibly();
        }

        @Override
        public long awaitNanos(long nanos) throws InterruptedException {
            long until = nanos() + nanos;
            SimTimer timer = process.after(
                    nanos,
                    () -> process.spawn("time-out", () -> {
                        lock.lock();
                        try {
                            condition.signalAll();
                        } finally {
                            lock.unlock();
                        }
                    }));
            try {
                condition.await();
            } finally {
                timer.cancel();
            }
            return until - nanos();
        }

        @Override
        public boolean await(long time, TimeUnit unit) throws InterruptedException {
            return awaitNanos(unit.toNanos(time)) > 0;
        }

        @Override
        public boolean awaitUntil(Date deadline) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void signal() {
            condition.signal();
        }

        @Override
        public void signalAll() {
            condition.signalAll();
        }
    }

    /** A wall clock: wrong by some time, and somebody may set it. */
    static final class WallClock extends Clock {
        private final SimScheduler scheduler;
        private long offset;
        private int jumps;

        WallClock(SimScheduler scheduler, long offset) {
            this.scheduler = scheduler;
            this.offset = offset;
        }

        /** Somebody sets it. */
        void jump(long nanos) {
            offset += nanos;
            jumps++;
        }

        int jumps() {
            return jumps;
        }

        void setOff(long nanos) {
            offset = nanos;
        }

        @Override
        public Instant instant() {
            return EPOCH.plusNanos(scheduler.now() + offset);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }
}
