package org.dbtrelay.config;

import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * A clock that nobody can set, for the length of things: the wall clock may jump. All waits for time to pass go by it, so that
 * time comes from one place.
 */
@Singleton
public class Monotonic {

    /** Nanoseconds since some moment; only differences mean something. */
    public long nanos() {
        return System.nanoTime();
    }

    /** A condition of the lock whose waits end by this clock. */
    public Condition condition(Lock lock) {
        return lock.newCondition();
    }

    /** Waits for the future, at most the given time. */
    public <T extends @Nullable Object> T get(CompletableFuture<T> future, Duration atMost)
            throws InterruptedException, ExecutionException, TimeoutException {
        return future.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Waits so long. */
    public void pause(Duration time) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        if (never.await(time.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new IllegalStateException("nobody opens this");
        }
    }

    /** Something that happens later unless it is closed before. */
    @FunctionalInterface
    public interface Alarm extends AutoCloseable {
        @Override
        void close();
    }

    /** Runs the task after the time, on a virtual thread, unless the alarm is closed before. */
    public Alarm alarm(Duration time, Runnable task) {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        var _ = closed.orTimeout(Math.max(0, time.toNanos()), TimeUnit.NANOSECONDS)
                .exceptionally(late -> {
                    Thread.startVirtualThread(task);
                    return null;
                });
        return () -> closed.complete(null);
    }

    /** Runs the task after the delay, on a virtual thread. */
    public void after(Duration delay, Runnable task) {
        CompletableFuture.delayedExecutor(delay.toNanos(), TimeUnit.NANOSECONDS, Thread::startVirtualThread)
                .execute(task);
    }

    /** A number from 0 to below 1 that spreads what would else happen at the same time. */
    public double jitter() {
        return ThreadLocalRandom.current().nextDouble();
    }
}
