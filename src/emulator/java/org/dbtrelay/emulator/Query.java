package org.dbtrelay.emulator;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The query string, decoded; a key may come several times. */
record Query(Map<String, List<String>> values) {

    static Query parse(@Nullable String raw) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        if (raw != null && !raw.isEmpty()) {
            for (String pair : raw.split("&", -1)) {
                int equals = pair.indexOf('=');
                String key = equals < 0 ? pair : pair.substring(0, equals);
                String value = equals < 0 ? "" : pair.substring(equals + 1);
                if (!key.isEmpty()) {
                    values.computeIfAbsent(decoded(key), k -> new ArrayList<>()).add(decoded(value));
                }
            }
        }
        return new Query(values);
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // A stray percent sign: taken as it is, as dbt Cloud's framework does.
            return text;
        }
    }

    Set<String> names() {
        return values.keySet();
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    /** All values of a key, empty if it is not there. */
    List<String> all(String name) {
        return values.getOrDefault(name, List.of());
    }

    /** The last value of a key, which is the one that counts in dbt Cloud's framework; null if it is not there. */
    @Nullable
    String last(String name) {
        List<String> all = all(name);
        return all.isEmpty() ? null : all.getLast();
    }
}
