package org.dbtrelay.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class SharedLocksTest {

    /** The time between the JVM's taking a thread for runnable and its handing the thread back is short, so many tries. */
    private static final int TRIES = 3_000;

    private final Object monitor = new Object();

    @Test
    void timeDoesNotMoveWhileAnotherHistoryHoldsAMonitor() throws InterruptedException {
        for (int i = 0; i < TRIES; i++) {
            assertThat(orderBesideAnotherHistory()).as("try %d", i).containsExactly("thread", "timer");
        }
    }

    private List<String> orderBesideAnotherHistory() throws InterruptedException {
        List<String> order = new ArrayList<>();
        SimScheduler scheduler = new SimScheduler(0);
        SimProcess process = new SimProcess(scheduler, "process", new SplittableRandom(0));
        CountDownLatch held = new CountDownLatch(1);
        Thread other = Thread.ofPlatform().start(() -> {
            synchronized (monitor) {
                held.countDown();
                long begun = System.nanoTime();
                while (System.nanoTime() - begun < 100_000) {
                    Thread.onSpinWait();
                }
            }
        });
        held.await();
        process.spawn("thread", () -> {
            synchronized (monitor) {
                order.add("thread");
            }
        });
        scheduler.after(Duration.ofSeconds(1).toNanos(), () -> order.add("timer"));
        scheduler.run(() -> false, Long.MAX_VALUE);
        other.join();
        return order;
    }
}
