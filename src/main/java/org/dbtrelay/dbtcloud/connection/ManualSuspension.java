package org.dbtrelay.dbtcloud.connection;

import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.budget.Suspension;

/**
 * A person's kill switch of a connection: while it is held, this instance starts nothing over it. Unlike a {@link Suspension}
 * by dbt Cloud's answer, no good answer ends it; only a person does, or the end of the process.
 */
final class ManualSuspension {

    private final Suspension suspension = new Suspension();
    private final Clock clock;

    ManualSuspension(Clock clock) {
        this.clock = clock;
    }

    void begin() {
        suspension.suspend(clock.instant(), "suspended by a person");
    }

    /** False if it was not held. */
    boolean end() {
        return suspension.resume();
    }

    boolean isHeld() {
        return suspension.current().isPresent();
    }

    Optional<Instant> since() {
        return suspension.current().map(Suspension.Suspended::since);
    }

    /** The same condition, and that it is not held at the very moment. */
    BooleanSupplier guard(BooleanSupplier stillAllowed) {
        return () -> !isHeld() && stillAllowed.getAsBoolean();
    }

    CompletableFuture<Permit> whenOver(Supplier<CompletableFuture<Permit>> permit) {
        return suspension.whenOpen(permit);
    }
}
