package org.dbtrelay.flow;

import java.time.Duration;
import java.time.Instant;

/**
 * Notices that the wall clock was set, or that a suspended machine stopped the monotonic one: the two have come apart. A wait
 * by the clock as it was is then worth nothing.
 */
final class ClockWatch {

    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    private Instant wall = Instant.EPOCH;
    private long nanos;

    /** The two agree as of now. */
    void begin(Instant now, long nanosNow) {
        wall = now;
        nanos = nanosNow;
    }

    /** Whether they have come apart since the beginning. */
    boolean cameApart(Instant now, long nanosNow) {
        return Duration.between(wall, now).minusNanos(nanosNow - nanos).abs().compareTo(TOLERANCE) > 0;
    }
}
