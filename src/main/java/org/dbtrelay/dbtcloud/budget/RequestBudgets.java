package org.dbtrelay.dbtcloud.budget;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;

/**
 * One budget for each (host, account): dbt Cloud's limit is the account's, however many connections lead to it. Requests over HTTP may
 * name any account, so those that commands cannot name share one.
 */
public final class RequestBudgets {

    private record Key(String host, long accountId) {}

    /** The account number of those that are in no configuration. */
    private static final long STRANGERS = 0;

    private final Clock clock;
    private final Monotonic monotonic;
    private final Map<Key, RequestBudget> budgets = new HashMap<>();
    private double share = 1;

    /** Has no account yet. */
    public RequestBudgets(Clock clock, Monotonic monotonic) {
        this.clock = clock;
        this.monotonic = monotonic;
    }

    /** Makes the budget of a connection's own account, within the limits of every connection to it. */
    public void register(RelayConfig.Connection settings) {
        of(settings, settings.accountId()).atMost(settings.requestsPerMinute(), settings.maxConcurrentRequests());
    }

    /** The budget of an account, with the connection's limits if it is a new one. */
    public synchronized RequestBudget of(RelayConfig.Connection settings, long accountId) {
        return budgets.computeIfAbsent(key(settings, accountId), _ -> {
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

    /**
     * The budget of an account that perhaps only a person has named. Those that have none of their own share one: over HTTP anybody can
     * make up as many numbers as they like.
     */
    public synchronized RequestBudget ofAny(RelayConfig.Connection settings, long accountId) {
        RequestBudget own = budgets.get(key(settings, accountId));
        return own == null ? of(settings, STRANGERS) : own;
    }

    /** Sets this instance's part of the rate of every account. */
    public synchronized void share(double part) {
        share = part;
        budgets.values().forEach(budget -> budget.share(part));
    }

    private static Key key(RelayConfig.Connection settings, long accountId) {
        return new Key(authority(settings.host()), accountId);
    }

    private static String authority(URI host) {
        return host.getAuthority().toLowerCase(Locale.ROOT);
    }
}
