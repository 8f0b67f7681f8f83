package org.dbtrelay.emulator;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Counts the requests by endpoint and by second, and keeps the latest ones. Requests under {@code /emulator} do not count. */
public final class Counters {
    private static final int KEPT = 10_000;
    private static final int KEPT_SECONDS = 7_200;

    private final Clock clock;
    private final EnumMap<Endpoint, Long> counts = new EnumMap<>(Endpoint.class);
    private final NavigableMap<Long, Long> bySecond = new TreeMap<>();
    private final Deque<ReceivedRequest> latest = new ArrayDeque<>();

    Counters(Clock clock) {
        this.clock = clock;
    }

    synchronized void add(Request request) {
        Instant now = clock.instant();
        counts.merge(request.endpoint(), 1L, Long::sum);
        bySecond.merge(now.getEpochSecond(), 1L, Long::sum);
        if (bySecond.size() > KEPT_SECONDS) {
            bySecond.pollFirstEntry();
        }
        latest.addLast(ReceivedRequest.of(request, now));
        if (latest.size() > KEPT) {
            latest.removeFirst();
        }
    }

    /** The requests at that endpoint since the last reset. */
    public synchronized long count(Endpoint endpoint) {
        return counts.getOrDefault(endpoint, 0L);
    }

    /** All requests since the last reset. */
    public synchronized long total() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The counts by endpoint; only those that are not 0. */
    public synchronized Map<Endpoint, Long> snapshot() {
        return new EnumMap<>(counts);
    }

    /** The requests of the last {@code window} on the emulator's clock, by whole seconds. */
    public synchronized long within(Duration window) {
        long from = clock.instant().getEpochSecond() - window.toSeconds();
        return bySecond.tailMap(from, false).values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    /** The most requests that fell into any {@code window} since the last reset, by whole seconds. */
    public synchronized long most(Duration window) {
        long most = 0;
        long sum = 0;
        Deque<Map.Entry<Long, Long>> inside = new ArrayDeque<>();
        for (Map.Entry<Long, Long> second : bySecond.entrySet()) {
            inside.addLast(Map.entry(second.getKey(), second.getValue()));
            sum += second.getValue();
            while (inside.getFirst().getKey() <= second.getKey() - window.toSeconds()) {
                sum -= inside.removeFirst().getValue();
            }
            most = Math.max(most, sum);
        }
        return most;
    }

    /** The latest requests, oldest first, at most 10,000. */
    public synchronized List<ReceivedRequest> requests() {
        return List.copyOf(latest);
    }

    /** Forgets all. */
    public synchronized void reset() {
        counts.clear();
        bySecond.clear();
        latest.clear();
    }
}
