package org.dbtrelay.dbtcloud.budget;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** How many requests the rate allows at a moment. Not safe for threads: {@link RequestBudget} guards it. */
final class TokenBucket {

    /** No instance gets less than this part of the rate, so that one without partitions can still answer HTTP. */
    static final double SMALLEST_SHARE = 0.05;

    private static final double BURST_SECONDS = 2;
    private static final double SMALLEST_BURST = 10;
    private static final Duration SHORTEST_WAIT = Duration.ofMillis(1);
    private static final int SECONDS = 60;

    private double fullRatePerSecond;
    private double share = 1;
    private double tokens;
    private Instant now;
    private @Nullable Instant coolingDownUntil;

    /** Tokens taken in each second of the last minute, by the second modulo 60. */
    private final int[] taken = new int[SECONDS];

    private long takenUntil = Long.MIN_VALUE;

    /** A full bucket. */
    TokenBucket(int requestsPerMinute, Instant now) {
        this.fullRatePerSecond = requestsPerMinute / 60.0;
        this.now = now;
        this.tokens = burst();
    }

    /** Adds the tokens of the time that has passed, by a clock that nobody sets. */
    void turnTo(Instant time) {
        Duration passed = Duration.between(now, time);
        now = time;
        double seconds = passed.getSeconds() + passed.getNano() / 1e9;
        tokens = Math.min(burst(), tokens + seconds * rate());
        if (coolingDownUntil != null && !coolingDownUntil.isAfter(now)) {
            coolingDownUntil = null;
        }
    }

    /** Takes a token if there is one and no cool-down. */
    boolean take() {
        if (coolingDownUntil != null || tokens < 1) {
            return false;
        }
        tokens--;
        taken[second()]++;
        return true;
    }

    /** Gives back a token that was taken and not used. */
    void putBack() {
        tokens = Math.min(burst(), tokens + 1);
        // Not below nothing: it may have been taken in an earlier second.
        int second = second();
        taken[second] = Math.max(0, taken[second] - 1);
    }

    /** How many tokens were taken in the last minute. */
    int takenInLastMinute() {
        second();
        return Arrays.stream(taken).sum();
    }

    /** How many tokens come in a minute. */
    int perMinute() {
        return (int) Math.round(rate() * SECONDS);
    }

    /** The place of the present second, with those that have passed since the last call emptied. */
    private int second() {
        long present = now.getEpochSecond();
        for (long each = Math.max(takenUntil + 1, present - SECONDS + 1); each <= present; each++) {
            taken[(int) Math.floorMod(each, (long) SECONDS)] = 0;
        }
        takenUntil = Math.max(takenUntil, present);
        return (int) Math.floorMod(takenUntil, (long) SECONDS);
    }

    /** How long until a token can be taken; at least a millisecond. */
    Duration untilNext() {
        if (coolingDownUntil != null) {
            return longer(Duration.between(now, coolingDownUntil));
        }
        return longer(Duration.ofNanos((long) Math.ceil(Math.max(0, 1 - tokens) / rate() * 1e9)));
    }

    /** When the cool-down ends; null if there is none. */
    @Nullable
    Instant coolingDownUntil() {
        return coolingDownUntil;
    }

    /** How many tokens can be taken just now. */
    int left() {
        return coolingDownUntil == null ? (int) tokens : 0;
    }

    /** The rest of the cool-down. */
    Duration coolDownLeft() {
        return coolingDownUntil == null ? Duration.ZERO : Duration.between(now, coolingDownUntil);
    }

    /** No tokens for this long; a longer cool-down stays. */
    void coolDown(Duration pause) {
        Instant until = now.plus(pause);
        if (coolingDownUntil == null || coolingDownUntil.isBefore(until)) {
            coolingDownUntil = until;
        }
    }

    /** The part of the rate that is this instance's. */
    void share(double part) {
        share = Math.clamp(part, SMALLEST_SHARE, 1);
        tokens = Math.min(tokens, burst());
    }

    /** Lowers the rate of all instances together if it is higher. */
    void atMost(int requestsPerMinute) {
        fullRatePerSecond = Math.min(fullRatePerSecond, requestsPerMinute / 60.0);
        tokens = Math.min(tokens, burst());
    }

    private double rate() {
        return fullRatePerSecond * share;
    }

    private double burst() {
        return Math.max(SMALLEST_BURST, BURST_SECONDS * rate());
    }

    private static Duration longer(Duration wait) {
        return wait.compareTo(SHORTEST_WAIT) < 0 ? SHORTEST_WAIT : wait;
    }
}
