package org.dbtrelay.dbtcloud.budget;

import java.time.Instant;
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
    private CompletableFuture<@Nullable Void> open = CompletableFuture.completedFuture(null);

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
            open = new CompletableFuture<>();
        }
    }

    /** Lets everything go on that has waited; false if nothing was suspended. */
    public boolean resume() {
        CompletableFuture<@Nullable Void> waiting;
        synchronized (this) {
            if (current == null) {
                return false;
            }
            current = null;
            waiting = open;
        }
        waiting.complete(null);
        return true;
    }

    /**
     * Asks for a permit as soon as runs may be started. Cancelling gives up the place in the queue too, and what had been
     * granted meanwhile goes back; {@code thenCompose} would leave it to nobody.
     */
    public CompletableFuture<Permit> whenOpen(Supplier<CompletableFuture<Permit>> budget) {
        CompletableFuture<@Nullable Void> opened = opened();
        if (opened.isDone()) {
            return budget.get();
        }
        CompletableFuture<Permit> permit = new CompletableFuture<>();
        var _ = opened.thenRun(() -> {
            if (!permit.isDone()) {
                handOn(budget.get(), permit);
            }
        });
        return permit;
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

    private synchronized CompletableFuture<@Nullable Void> opened() {
        return open;
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
