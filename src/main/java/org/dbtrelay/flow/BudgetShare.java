package org.dbtrelay.flow;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.dbtrelay.dbtcloud.Connections;
import org.dbtrelay.ledger.Owners.OwnedPartitions;

/**
 * This instance's share of the request budgets: its part of all partitions. So instances share an account's budget without
 * talking to each other.
 */
@Singleton
class BudgetShare {

    private final Connections connections;

    BudgetShare(Connections connections) {
        this.connections = connections;
    }

    void onChange(@Observes OwnedPartitions change) {
        connections.share(change.all() == 0 ? 1.0 : Math.min(1.0, (double) change.owned() / change.all()));
    }
}
