package org.dbtrelay.sim;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/**
 * Simulated time, and whose turn it is. The code under test runs on virtual threads whose scheduler is this: whatever blocks
 * in it comes back here, and the seed decides who goes on. Time moves when nobody can, or now and then while somebody could.
 *
 * <p>Everything of a history happens on the one thread that calls {@link #run}, so a seed always gives the same history.
 */
final class SimScheduler {

    private static final MethodHandle NEW_VIRTUAL_THREAD = newVirtualThread();

    /** Ten times as many as the longest of thousands of histories: more is code that turns in circles. */
    private static final long MOST_STEPS = 300_000;

    private final SplittableRandom random;
    private final PriorityQueue<SimTimer> timers = new PriorityQueue<>();
    private final List<SimProcess> processes = new ArrayList<>();
    private final List<SimProcess> able = new ArrayList<>();
    private long now;
    private long timerCount;
    private long steps;

    SimScheduler(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /** Something that happens at a time. Of two at the same time the one that was set first comes first. */
    static final class SimTimer implements Comparable<SimTimer> {
        private final long at;
        private final long number;
        private final Runnable task;
        private boolean cancelled;

        private SimTimer(long at, long number, Runnable task) {
            this.at = at;
            this.number = number;
            this.task = task;
        }

        void cancel() {
            cancelled = true;
        }

        @Override
        public int compareTo(SimTimer other) {
            int byTime = Long.compare(at, other.at);
            return byTime == 0 ? Long.compare(number, other.number) : byTime;
        }

        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(number);
        }
    }

    /** Nanoseconds since the history began: the true time, which no process can see as such. */
    long now() {
        return now;
    }

    long steps() {
        return steps;
    }

    /** Whether it turns in circles. */
    boolean isExhausted() {
        return steps > MOST_STEPS;
    }

    void add(SimProcess process) {
        processes.add(process);
    }

    void remove(SimProcess process) {
        processes.remove(process);
    }

    /** Something of the world outside of all processes happens after the delay. It must not block. */
    SimTimer after(long nanos, Runnable task) {
        SimTimer timer = new SimTimer(now + Math.max(0, nanos), timerCount++, task);
        timers.add(timer);
        return timer;
    }

    /** Goes on until the condition holds, nothing can happen any more, or the time is over. */
    void run(BooleanSupplier until, long untilTime) {
        while (!until.getAsBoolean() && now < untilTime) {
            if (!step() || steps > MOST_STEPS) {
                return;
            }
        }
    }

    private boolean step() {
        steps++;
        able.clear();
        for (SimProcess process : processes) {
            if (process.canRun()) {
                able.add(process);
            }
        }
        if (able.isEmpty() || random.nextInt(32) == 0) {
            SimTimer next = nextTimer(able.isEmpty() ? Long.MAX_VALUE : now + 20_000_000);
            if (next != null) {
                now = Math.max(now, next.at);
                next.task.run();
                return true;
            }
            if (able.isEmpty()) {
                return false;
            }
        }
        able.get(able.size() == 1 ? 0 : random.nextInt(able.size())).runOne(random);
        return true;
    }

    private SimTimer nextTimer(long notAfter) {
        while (!timers.isEmpty() && timers.peek().cancelled) {
            timers.poll();
        }
        return timers.isEmpty() || timers.peek().at > notAfter ? null : timers.poll();
    }

    /** A virtual thread that runs when the executor runs what it is given. */
    static Thread virtualThread(Executor scheduler, String name, Runnable task) {
        try {
            return (Thread) NEW_VIRTUAL_THREAD.invokeExact(scheduler, name, 0, task);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle newVirtualThread() {
        try {
            Method method = Class.forName("java.lang.ThreadBuilders")
                    .getDeclaredMethod("newVirtualThread", Executor.class, String.class, int.class, Runnable.class);
            method.setAccessible(true);
            return MethodHandles.lookup().unreflect(method);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException(
                    "the JVM has to be started with --add-opens java.base/java.lang=ALL-UNNAMED", e);
        }
    }
}
