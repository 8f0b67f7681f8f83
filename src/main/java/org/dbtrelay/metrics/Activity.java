package org.dbtrelay.metrics;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.LongStream;
import org.dbtrelay.run.event.EventType;

/**
 * What this instance did in the last hour, minute by minute, for people who look at it: in memory only, and of one size whatever
 * happens. {@link RelayMetrics} counts the same for machines, which keep it for longer.
 */
@Singleton
public class Activity {

    /** So many minutes are remembered, the present one among them. */
    public static final int MINUTES = 60;

    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Counts[] ring = new Counts[MINUTES];

    /** Nothing has happened. */
    public Activity(Clock clock) {
        this.clock = clock;
        Arrays.setAll(ring, _ -> new Counts());
    }

    /**
     * A minute.
     *
     * @param at its begin
     * @param starts requests that start a run
     * @param ends events that told of a run's end, those of failed runs that others follow among them
     * @param failures those of them that told of a failure
     * @param endsTold of how many ends the delay is known
     * @param delayTotalMs from dbt Cloud's time of the end to the event, of all these together
     * @param delayMaxMs the longest of them
     */
    public record Minute(
            Instant at, long starts, long ends, long failures, long endsTold, long delayTotalMs, long delayMaxMs) {

        /** This one and the same minute of another instance. */
        public Minute and(Minute other) {
            return new Minute(
                    at,
                    starts + other.starts,
                    ends + other.ends,
                    failures + other.failures,
                    endsTold + other.endsTold,
                    delayTotalMs + other.delayTotalMs,
                    Math.max(delayMaxMs, other.delayMaxMs));
        }
    }

    /** The counts of the minute that a place of the ring has now. */
    private static final class Counts {
        private long minute = Long.MIN_VALUE;
        private long starts;
        private long ends;
        private long failures;
        private long endsTold;
        private long delayTotalMs;
        private long delayMaxMs;

        private void begin(long number) {
            minute = number;
            starts = 0;
            ends = 0;
            failures = 0;
            endsTold = 0;
            delayTotalMs = 0;
            delayMaxMs = 0;
        }

        private Minute of(long number) {
            Instant at = Instant.ofEpochSecond(number * 60);
            return number == minute
                    ? new Minute(at, starts, ends, failures, endsTold, delayTotalMs, delayMaxMs)
                    : new Minute(at, 0, 0, 0, 0, 0, 0);
        }
    }

    /** The last hour, oldest minute first; a minute in which nothing happened is there, too. */
    public List<Minute> lastHour() {
        lock.lock();
        try {
            long now = minuteNow();
            return LongStream.rangeClosed(now - MINUTES + 1, now)
                    .mapToObj(minute -> at(minute).of(minute))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    void told(EventType type) {
        boolean isFailure = type == EventType.RUN_FAILED || type == EventType.RUN_ATTEMPT_FAILED;
        if (isFailure || type.runStatus() != null) {
            lock.lock();
            try {
                Counts now = now();
                now.ends++;
                now.failures += isFailure ? 1 : 0;
            } finally {
                lock.unlock();
            }
        }
    }

    void sent() {
        lock.lock();
        try {
            now().starts++;
        } finally {
            lock.unlock();
        }
    }

    void endTold(Duration sinceEnd) {
        // dbt Cloud's clock and this one may differ.
        long delay = Math.max(0, sinceEnd.toMillis());
        lock.lock();
        try {
            Counts now = now();
            now.endsTold++;
            now.delayTotalMs += delay;
            now.delayMaxMs = Math.max(now.delayMaxMs, delay);
        } finally {
            lock.unlock();
        }
    }

    private Counts now() {
        long minute = minuteNow();
        Counts counts = at(minute);
        if (counts.minute != minute) {
            counts.begin(minute);
        }
        return counts;
    }

    private Counts at(long minute) {
        return ring[(int) Math.floorMod(minute, (long) MINUTES)];
    }

    private long minuteNow() {
        return Math.floorDiv(clock.instant().getEpochSecond(), 60L);
    }
}
