package org.dbtrelay.dbtcloud.budget;

import java.time.Clock;
import java.time.Instant;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;

/** Budgets for the tests of other packages. */
public final class TestBudgets {

    private static final int PLENTY = 1_000;

    private TestBudgets() {}

    /** A budget that grants at once. */
    public static RequestBudget wide() {
        return new RequestBudget(
                PLENTY,
                PLENTY,
                Clock.systemUTC(),
                () -> Instant.EPOCH.plusNanos(System.nanoTime()),
                (_, _) -> {},
                Runnable::run,
                () -> 0);
    }

    /** Whether a permit still holds its slot. */
    public static boolean isOpen(Permit permit) {
        return permit.isOpen();
    }
}
