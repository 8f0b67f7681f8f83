package org.dbtrelay.flow;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.jspecify.annotations.Nullable;

/**
 * The permits that commands of one claim hold whose start is not committed yet. When the claim ends everything goes
 * back, also what is granted later: otherwise each rebalance would cost the account some of its request slots.
 */
final class Reservations {

    private final Map<String, Permit> permits = new HashMap<>();
    private final Map<String, CompletableFuture<Permit>> waiting = new HashMap<>();
    private boolean closed;

    /**
     * Keeps what the budget will grant to a command, and then does something; neither if the claim has ended by then. Of two
     * for one command the first gives up its place.
     *
     * @param otherwise what is done if the budget has failed
     */
    void await(
            String commandId, CompletableFuture<Permit> grant, Runnable then, Consumer<? super Throwable> otherwise) {
        @Nullable CompletableFuture<Permit> unwanted;
        synchronized (this) {
            unwanted = closed ? grant : waiting.put(commandId, grant);
        }
        if (unwanted != null) {
            unwanted.cancel(false);
        }
        var _ = grant.whenComplete((permit, failure) -> {
            synchronized (this) {
                waiting.remove(commandId, grant);
                if (failure == null) {
                    put(commandId, permit);
                }
            }
            if (failure == null) {
                then.run();
            } else if (!grant.isCancelled()) {
                otherwise.accept(failure);
            }
        });
    }

    /** Keeps a permit that was given at once; the command waits for none any more. */
    void hold(String commandId, Permit permit) {
        @Nullable CompletableFuture<Permit> unwanted;
        synchronized (this) {
            unwanted = waiting.remove(commandId);
            put(commandId, permit);
        }
        if (unwanted != null) {
            unwanted.cancel(false);
        }
    }

    /**
     * A command wants no permit any more: it gives up its place in the queue. While a connection is suspended more and more commands end
     * that have asked for one; each would use a request when the connection goes on, and those that still wait would wait for it.
     */
    void withdraw(String commandId) {
        @Nullable CompletableFuture<Permit> unwanted;
        synchronized (this) {
            unwanted = waiting.remove(commandId);
        }
        if (unwanted != null) {
            unwanted.cancel(false);
        }
    }

    /** Keeps a permit for a command; a second one for the same command replaces the first. */
    synchronized void put(String commandId, Permit permit) {
        if (closed) {
            permit.close();
            return;
        }
        @Nullable Permit before = permits.put(commandId, permit);
        if (before != null) {
            before.close();
        }
    }

    synchronized boolean holds(String commandId) {
        return permits.containsKey(commandId);
    }

    /** Hands the permit over to whoever sends the request; null if there is none. */
    synchronized @Nullable Permit take(String commandId) {
        return permits.remove(commandId);
    }

    /** Gives the permit of a command back that will not start now. */
    synchronized void giveBack(String commandId) {
        @Nullable Permit permit = permits.remove(commandId);
        if (permit != null) {
            permit.close();
        }
    }

    /** Gives everything back, and the places in the queue as well. */
    void close() {
        List<CompletableFuture<Permit>> unanswered;
        synchronized (this) {
            closed = true;
            unanswered = List.copyOf(waiting.values());
            waiting.clear();
        }
        unanswered.forEach(grant -> grant.cancel(false));
        closePermits();
    }

    private synchronized void closePermits() {
        permits.values().forEach(Permit::close);
        permits.clear();
    }
}
