package org.dbtrelay.flow;

import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The accounts that this instance observes: it has the partitions in which their cursors are. */
@Singleton
public class Observations {

    private final Map<String, ObservedAccount> byConnection = new ConcurrentHashMap<>();
    private final AtomicLong claims = new AtomicLong();

    Observations() {}

    /** All of them. */
    public List<ObservedAccount> all() {
        return List.copyOf(byConnection.values());
    }

    /** For each account the run id up to which everything is dealt with for good. */
    public Map<Long, Long> floors() {
        Map<Long, Long> floors = new HashMap<>();
        byConnection
                .values()
                .forEach(account -> floors.merge(
                        account.target().accountId(), account.state().floor(), Math::min));
        return floors;
    }

    /** The number of a claim that begins. */
    long begin() {
        return claims.incrementAndGet();
    }

    void serve(ObservedAccount account) {
        byConnection.put(account.target().connection(), account);
    }

    /** A claim that ends late takes nothing from the one that has the same partition by then. */
    void end(ObservedAccount account) {
        byConnection.remove(account.target().connection(), account);
    }
}
