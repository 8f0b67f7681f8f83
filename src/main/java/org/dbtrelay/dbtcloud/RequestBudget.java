package org.dbtrelay.dbtcloud;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * This instance's part of what an account may ask of dbt Cloud: a token bucket and a number of request slots, given out in
 * order of {@link Priority} and first come, first served within one. dbt Cloud allows an account 5,000 requests a minute
 * and shuts it out for five minutes at the next, so a 429 stops every grant until the {@linkplain #coolDown cool-down} is
 * over.
 *
 * <p>Waiting costs no thread: a waiter is a future in a queue. Grants happen in whatever thread makes one possible (a
 * reservation, a permit given back, the timer that is set for the next token) and are delivered by the executor.
 */
public final class RequestBudget {

    /** No instance gets less than this part, so that one without partitions can still answer HTTP. */
    static final double SMALLEST_SHARE = 0.05;

    private static final double BURST_SECONDS = 2;
    private static final double SMALLEST_BURST = 10;
    private static final double COOL_DOWN_JITTER = 0.1;

    /** Calls {@link #grantDue()} after some time; early or repeated calls do no harm. */
    @FunctionalInterface
    interface Timer {
        /** Runs the task once, after the delay. */
        void after(Duration delay, Runnable task);
    }

    private final Clock clock;
    private final Timer timer;
    private final Executor delivery;
    private final DoubleSupplier jitter;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Priority, ArrayDeque<CompletableFuture<Permit>>> waiting = new EnumMap<>(Priority.class);
    private double fullRatePerSecond;
    private int slots;
    private double share = 1;
    private double tokens;
    private Instant filledAt;
    private int slotsTaken;
    private @Nullable Instant coolingDownUntil;
    private @Nullable Instant timerSetFor;

    /**
     * A full bucket.
     *
     * @param requestsPerMinute what all instances together may ask
     * @param slots how many requests this instance may have on the wire at once
     * @param delivery completes the futures of granted waiters
     * @param jitter numbers from 0 to 1 that lengthen a cool-down
     */
    RequestBudget(
            int requestsPerMinute, int slots, Clock clock, Timer timer, Executor delivery, DoubleSupplier jitter) {
        this.clock = clock;
        this.timer = timer;
        this.delivery = delivery;
        this.jitter = jitter;
        this.fullRatePerSecond = requestsPerMinute / 60.0;
        this.slots = slots;
        this.filledAt = clock.instant();
        this.tokens = burst();
        for (Priority priority : Priority.values()) {
            waiting.put(priority, new ArrayDeque<>());
        }
    }

    /**
     * Asks for the right to send one request. Cancelling the future gives up the place in the queue.
     *
     * @return completes with a permit that must be closed; never completes exceptionally by itself
     */
    public CompletableFuture<Permit> reserve(Priority priority) {
        CompletableFuture<Permit> waiter = new CompletableFuture<>();
        lock.lock();
        try {
            queue(priority).addLast(waiter);
        } finally {
            lock.unlock();
        }
        grantDue();
        return waiter;
    }

    /** As {@link #reserve}, waiting for the permit. */
    public Permit acquire(Priority priority) throws InterruptedException {
        CompletableFuture<Permit> waiter = reserve(priority);
        try {
            return waiter.get();
        } catch (InterruptedException e) {
            waiter.cancel(false);
            throw e;
        } catch (ExecutionException e) {
            throw new IllegalStateException("A waiter of the budget cannot fail.", e);
        }
    }

    /** dbt Cloud has shut the account out: no grant for this long and up to a tenth more. A longer one stays. */
    public void coolDown(Duration pause) {
        long millis = (long) (pause.toMillis() * (1 + COOL_DOWN_JITTER * jitter.getAsDouble()));
        lock.lock();
        try {
            Instant until = clock.instant().plusMillis(millis);
            if (coolingDownUntil == null || coolingDownUntil.isBefore(until)) {
                coolingDownUntil = until;
            }
        } finally {
            lock.unlock();
        }
        grantDue();
    }

    /** When the cool-down ends; empty if there is none. */
    public Optional<Instant> coolingDownUntil() {
        lock.lock();
        try {
            return Optional.ofNullable(coolingDownUntil).filter(until -> until.isAfter(clock.instant()));
        } finally {
            lock.unlock();
        }
    }

    /** Sets this instance's part of the account's rate: owned partitions / all partitions; at least 5 %. */
    public void share(double part) {
        lock.lock();
        try {
            fill();
            share = Math.clamp(part, SMALLEST_SHARE, 1);
            tokens = Math.min(tokens, burst());
        } finally {
            lock.unlock();
        }
        grantDue();
    }

    /** Lowers the limits to these where they are higher: two connections share the account. */
    void atMost(int requestsPerMinute, int slotsOfConnection) {
        lock.lock();
        try {
            fill();
            fullRatePerSecond = Math.min(fullRatePerSecond, requestsPerMinute / 60.0);
            slots = Math.min(slots, slotsOfConnection);
            tokens = Math.min(tokens, burst());
        } finally {
            lock.unlock();
        }
    }

    /** How many requests wait; cancelled ones count until their turn comes. */
    public int waiting() {
        lock.lock();
        try {
            return waiting.values().stream().mapToInt(ArrayDeque::size).sum();
        } finally {
            lock.unlock();
        }
    }

    /** How many permits are out. */
    public int slotsTaken() {
        lock.lock();
        try {
            return slotsTaken;
        } finally {
            lock.unlock();
        }
    }

    /** Grants whatever may be granted now and sets the timer for what has to wait for time to pass. */
    void grantDue() {
        List<CompletableFuture<Permit>> granted = new ArrayList<>();
        Duration wait = null;
        lock.lock();
        try {
            fill();
            Instant now = filledAt;
            if (timerSetFor != null && !timerSetFor.isAfter(now)) {
                timerSetFor = null;
            }
            CompletableFuture<Permit> waiter;
            while (!isCoolingDown(now) && tokens >= 1 && (waiter = nextWithSlot()) != null) {
                tokens--;
                slotsTaken++;
                granted.add(waiter);
            }
            Instant next = nextChange(now);
            if (next != null && (timerSetFor == null || next.isBefore(timerSetFor))) {
                timerSetFor = next;
                wait = Duration.between(now, next);
            }
        } finally {
            lock.unlock();
        }
        if (wait != null) {
            timer.after(wait, this::grantDue);
        }
        for (CompletableFuture<Permit> waiter : granted) {
            delivery.execute(() -> deliver(waiter));
        }
    }

    private void deliver(CompletableFuture<Permit> waiter) {
        Permit permit = new Permit();
        if (!waiter.complete(permit)) {
            permit.close();
        }
    }

    private boolean isCoolingDown(Instant now) {
        return coolingDownUntil != null && coolingDownUntil.isAfter(now);
    }

    /** The first waiter in order, taken from its queue, or null if none may have a slot now. */
    private @Nullable CompletableFuture<Permit> nextWithSlot() {
        for (Priority priority : Priority.values()) {
            ArrayDeque<CompletableFuture<Permit>> queue = queue(priority);
            dropCancelled(queue);
            if (!queue.isEmpty()) {
                // The limits fall with the priority, so nobody behind this one has a slot if this one has none.
                return slotsTaken < priority.slotsOf(slots) ? queue.pollFirst() : null;
            }
        }
        return null;
    }

    /** When time alone lets the first waiter go on; null if nobody waits, or waits for a slot. */
    private @Nullable Instant nextChange(Instant now) {
        for (Priority priority : Priority.values()) {
            ArrayDeque<CompletableFuture<Permit>> queue = queue(priority);
            dropCancelled(queue);
            if (!queue.isEmpty()) {
                if (isCoolingDown(now)) {
                    return coolingDownUntil;
                }
                if (slotsTaken >= priority.slotsOf(slots)) {
                    return null;
                }
                double seconds = (1 - tokens) / (fullRatePerSecond * share);
                return now.plusNanos(Math.max(1_000_000, (long) Math.ceil(seconds * 1e9)));
            }
        }
        return null;
    }

    private static void dropCancelled(ArrayDeque<CompletableFuture<Permit>> queue) {
        CompletableFuture<Permit> first = queue.peekFirst();
        while (first != null && first.isDone()) {
            queue.pollFirst();
            first = queue.peekFirst();
        }
    }

    private ArrayDeque<CompletableFuture<Permit>> queue(Priority priority) {
        return java.util.Objects.requireNonNull(waiting.get(priority));
    }

    /** Adds the tokens of the time that has passed; a clock that was set back adds none. */
    private void fill() {
        Instant now = clock.instant();
        double seconds = Duration.between(filledAt, now).toNanos() / 1e9;
        if (seconds > 0) {
            tokens = Math.min(burst(), tokens + seconds * fullRatePerSecond * share);
        }
        filledAt = now;
    }

    private double burst() {
        return Math.max(SMALLEST_BURST, BURST_SECONDS * fullRatePerSecond * share);
    }

    /** The right to send one request and a place for it on the wire. Closing gives the place back; closing again does nothing. */
    public final class Permit implements AutoCloseable {
        private final AtomicBoolean open = new AtomicBoolean(true);

        private Permit() {}

        /** Whether it can still be used. */
        boolean isOpen() {
            return open.get();
        }

        @Override
        public void close() {
            if (open.compareAndSet(true, false)) {
                lock.lock();
                try {
                    slotsTaken--;
                } finally {
                    lock.unlock();
                }
                grantDue();
            }
        }
    }
}
