package org.dbtrelay.run.command;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a command whose run has failed: how often the relay starts another run for it, after which pause, after which failures,
 * and how.
 *
 * @param retries the number of runs after the first one, at most; 1 at least
 * @param delay the pause before the first of them
 * @param backoff each further pause is longer by this factor
 */
public record OnFailure(int retries, Duration delay, double backoff, When when, How how) {

    /** No more runs than this after the first one. */
    public static final int MOST_RETRIES = 10;

    /** No pause is longer. */
    public static final Duration LONGEST_DELAY = Duration.ofHours(24);

    /** No factor is larger. */
    public static final double LARGEST_BACKOFF = 10;

    /** The failures after which there is another run. */
    public enum When {
        /** Those whose cause is likely to pass by itself. */
        TRANSIENT,
        /** All of them. */
        ANY
    }

    /** How the relay starts another run. */
    public enum How {
        /** dbt Cloud resumes the failed run from its point of failure. */
        FROM_FAILURE,
        /** A new run of the job, with the command's overrides. */
        FULL
    }

    /**
     * The pause before another run.
     *
     * @param before how many runs came after the first one already
     */
    public Duration pause(int before) {
        double millis = delay.toMillis() * Math.pow(backoff, before);
        return millis >= LONGEST_DELAY.toMillis() ? LONGEST_DELAY : Duration.ofMillis((long) millis);
    }

    /** The same with full runs only. */
    public OnFailure inFull() {
        return new OnFailure(retries, delay, backoff, when, How.FULL);
    }

    /**
     * As a command says it, or the configuration of its job or its connection. A null is left to the next of them.
     *
     * @param retries 0: none
     */
    public record Requested(
            @Nullable Integer retries,
            @Nullable Duration delay,
            @Nullable Double backoff,
            @Nullable When when,
            @Nullable How how) {

        /** Everything as configured. */
        public static final Requested NONE = new Requested(null, null, null, null, null);

        /** The same, with gaps filled by what somebody else says. */
        Requested or(Requested other) {
            return new Requested(
                    retries == null ? other.retries : retries,
                    delay == null ? other.delay : delay,
                    backoff == null ? other.backoff : backoff,
                    when == null ? other.when : when,
                    how == null ? other.how : how);
        }

        /** Either, with gaps in the first filled by the second; null: neither says anything. */
        static @Nullable Requested of(@Nullable Requested one, @Nullable Requested other) {
            return one == null || other == null ? (one == null ? other : one) : one.or(other);
        }

        /** What holds, with gaps filled from the configuration; null: no further run. */
        @Nullable
        OnFailure over(Defaults defaults) {
            int most = retries == null ? defaults.retries() : retries;
            return most == 0
                    ? null
                    : new OnFailure(
                            most,
                            delay == null ? defaults.delay() : delay,
                            backoff == null ? defaults.backoff() : backoff,
                            when == null ? defaults.when() : when,
                            how == null ? defaults.how() : how);
        }
    }

    /**
     * The values for what nobody sets.
     *
     * @param retries 0: none
     */
    public record Defaults(int retries, Duration delay, double backoff, When when, How how) {

        /** No further run unless somebody says so; then after a minute, and twice as long each time. */
        public static final Defaults NONE = new Defaults(0, Duration.ofMinutes(1), 2, When.TRANSIENT, How.FROM_FAILURE);
    }
}
