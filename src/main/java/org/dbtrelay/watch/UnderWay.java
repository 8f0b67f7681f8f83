package org.dbtrelay.watch;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Work of which at most one piece is under way for each key, each on a thread of its own: none waits for that of another key. */
final class UnderWay<K> {

    private final Set<K> keys = ConcurrentHashMap.newKeySet();

    /** Begins it, unless some of this key is under way. Work that fails says so itself. */
    void begin(K key, Runnable work) {
        if (keys.add(key)) {
            Thread.startVirtualThread(() -> {
                try {
                    work.run();
                } finally {
                    keys.remove(key);
                }
            });
        }
    }

    /** Whether none is under way. */
    boolean isNone() {
        return keys.isEmpty();
    }
}
