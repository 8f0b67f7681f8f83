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
     * @param age how long ago the status last changed
     */
    static Duration gap(Duration interval, Duration age) {
        if (age.compareTo(interval.dividedBy(4)) < 0) {
            return interval.dividedBy(4);
        }
        return age.compareTo(interval) < 0 ? interval.dividedBy(2) : interval;
    }
}
