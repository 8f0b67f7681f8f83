package org.dbtrelay.dbtcloud.connection;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The parts of a connection's configuration that dbt Cloud does not bear out; readiness tells of them. */
public final class Doubts {

    private final Map<String, String> byKey = new ConcurrentHashMap<>();

    Doubts() {}

    /**
     * Says what is wrong with a key.
     *
     * @param key below {@code relay.connections.<name>}
     * @param what null: nothing, as far as is known
     */
    public void tell(String key, @Nullable String what) {
        if (what == null) {
            byKey.remove(key);
        } else {
            byKey.put(key, what);
        }
    }

    /** All of them, by key. */
    public Map<String, String> all() {
        return new TreeMap<>(byKey);
    }
}
