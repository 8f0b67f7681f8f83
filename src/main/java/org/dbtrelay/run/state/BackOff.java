package org.dbtrelay.run.state;

import java.time.Duration;

/** How long the relay waits before it repeats something that failed: one second, doubled with each failure. */
public final class BackOff {

    /** No wait is longer. */
    public static final Duration LONGEST = Duration.ofMinutes(1);

    private BackOff() {}

    /**
     * The wait.
     *
     * @param failures how many times in a row it has failed before
     */
    public static Duration after(int failures) {
        return Duration.ofSeconds(Math.min(LONGEST.toSeconds(), 1L << Math.min(failures, 6)));
    }
}
