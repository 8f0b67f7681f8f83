package org.dbtrelay.sim;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Histories that are simulated at the same time share the static fields of libraries, and with them some monitors. A thread
 * that has to wait for one that another history holds does so in real time, of which its own history knows nothing: simulated
 * time would run on meanwhile, and a seed would not always give the same history.
 */
final class SharedLocks {

    /** Another history holds it for microseconds; a monitor that is held for longer is held within the history. */
    private static final long LONGEST = TimeUnit.MILLISECONDS.toNanos(50);

    private static volatile MethodHandle threadOf;

    private SharedLocks() {}

    /**
     * Waits until the thread, which has just stopped, is no longer blocked by another history and has come back to its
     * scheduler. The JVM takes it for runnable before it hands it back.
     */
    static void await(Runnable continuation, Predicate<Runnable> cameBack) {
        Thread thread = thread(continuation);
        long begun = System.nanoTime();
        while (thread.getState() == Thread.State.BLOCKED) {
            if (System.nanoTime() - begun > LONGEST) {
                return;
            }
            Thread.onSpinWait();
        }
        while (thread.getState() == Thread.State.RUNNABLE && !cameBack.test(continuation)) {
            Thread.onSpinWait();
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
