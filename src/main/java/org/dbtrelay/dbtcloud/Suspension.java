package org.dbtrelay.dbtcloud;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Whether an account may be asked to start runs over a connection. It may not after an answer that speaks of token, account or
 * address: that is not the fault of the command that met it, and every further one would meet it too. What waits holds no
 * thread.
 */
final class Suspension {

    private @Nullable Suspended current;
    private CompletableFuture<@Nullable Void> open = CompletableFuture.completedFuture(null);

    /**
     * Why, and since when.
     *
     * @param detail what dbt Cloud said
     */
    record Suspended(Instant since, String detail) {}

    /** Starts nothing from now on. */
    synchronized void suspend(Instant now, String detail) {
        if (current == null) {
            current = new Suspended(now, detail);
            open = new CompletableFuture<>();
        }
    }

    /** Lets everything go on that has waited; false if nothing was suspended. */
    boolean resume() {
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

    /** Completes when runs may be started. */
    synchronized CompletableFuture<@Nullable Void> whenOpen() {
        return open;
    }

    synchronized Optional<Suspended> current() {
        return Optional.ofNullable(current);
    }
}
