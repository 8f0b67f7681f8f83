package org.dbtrelay.sim;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Histories that are simulated at the same time share the static fields of libraries, and with them some monitors. A thread
 * that has to wait for one that another history holds does so in real time, of which its own history knows nothing: simulated
 * time would run on meanwhile, and a seed would not always give the same history.
 */
final class SharedLocks {

    /**
     * Another history holds it for microseconds, and on a busy machine for as long as its thread waits for a processor: 0.2 s was seen,
     * and simulated time that ran on meanwhile looked like a command that hung for minutes. No monitor is held within a history.
     */
    private static final long LONGEST = TimeUnit.SECONDS.toNanos(30);

    private static final long POLL = TimeUnit.MICROSECONDS.toNanos(20);

    private static volatile MethodHandle threadOf;

    private SharedLocks() {}

    /**
     * Waits until the thread, which has just stopped, is no longer blocked by another history and has come back to its
     * scheduler. The JVM takes it for runnable before a thread of its own hands it back.
     *
     * @param arrivals where it comes back
     */
    static void await(Runnable continuation, Queue<Runnable> arrivals) {
        Thread.State state = thread(continuation).getState();
        if (state == Thread.State.BLOCKED || state == Thread.State.RUNNABLE) {
            long begun = System.nanoTime();
            while (!arrivals.contains(continuation) && System.nanoTime() - begun < LONGEST) {
                LockSupport.parkNanos(POLL);
            }
        }
    }

    /** The JDK tells nobody which thread a continuation is of. */
    private static Thread thread(Runnable continuation) {
        try {
            MethodHandle getter = threadOf;
            if (getter == null) {
                Field captured = continuation.getClass().getDeclaredFields()[0];
                captured.setAccessible(true);
                getter = MethodHandles.lookup()
                        .unreflectGetter(captured)
                        .asType(MethodType.methodType(Thread.class, Runnable.class));
                threadOf = getter;
            }
            return (Thread) getter.invokeExact(continuation);
        } catch (Throwable e) {
            throw new IllegalStateException("the JVM's continuations are not what they were in Java 25", e);
        }
    }
}
