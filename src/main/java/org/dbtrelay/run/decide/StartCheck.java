package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A check of the runs of a job, upon which it depends whether and how a command starts. Before it may start there can be hours
 * of waiting: for a run more to be allowed, for the kill switch, for a cool-down, for the budget. So an answer that is old by
 * then is asked for again.
 *
 * @param again nothing but this check is between the command and its start: it keeps its place among the runs in flight, and
 *     goes in front in the budget. So the wait after it is short, and the checks do not go on for ever
 * @param answeredAt when dbt Cloud answered; null: it has not been asked yet
 */
public record StartCheck(boolean again, @Nullable Instant answeredAt) {

    /** The check at the beginning. */
    public static final StartCheck FIRST = new StartCheck(false, null);

    /** The check right before the start. */
    public static final StartCheck AGAIN = new StartCheck(true, null);

    private static final Duration FRESH = Duration.ofSeconds(5);

    /** Long enough for the front of the budget's queue; only where nothing may be sent at all it is passed. */
    private static final Duration FRESH_IN_FRONT = Duration.ofMinutes(1);

    /** The same with its answer; of two answers the older one counts. */
    public StartCheck answered(Instant now) {
        return answeredAt == null ? new StartCheck(again, now) : this;
    }

    /** Whether the answer is too old. An answer of the future is one from before the clock was set. */
    boolean isOld(Instant now) {
        return answeredAt == null
                || answeredAt.isAfter(now)
                || answeredAt.plus(again ? FRESH_IN_FRONT : FRESH).isBefore(now);
    }
}
