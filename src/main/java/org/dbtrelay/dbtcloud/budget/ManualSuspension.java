package org.dbtrelay.dbtcloud.budget;

import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.jspecify.annotations.Nullable;

/**
 * A person's kill switch of a connection: while it is held, this instance starts nothing over it. Unlike a {@link Suspension}
 * by dbt Cloud's answer, no good answer ends it; only a person does, or the end of the process.
 */
public final class ManualSuspension {

    private final Suspension suspension = new Suspension();
    private final Clock clock;

    /** Not held. */
    public ManualSuspension(Clock clock) {
        this.clock = clock;
    }

    /** From now on this instance starts nothing over the connection; polls and cancels go on. */
    public void begin() {
        suspension.suspend(clock.instant(), "suspended by a person");
    }

    /** Ends it, and lets all that waited go on; false if it was not held. */
    public boolean end() {
        return suspension.resume();
    }

    boolean isHeld() {
        return suspension.current().isPresent();
    }

    /** Since when it is held; empty if it is not. */
    public Optional<Instant> since() {
        return suspension.current().map(Suspension.Suspended::since);
    }

    /** The same condition, and that it is not held at the very moment. */
    public BooleanSupplier guard(BooleanSupplier stillAllowed) {
        return () -> !isHeld() && stillAllowed.getAsBoolean();
    }

    /** A permit if it is not held and one can be given at once; null: not now. */
    public @Nullable Permit ifNotHeld(Supplier<@Nullable Permit> permit) {
        return suspension.ifOpen(permit);
    }

    /** Asks for a permit as soon as it is not held. */
    public CompletableFuture<Permit> whenOver(Supplier<CompletableFuture<Permit>> permit) {
        return suspension.whenOpen(permit);
    }
}
