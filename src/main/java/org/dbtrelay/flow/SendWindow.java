package org.dbtrelay.flow;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.config.Monotonic;

/**
 * The time within which a decided trigger may be sent. It counts from before the commit of the intent, so that a
 * process that was frozen while it waited for the commit's answer does not send late; and by the larger of wall clock and
 * monotonic clock, because a suspended machine may stop the one and somebody may set the other.
 */
record SendWindow(Duration length, Instant decidedAt, long decidedNanos, Clock clock, Monotonic monotonic) {

    /** Whether it is still open. */
    boolean isOpen() {
        Duration wall = Duration.between(decidedAt, clock.instant());
        Duration real = Duration.ofNanos(monotonic.nanos() - decidedNanos);
        return wall.compareTo(length) < 0 && real.compareTo(length) < 0;
    }
}
