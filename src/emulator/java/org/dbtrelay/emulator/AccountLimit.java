package org.dbtrelay.emulator;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * dbt Cloud's limit of requests a minute for an account: passing it costs five minutes of 429. That the window slides is
 * a guess, the documents do not say.
 */
final class AccountLimit {
    private static final Duration WINDOW = Duration.ofMinutes(1);
    private static final Duration COOL_DOWN = Duration.ofMinutes(5);

    private final int requestsPerMinute;
    private final Clock clock;
    private final Faults faults;
    private final Map<Long, Deque<Instant>> recent = new HashMap<>();

    AccountLimit(int requestsPerMinute, Clock clock, Faults faults) {
        this.requestsPerMinute = requestsPerMinute;
        this.clock = clock;
        this.faults = faults;
    }

    /** Counts a request, and locks its account out if it is one too many. */
    synchronized void count(Request request) {
        Long account = request.number("account");
        if (requestsPerMinute == 0 || account == null) {
            return;
        }
        Instant now = clock.instant();
        Deque<Instant> times = recent.computeIfAbsent(account, id -> new ArrayDeque<>());
        while (!times.isEmpty() && !times.getFirst().plus(WINDOW).isAfter(now)) {
            times.removeFirst();
        }
        times.addLast(now);
        if (times.size() > requestsPerMinute) {
            times.clear();
            faults.lock(account, COOL_DOWN, null);
        }
    }
}
