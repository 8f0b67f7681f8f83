package org.dbtrelay.dbtcloud.connection;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.testkit.HandTurnedClock;

/** Time that passes by waiting: whoever waits turns the clock on, at once. */
public final class PatientClock extends Monotonic {

    private final HandTurnedClock clock;
    private final List<Duration> pauses = new CopyOnWriteArrayList<>();

    public PatientClock(HandTurnedClock clock) {
        this.clock = clock;
    }

    @Override
    public long nanos() {
        return Duration.between(java.time.Instant.EPOCH, clock.instant()).toNanos();
    }

    @Override
    public void pause(Duration time) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        pauses.add(time);
        clock.advance(time);
    }

    @Override
    public double jitter() {
        return 0;
    }

    /** How long has been waited, one by one. */
    public List<Duration> pauses() {
        return pauses;
    }
}
