package org.dbtrelay.dbtcloud.budget;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.run.job.CallFailure;
import org.jspecify.annotations.Nullable;

/**
 * This instance's part of what an account may ask of dbt Cloud: a {@link TokenBucket} and a number of request slots, given
 * out in order of {@link Priority} and first come, first served within one. dbt Cloud allows an account 5,000 requests a
 * minute and shuts it out for five minutes at the next, so a 429 stops every grant until the {@linkplain #coolDown
 * cool-down} is over. Calls that hang hold their slots until their limit, and more urgent ones could take all that become
 * free; so of each kind that {@linkplain Priority#isForCommands() commands} wait for, one request goes every
 * {@link #PATIENCE}, before any other.
 *
 * <p>Waiting costs no thread: a waiter is a future in a queue. Grants are made in whatever thread makes one possible (a
 * reservation, a permit given back, the timer that is set for the next token) and delivered by the executor.
 */
public final class RequestBudget {

    private static final double COOL_DOWN_JITTER = 0.1;

    /** As long as a run that nobody is in a hurry about waits for its next poll. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final class Waiter extends CompletableFuture<Permit> {
        private final boolean impatient;
        private final Instant since;

        Waiter(boolean impatient, Instant since) {
            this.impatient = impatient;
            this.since = since;
        }
    }

    private final Clock clock;
    private final Supplier<Instant> time;
    private final BiConsumer<Duration, Runnable> timer;
    private final Executor delivery;
    private final DoubleSupplier jitter;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Priority, ArrayDeque<Waiter>> waiting = new EnumMap<>(Priority.class);
    private final Map<Priority, Instant> granted = new EnumMap<>(Priority.class);
    private final TokenBucket bucket;
    private int slots;
    private int slotsTaken;
    private @Nullable Instant timerSetFor;

    /**
     * A full bucket and free slots.
     *
     * @param requestsPerMinute what all instances together may ask
     * @param clock tells people when a cool-down ends
     * @param time of a clock that nobody sets, so that nobody ends a cool-down or lengthens one
     * @param timer runs a task once, after a delay
     * @param slots how many requests this instance may have on the wire at once
     * @param delivery completes the futures of waiters
     * @param jitter numbers from 0 to 1 that lengthen a cool-down
     */
    RequestBudget(
            int requestsPerMinute,
            int slots,
            Clock clock,
            Supplier<Instant> time,
            BiConsumer<Duration, Runnable> timer,
            Executor delivery,
            DoubleSupplier jitter) {
        this.clock = clock;
        this.time = time;
        this.timer = timer;
        this.delivery = delivery;
        this.jitter = jitter;
        this.slots = slots;
        this.bucket = new TokenBucket(requestsPerMinute, time.get());
        for (Priority priority : Priority.values()) {
            waiting.put(priority, new ArrayDeque<>());
        }
    }

    /**
     * Asks for the right to send one request. It waits through a cool-down. Cancelling the future gives up the place in
     * the queue.
     *
     * @return completes with a permit that must be closed; never completes exceptionally by itself
     */
    public CompletableFuture<Permit> reserve(Priority priority) {
        return enqueue(priority, false);
    }

    /** A permit if one can be given at once, and nobody waits who comes first; null: nothing has been asked for. */
    public @Nullable Permit reserveAtOnce(Priority priority) {
        return locked(() -> {
            bucket.turnTo(time.get());
            boolean mayHave = isFirst(priority) && slotsTaken < priority.slotsOf(slots) && bucket.take();
            if (!mayHave) {
                return null;
            }
            slotsTaken++;
            return new Permit();
        });
    }

