package org.dbtrelay.sim;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** How often what was met, by kind. */
final class Coverage {

    private final Map<String, Map<String, Integer>> counts = new HashMap<>();

    void count(String kind, String what) {
        counts.computeIfAbsent(kind, key -> new HashMap<>()).merge(what, 1, Integer::sum);
    }

    void add(Coverage other) {
        other.counts.forEach((kind, whats) -> whats.forEach((what, count) ->
                counts.computeIfAbsent(kind, key -> new HashMap<>()).merge(what, count, Integer::sum)));
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
        new TreeMap<>(counts).forEach((kind, whats) -> {
            text.append(kind).append('\n');
            new TreeMap<>(whats).forEach((what, count) -> text.append(String.format("  %10d  %s%n", count, what)));
        });
        return text.toString();
    }
}
