package org.dbtrelay.dbtcloud.budget;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;

/**
 * One budget for each (host, account): dbt Cloud's limit is the account's, however many connections lead to it. Requests over HTTP may
 * name any account, so the budgets of those that commands cannot name are forgotten when they are unused.
 */
public final class RequestBudgets {

    private record Key(String host, long accountId) {}

    private final Clock clock;
    private final Monotonic monotonic;
    /** With fewer budgets nobody looks for unused ones. */
    private static final int FEW = 100;

    private final Map<Key, RequestBudget> budgets = new HashMap<>();
    private final Set<Key> kept = new HashSet<>();
    private int tidyAt = FEW;
    private double share = 1;

    /** Has no account yet. */
    public RequestBudgets(Clock clock, Monotonic monotonic) {
        this.clock = clock;
        this.monotonic = monotonic;
    }

    /**
     * Makes the budget of a connection's own account, within the limits of every connection to it.
     *
     * @param accounts those that commands may name: their budgets are kept
     */
    public synchronized void register(RelayConfig.Connection settings, Set<Long> accounts) {
        accounts.forEach(accountId -> kept.add(key(settings, accountId)));
        of(settings, settings.accountId()).atMost(settings.requestsPerMinute(), settings.maxConcurrentRequests());
    }

    /** The budget of an account, with the connection's limits if it is a new one. */
    public synchronized RequestBudget of(RelayConfig.Connection settings, long accountId) {
        Key key = key(settings, accountId);
        if (budgets.size() >= tidyAt && !budgets.containsKey(key)) {
            budgets.entrySet()
                    .removeIf(each ->
                            !kept.contains(each.getKey()) && each.getValue().isUnused());
            tidyAt = Math.max(FEW, 2 * budgets.size());
        }
        return budgets.computeIfAbsent(key, _ -> {
            RequestBudget budget = new RequestBudget(
                    settings.requestsPerMinute(),
                    settings.maxConcurrentRequests(),
                    clock,
                    () -> Instant.EPOCH.plusNanos(monotonic.nanos()),
                    monotonic::after,
                    Thread::startVirtualThread,
                    monotonic::jitter);
            budget.share(share);
            return budget;
        });
    }

    /** Sets this instance's part of the rate of every account. */
    public synchronized void share(double part) {
        share = part;
        budgets.values().forEach(budget -> budget.share(part));
    }

    /** How many there are. */
    synchronized int size() {
        return budgets.size();
    }

    private static Key key(RelayConfig.Connection settings, long accountId) {
        return new Key(authority(settings.host()), accountId);
    }

    private static String authority(URI host) {
        return host.getAuthority().toLowerCase(Locale.ROOT);
    }
}
