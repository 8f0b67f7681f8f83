package org.dbtrelay.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.dbtrelay.sim.SimScheduler.SimTimer;

/**
 * One operating-system process with all its threads: it can be frozen, and goes on later as if nothing had happened; it can
 * be killed. Virtual threads that its threads start are its own too, as they inherit the scheduler.
 */
final class SimProcess implements Executor {

    private static final long LONGEST_HANG = 90_000_000_000L;

    private final SimScheduler scheduler;
    private final String name;
    private final Queue<Runnable> arrivals = new ConcurrentLinkedQueue<>();
    private final List<Runnable> ready = new ArrayList<>();
    private final List<Runnable> overdue = new ArrayList<>();
    private final SimTime time;
    private final SimTime.WallClock clock;
    private Runnable hung;
    private boolean hangNext;
    private boolean dead;
    private boolean frozen;
    private int freezes;

    SimProcess(SimScheduler scheduler, String name, SplittableRandom random) {
        this.scheduler = scheduler;
        this.name = name;
        this.time = new SimTime(this, random);
        this.clock = new SimTime.WallClock(scheduler, 0);
        scheduler.add(this);
    }

    String name() {
        return name;
    }

    SimScheduler scheduler() {
        return scheduler;
    }

    SimTime time() {
        return time;
    }

    SimTime.WallClock clock() {
        return clock;
    }

    boolean isDead() {
        return dead;
    }

    boolean isFrozen() {
        return frozen;
    }

    /** Whether one of its threads hangs, which may be the one that would give up a claim. */
    boolean isHanging() {
        return hung != null;
    }

    /** How often it was frozen; tells whether it was since somebody looked. */
    int freezes() {
        return freezes;
    }

    /**
     * A thread can go on. Mostly this is called by a thread of the same history; by the JVM's own, in the middle of anything
     * else, where the thread had to wait for a monitor that another history held.
     */
    @Override
    public void execute(Runnable continuation) {
        arrivals.add(continuation);
    }

    private void takeArrivals() {
        for (Runnable continuation; (continuation = arrivals.poll()) != null; ) {
            if (hangNext) {
                hangNext = false;
                hung = continuation;
                after(LONGEST_HANG, this::endHang);
            } else if (!dead) {
                ready.add(continuation);
            }
        }
    }

    /** The next thread that could go on hangs, alone, until {@link #endHang} or for long. */
    void hangNext() {
        takeArrivals();
        hangNext = hung == null;
    }

    void endHang() {
        if (hung != null && !dead) {
            ready.add(hung);
            hung = null;
        }
    }

    boolean canRun() {
        takeArrivals();
        return !frozen && !ready.isEmpty();
    }

    /** Mostly in order, as a pool of threads would; now and then not. */
    void runOne(SplittableRandom random) {
        int index = ready.size() > 1 && random.nextInt(4) == 0 ? random.nextInt(ready.size()) : 0;
        Runnable continuation = ready.remove(index);
        continuation.run();
        SharedLocks.await(continuation, arrivals);
    }

    void spawn(String thread, Runnable task) {
        if (!dead) {
            SimScheduler.virtualThread(this, thread, task).start();
        }
    }

    /** A timer of this process: it fires late if the process is frozen, and never if it is dead. */
    SimTimer after(long nanos, Runnable task) {
        return scheduler.after(nanos, () -> {
            if (frozen) {
                overdue.add(task);
            } else if (!dead) {
                task.run();
            }
        });
    }

    /** Waits; on a thread of this process. */
    void sleep(long nanos) {
        Thread thread = Thread.currentThread();
        boolean[] over = new boolean[1];
        after(nanos, () -> {
            over[0] = true;
            LockSupport.unpark(thread);
        });
        boolean interrupted = false;
        while (!over[0]) {
            LockSupport.park();
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            thread.interrupt();
        }
    }

    void freeze() {
        frozen = true;
        freezes++;
    }

    void thaw() {
        if (frozen && !dead) {
            frozen = false;
            List<Runnable> late = List.copyOf(overdue);
            overdue.clear();
            late.forEach(Runnable::run);
        }
    }

    /** Nothing of it runs any more, from now on. */
    void kill() {
        dead = true;
        frozen = false;
        takeArrivals();
        ready.clear();
        overdue.clear();
        scheduler.remove(this);
    }

    /** The calling thread of this process goes no further if the process was killed or frozen just now. */
    @SuppressWarnings("ThreadPriorityCheck")
    void halt() {
        if (dead) {
            while (true) {
                LockSupport.park();
                // A thread that is interrupted does not park, and would turn here for ever.
                Thread.interrupted();
            }
        }
        if (frozen) {
            Thread.yield();
        }
    }
}
