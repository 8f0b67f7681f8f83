package org.dbtrelay.dbtcloud.budget;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.jspecify.annotations.Nullable;

/**
 * A person's kill switch of a connection: while it is held, this instance starts nothing over it; polls and cancels go on. Unlike a
 * {@link Suspension} by dbt Cloud's answer, no good answer ends it. It is also held as long as the instance does not know whether a
 * person holds it.
 */
public final class ManualSuspension {

    private final Suspension suspension = new Suspension();
    private volatile @Nullable Switched switched;

    /**
     * Who has suspended the connection.
     *
     * @param by the name of the API key; null: the API is open, and nobody knows
     * @param reason in the person's words; null: none was given
     */
    public record Switched(
            Instant since, @Nullable String by, @Nullable String reason) {}

    /** Starts nothing until {@link #hold} or {@link #release} says how the switch stands. */
    public void awaitKnown() {
        suspension.suspend(Instant.EPOCH, "it is not known yet whether a person has suspended it");
    }

    /** From now on this instance starts nothing over the connection. */
    public void hold(Switched by) {
        switched = by;
        suspension.suspend(by.since(), "suspended by a person");
    }

    /** Ends it, and lets all that waited go on; false if it was not held. */
    public boolean release() {
        switched = null;
        return suspension.resume();
    }

    boolean isHeld() {
        return suspension.current().isPresent();
    }

    /** Who holds it, and since when; empty if nobody does, as far as this instance knows. */
    public Optional<Switched> switched() {
        return Optional.ofNullable(switched);
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
