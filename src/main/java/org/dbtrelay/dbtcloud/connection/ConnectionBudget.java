package org.dbtrelay.dbtcloud.connection;

import java.time.Instant;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.jspecify.annotations.Nullable;

/**
 * How this instance's part of the budget of a connection's own account stands.
 *
 * @param coolingDownUntil until when the account is shut out after too many requests; null if it is not
 */
public record ConnectionBudget(
        RequestBudget.Level level, @Nullable Instant coolingDownUntil) {

    /** The state of this moment. */
    public static ConnectionBudget of(DbtCloudClient client) {
        RequestBudget budget = client.calls().budget(client.defaultAccountId());
        return new ConnectionBudget(budget.level(), budget.coolingDownUntil().orElse(null));
    }
}
