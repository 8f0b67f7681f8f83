package org.dbtrelay.testkit;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicReference;

/** A clock that stands still until it is turned. Safe for use by several threads; copies in other zones turn with it. */
public final class HandTurnedClock extends Clock {
    private final AtomicReference<Instant> now;
    private final ZoneId zone;

    private HandTurnedClock(AtomicReference<Instant> now, ZoneId zone) {
        this.now = now;
        this.zone = zone;
    }

    /** A clock in UTC that shows {@code start}. */
    public static HandTurnedClock at(Instant start) {
        return new HandTurnedClock(new AtomicReference<>(start), ZoneOffset.UTC);
    }

    /** A clock in UTC that shows {@code start}, an ISO instant such as {@code 2026-11-22T10:00:00Z}. */
    public static HandTurnedClock at(String start) {
        return at(Instant.parse(start));
    }

    /** Turns the clock by {@code step} (backwards if negative) and gives the new time. */
    public Instant advance(Duration step) {
        return now.updateAndGet(instant -> instant.plus(step));
    }

    /** Sets the clock to {@code instant}. */
    public void set(Instant instant) {
        now.set(instant);
    }

    @Override
    public Instant instant() {
        return now.get();
    }

    @Override
    public ZoneId getZone() {
        return zone;
    }

    @Override
    public Clock withZone(ZoneId other) {
        return new HandTurnedClock(now, other);
    }
}
