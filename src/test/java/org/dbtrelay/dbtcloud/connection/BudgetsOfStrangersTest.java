package org.dbtrelay.dbtcloud.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.junit.jupiter.api.Test;

/** Whoever may read over HTTP chooses the number of the account: it must not cost memory that is never given back. */
class BudgetsOfStrangersTest {

    @Test
    void accountsThatNobodyHasConfiguredShareOneBudget() {
        Connections connections = TestConnections.silent(
                TestConnections.config(Map.of(
                        "relay.connections.shop.host", "https://ab123.us1.dbt.com",
                        "relay.connections.shop.account-id", "1",
                        "relay.connections.shop.token", TestConnections.TOKEN,
                        "relay.policy.connections.shop.accounts", "2,3",
                        "relay.connections.other.host", "https://ab123.us1.dbt.com",
                        "relay.connections.other.account-id", "4",
                        "relay.connections.other.token", TestConnections.TOKEN)),
                Clock.systemUTC());
        DbtCloudClient shop = connections.find("shop").orElseThrow();
        DbtCloudClient other = connections.find("other").orElseThrow();

        Set<RequestBudget> ofConfigured = new HashSet<>();
        for (long account = 1; account <= 4; account++) {
            ofConfigured.add(shop.calls().budget(account));
            assertThat(other.calls().budget(account))
                    .as("dbt Cloud's limit is the account's")
                    .isSameAs(shop.calls().budget(account));
        }
        assertThat(ofConfigured).hasSize(4);

        Set<RequestBudget> ofStrangers = new HashSet<>();
        for (long account = 1_000; account < 2_000; account++) {
            ofStrangers.add(shop.calls().budget(account));
        }
        assertThat(ofStrangers).hasSize(1).doesNotContainAnyElementsOf(ofConfigured);
    }
}