    /**
     * As {@link #reserve}, waiting for the permit, but not through a cool-down: minutes are too long for a thread, and what
     * the caller has in hand already would wait with it.
     *
     * @throws DbtCloudException limited, with the rest of the cool-down, if there is one or one begins
     */
    public Permit acquire(Priority priority) throws InterruptedException, DbtCloudException {
        Waiter waiter = enqueue(priority, true);
        try {
            return waiter.get();
        } catch (InterruptedException e) {
            if (!waiter.cancel(false) && !waiter.isCompletedExceptionally()) {
                waiter.join().close();
            }
            throw e;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof DbtCloudException limited) {
                throw limited;
            }
            throw new IllegalStateException(e);
        }
    }

    /** dbt Cloud has shut the account out: no grant for this long and up to a tenth more. A longer one stays. */
    public void coolDown(Duration pause) {
        Duration longer = pause.plusMillis((long) (pause.toMillis() * COOL_DOWN_JITTER * jitter.getAsDouble()));
        changeBucket(() -> bucket.coolDown(longer));
    }

    /** When the cool-down ends; empty if there is none. */
    public Optional<Instant> coolingDownUntil() {
        return locked(() -> {
            bucket.turnTo(time.get());
            Duration left = bucket.coolDownLeft();
            return left.isZero()
                    ? Optional.empty()
                    : Optional.of(clock.instant().plus(left));
        });
    }

    /** Sets this instance's part of the account's rate: owned partitions / all partitions; at least 5 %. */
    public void share(double part) {
        changeBucket(() -> bucket.share(part));
    }

    /** Lowers the limits to these where they are higher: several connections share the account. */
    void atMost(int requestsPerMinute, int slotsOfConnection) {
        changeBucket(() -> {
            bucket.atMost(requestsPerMinute);
            slots = Math.min(slots, slotsOfConnection);
        });
    }

    /**
     * How it stands.
     *
     * @param left how many requests could be sent at this moment
     * @param waiting how many wait
     * @param perMinute this instance's part of the rate
     * @param usedInLastMinute how many permits were given out
     */
    public record Level(int left, int waiting, Duration coolDownLeft, int perMinute, int usedInLastMinute) {}

    /** The level of this moment. */
    public Level level() {
        int waits = waiting();
        return locked(() -> {
            bucket.turnTo(time.get());
            return new Level(
                    bucket.left(), waits, bucket.coolDownLeft(), bucket.perMinute(), bucket.takenInLastMinute());
        });
    }

    /** How many requests wait; given up ones count until their turn comes. */
    public int waiting() {
        return locked(() -> waiting.values().stream().mapToInt(ArrayDeque::size).sum());
    }

    /** How many permits are out. */
    public int slotsTaken() {
        return locked(() -> slotsTaken);
    }

    /** Grants whatever may be granted now and sets the timer for what has to wait for time to pass. */
    void grantDue() {
        List<Runnable> deliveries = new ArrayList<>();
        lock.lock();
        try {
            bucket.turnTo(time.get());
            if (bucket.coolingDownUntil() != null) {
                turnAwayImpatient(deliveries);
            }
            @Nullable Priority next = nextWithSlot();
            while (next != null && bucket.take()) {
                Waiter waiter = Objects.requireNonNull(queue(next).pollFirst());
                granted.put(next, time.get());
                slotsTaken++;
                deliveries.add(() -> deliver(waiter));
                next = nextWithSlot();
            }
            if (next != null) {
                setTimer(bucket.untilNext());
            }
        } finally {
            lock.unlock();
        }
        deliveries.forEach(delivery::execute);
    }

    private Waiter enqueue(Priority priority, boolean impatient) {
        Waiter waiter = new Waiter(impatient, time.get());
        locked(() -> queue(priority).add(waiter));
        grantDue();
        return waiter;
    }

    private void deliver(Waiter waiter) {
        Permit permit = new Permit();
        if (!waiter.complete(permit)) {
            locked(() -> {
                bucket.putBack();
                return true;
            });
            permit.close();
        }
    }

    private void turnAwayImpatient(List<Runnable> deliveries) {
        CallFailure.Limited limited =
                new CallFailure.Limited("The account is shut out after too many requests.", bucket.coolDownLeft());
        for (ArrayDeque<Waiter> queue : waiting.values()) {
            queue.removeIf(waiter -> waiter.impatient
                    && deliveries.add(() -> waiter.completeExceptionally(new DbtCloudException(limited))));
        }
    }

    /** The kind whose first waiter is next, or null if nobody waits or the next one has to wait for a slot. */
    private @Nullable Priority nextWithSlot() {
        if (slotsTaken >= slots) {
            return null;
        }
        @Nullable Priority first = null;
        for (Priority priority : Priority.values()) {
            if (hasWaiter(queue(priority))) {
                if (priority.isForCommands() && hasWaitedLong(priority)) {
                    return priority;
                }
                first = first == null ? priority : first;
            }
        }
        // The limits fall with the priority, so nobody behind the first one has a slot if it has none.
        return first != null && slotsTaken < first.slotsOf(slots) ? first : null;
    }

    private boolean hasWaitedLong(Priority priority) {
        Instant since = queue(priority).getFirst().since;
        Instant last = granted.getOrDefault(priority, since);
        return Duration.between(last.isAfter(since) ? last : since, time.get()).compareTo(PATIENCE) >= 0;
    }

    private static boolean hasWaiter(ArrayDeque<Waiter> queue) {
        while (!queue.isEmpty() && queue.getFirst().isDone()) {
            queue.removeFirst();
        }
        return !queue.isEmpty();
    }

    /** Whether nobody waits for a request that is as urgent, or more. */
    private boolean isFirst(Priority priority) {
        for (Priority other : Priority.values()) {
            if (other.compareTo(priority) <= 0 && hasWaiter(queue(other))) {
                return false;
            }
        }
        return true;
    }

    private void setTimer(Duration wait) {
        Instant end = time.get().plus(wait);
        if (timerSetFor == null || end.isBefore(timerSetFor)) {
            timerSetFor = end;
            timer.accept(wait, this::timeHasPassed);
        }
    }

    private void timeHasPassed() {
        locked(() -> timerSetFor = null);
        grantDue();
    }

    private void changeBucket(Runnable change) {
        locked(() -> {
            bucket.turnTo(time.get());
            change.run();
            return true;
        });
        grantDue();
    }

    private ArrayDeque<Waiter> queue(Priority priority) {
        return Objects.requireNonNull(waiting.get(priority));
    }

    private <T extends @Nullable Object> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** The right to send one request and a place for it on the wire. Closing gives the place back; closing again does nothing. */
    public final class Permit implements AutoCloseable {
        private final AtomicBoolean open = new AtomicBoolean(true);

        private Permit() {}

        /** Whether it can still be used. */
        public boolean isOpen() {
            return open.get();
        }

        @Override
        public void close() {
            if (open.compareAndSet(true, false)) {
                locked(() -> slotsTaken--);
                grantDue();
            }
        }
    }
}
