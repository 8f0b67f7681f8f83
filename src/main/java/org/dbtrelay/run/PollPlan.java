package org.dbtrelay.run;

import java.time.Duration;

/**
 * How long to wait until the next look at a run. The configured interval is the longest gap; the first looks after a change
 * come sooner, because that is when most happens.
 */
final class PollPlan {

    private PollPlan() {}

    /**
     * The gap to the next look.
     *
     * @param looks how many looks there have been since the status last changed
     */
    static Duration gap(Duration interval, int looks) {
        return switch (looks) {
            case 0 -> interval.dividedBy(4);
            case 1 -> interval.dividedBy(2);
            default -> interval;
        };
    }
}
