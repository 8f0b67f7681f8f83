package org.dbtrelay.flow;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.function.DoubleConsumer;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.ledger.Owners.OwnedPartitions;

/**
 * This instance's share of the request budgets: its part of all partitions. So instances share an account's budget without
 * talking to each other. As long as nobody tells how many partitions there are, a fault of topics or brokers, the number that
 * was told last holds; before the first one an instance has the smallest share. Else each would take the whole budget.
 */
@Singleton
class BudgetShare {

    private final DoubleConsumer share;
    private int lastKnown;

    @Inject
    BudgetShare(Connections connections) {
        this(connections::share);
    }

    /** {@code share} takes the part of all, from 0 to 1. */
    BudgetShare(DoubleConsumer share) {
        this.share = share;
    }

    synchronized void onChange(@Observes OwnedPartitions change) {
        if (change.all() > 0) {
            lastKnown = change.all();
        }
        share.accept(lastKnown == 0 ? 0.0 : Math.min(1.0, (double) change.owned() / lastKnown));
    }
}
