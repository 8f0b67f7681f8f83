package org.dbtrelay.dbtcloud.budget;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.jspecify.annotations.Nullable;

/**
 * Whether an account may be asked to start runs over a connection. It may not after an answer that speaks of token, account or
 * address: that is not the fault of the command that met it, and every further one would meet it too. A waiting start holds no
 * thread.
 */
public final class Suspension {

    private @Nullable Suspended current;

    /** Those that wait, by their numbers, in which they go on. */
    private final Map<Long, Waiter> waiting = new LinkedHashMap<>();

    private long numbers;

    /** One that asks a budget when it is over. */
    private record Waiter(CompletableFuture<Permit> permit, Supplier<CompletableFuture<Permit>> budget) {}

    /**
     * Why, and since when.
     *
     * @param detail what dbt Cloud said
     */
    public record Suspended(Instant since, String detail) {}

    /** Starts nothing from now on. */
    public synchronized void suspend(Instant now, String detail) {
        if (current == null) {
            current = new Suspended(now, detail);
        }
    }

    /** Lets everything go on that has waited; false if nothing was suspended. */
    public boolean resume() {
        List<Waiter> goingOn;
        synchronized (this) {
            if (current == null) {
                return false;
            }
            current = null;
            goingOn = List.copyOf(waiting.values());
            waiting.clear();
        }
        for (Waiter waiter : goingOn) {
            if (!waiter.permit().isDone()) {
                handOn(waiter.budget().get(), waiter.permit());
            }
        }
        return true;
    }

    /**
     * Asks for a permit as soon as runs may be started. Cancelling gives up the place in the queue too, and what had been
     * granted meanwhile goes back; {@code thenCompose} would leave it to nobody. Nothing is left of those that have given up, for a
     * person may suspend a connection for months.
     */
    public CompletableFuture<Permit> whenOpen(Supplier<CompletableFuture<Permit>> budget) {
        CompletableFuture<Permit> permit = new CompletableFuture<>();
        @Nullable Long number = keep(new Waiter(permit, budget));
        if (number == null) {
            return budget.get();
        }
        var _ = permit.whenComplete((given, cancelled) -> forget(number));
        return permit;
    }

    /** Its number; null: nothing is suspended. */
    private synchronized @Nullable Long keep(Waiter waiter) {
        if (current == null) {
            return null;
        }
        waiting.put(++numbers, waiter);
        return numbers;
    }

    private synchronized void forget(Long number) {
        waiting.remove(number);
    }

    /** How many wait. */
    synchronized int waiting() {
        return waiting.size();
    }

    /** Whether nothing is suspended. */
    synchronized boolean isOpen() {
        return current == null;
    }

    private static void handOn(CompletableFuture<Permit> granted, CompletableFuture<Permit> permit) {
        var _ = permit.whenComplete((given, cancelled) -> {
            if (cancelled != null) {
                granted.cancel(false);
            }
        });
        var _ = granted.thenAccept(given -> {
            if (!permit.complete(given)) {
                given.close();
            }
        });
    }

    /** A permit if one can be given at once; null: not now. */
    public @Nullable Permit ifOpen(Supplier<@Nullable Permit> budget) {
        return isOpen() ? budget.get() : null;
    }

    /** The suspension; empty if there is none. */
    public synchronized Optional<Suspended> current() {
        return Optional.ofNullable(current);
    }
}
