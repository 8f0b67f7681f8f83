package org.dbtrelay.flow;

import java.time.Duration;
import java.time.Instant;

/**
 * Notices when the wall clock and the monotonic clock come apart: somebody set the one, or a machine that was suspended
 * stopped the other. What was to be waited for by the wall clock cannot be trusted then.
 */
final class ClockWatch {

    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    private Instant begunAt = Instant.EPOCH;
    private long begunNanos;

    /** From now on they should go together. */
    void begin(Instant now, long nanos) {
        begunAt = now;
        begunNanos = nanos;
    }

    /** Whether they have come apart since. */
    boolean haveComeApart(Instant now, long nanos) {
        Duration wall = Duration.between(begunAt, now);
        return wall.minusNanos(nanos - begunNanos).abs().compareTo(TOLERANCE) > 0;
    }
}
