package org.dbtrelay.testkit.emulator;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.concurrent.atomic.AtomicReference;
import org.dbtrelay.testkit.HandTurnedClock;

/** The emulator's time: another clock, which can be pushed forward. A clock that is turned by hand is turned itself. */
final class EmulatorClock extends Clock {
    private final Clock base;
    private final AtomicReference<Duration> ahead;

    EmulatorClock(Clock base) {
        this(base, new AtomicReference<>(Duration.ZERO));
    }

    private EmulatorClock(Clock base, AtomicReference<Duration> ahead) {
        this.base = base;
        this.ahead = ahead;
    }

    void advance(Duration step) {
        if (base instanceof HandTurnedClock byHand) {
            byHand.advance(step);
        } else {
            ahead.updateAndGet(before -> before.plus(step));
        }
    }

    @Override
    public Instant instant() {
        return base.instant().plus(ahead.get());
    }

    @Override
    public ZoneId getZone() {
        return base.getZone();
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return new EmulatorClock(base.withZone(zone), ahead);
    }
}
