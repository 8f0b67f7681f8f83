package org.dbtrelay.sim;

import java.util.Map;
import java.util.TreeMap;

/** How often what was met, by kind. */
final class Coverage {

    private final Map<String, Map<String, Integer>> counts = new TreeMap<>();

    void count(String kind, String what) {
        counts.computeIfAbsent(kind, key -> new TreeMap<>()).merge(what, 1, Integer::sum);
    }

    void add(Coverage other) {
        other.counts.forEach((kind, whats) -> whats.forEach((what, count) ->
                counts.computeIfAbsent(kind, key -> new TreeMap<>()).merge(what, count, Integer::sum)));
    }

    int of(String kind, String what) {
        return counts.getOrDefault(kind, Map.of()).getOrDefault(what, 0);
    }

    Map<String, Integer> of(String kind) {
        return counts.getOrDefault(kind, Map.of());
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        counts.forEach((kind, whats) -> {
            text.append(kind).append('\n');
            whats.forEach((what, count) -> text.append(String.format("  %10d  %s%n", count, what)));
        });
        return text.toString();
    }
}
