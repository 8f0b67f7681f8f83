package org.dbtrelay.dbtcloud.http;

import java.time.Duration;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.run.job.CallFailure;

/**
 * Reads again what may succeed the next time. Only for reads on behalf of people and programs: what the relay itself reads is
 * repeated by its own decisions, and what starts, retries or cancels a run is never repeated blindly.
 *
 * <p>A loop of our own, and not SmallRye Fault Tolerance: whether to try again depends on the {@link CallFailure} and not on an
 * exception's class, the waiting goes by the injected clock so that tests need not wait, and clients are made one for each
 * connection, where interceptors do not reach.
 */
public final class ReadRetries {

    static final int MOST_ATTEMPTS = 4;
    static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(8);

    /** A longer shut-out is not waited for: it is minutes, and the caller can tell a person. */
    static final Duration LONGEST_SHUT_OUT = Duration.ofSeconds(30);

    /** Something that reads. */
    public @FunctionalInterface interface Read<T> {
        /** Reads once. */
        T get() throws DbtCloudException;
    }

    private final Monotonic monotonic;
    private final int attempts;

    /** Reads up to {@value #MOST_ATTEMPTS} times. */
    public ReadRetries(Monotonic monotonic) {
        this(monotonic, MOST_ATTEMPTS);
    }

    private ReadRetries(Monotonic monotonic, int attempts) {
        this.monotonic = monotonic;
        this.attempts = attempts;
    }

    /** Reads once. */
    public static ReadRetries none(Monotonic monotonic) {
        return new ReadRetries(monotonic, 1);
    }

    /** The answer, or the last failure. Each attempt takes its own permit of the budget. */
    public <T> T get(Read<T> read) throws DbtCloudException {
        int attempt = 1;
        while (true) {
            try {
                return read.get();
            } catch (DbtCloudException e) {
                if (attempt >= attempts || !isWorthAnother(e.failure()) || !waited(e.failure(), attempt)) {
                    throw e;
                }
            }
            attempt++;
        }
    }

    /** Whether the same request may be answered better in a while. */
    static boolean isWorthAnother(CallFailure failure) {
        return switch (failure) {
            case CallFailure.Unclear _, CallFailure.NotSent _ -> true;
            case CallFailure.Limited limited -> limited.pause().compareTo(LONGEST_SHUT_OUT) <= 0;
            case CallFailure.Suspended _, CallFailure.NotFound _, CallFailure.Refused _ -> false;
        };
    }

    private boolean waited(CallFailure failure, int attempt) {
        Duration pause = FIRST_PAUSE.multipliedBy(1L << (attempt - 1));
        if (pause.compareTo(LONGEST_PAUSE) > 0) {
            pause = LONGEST_PAUSE;
        }
        // Between half of it and all of it, so that many that failed together do not come back together.
        pause = Duration.ofNanos((long) (pause.toNanos() * (0.5 + monotonic.jitter() / 2)));
        if (failure instanceof CallFailure.Limited limited) {
            pause = pause.plus(limited.pause());
        }
        if (Thread.currentThread().isInterrupted()) {
            return false;
        }
        try {
            monotonic.pause(pause);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
