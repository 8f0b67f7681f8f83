package org.dbtrelay.run.decide;

import java.time.Duration;
import org.dbtrelay.run.state.BackOff;

/**
 * The gap until the next poll of a run. The configured interval is the longest gap of a run that may end; the first
 * polls after a change come sooner, because that is when most happens. A run that is far from the usual end of its job's runs
 * is polled less often. Polls that bring nothing come later and later, up to a minute.
 */
final class PollPlan {

    private PollPlan() {}

    /**
     * The gap to the next poll.
     *
     * @param age how long ago the status last changed
     */
    static Duration gap(Duration interval, Duration age) {
        if (age.compareTo(interval.dividedBy(4)) < 0) {
            return interval.dividedBy(4);
        }
        return age.compareTo(interval) < 0 ? interval.dividedBy(2) : interval;
    }

    /**
     * The gap to the next poll of a run that hardly ends before a time: half of the time that is left, so the polls come closer
     * together as the end does.
     *
     * @param left until the run usually ends at the earliest
     * @param longest no gap is longer, unless the interval is
     */
    static Duration gap(Duration interval, Duration age, Duration left, Duration longest) {
        Duration half = left.dividedBy(2);
        if (half.compareTo(interval) <= 0) {
            return gap(interval, age);
        }
        return half.compareTo(longest) <= 0 ? half : longer(interval, longest);
    }

    /**
     * The gap after a poll that failed: the interval, or a back-off where that is longer.
     *
     * @param failures how many polls in a row had failed before
     */
    static Duration gapAfterFailures(Duration interval, int failures) {
        return longer(interval, BackOff.after(failures));
    }

    /**
     * The gap to the next poll of a run that dbt Cloud does not know: it doubles.
     *
     * @param age how long it has not been known
     */
    static Duration gapOfMissing(Duration interval, Duration age) {
        Duration doubling = age.compareTo(BackOff.LONGEST) < 0 ? age : BackOff.LONGEST;
        return longer(interval, doubling);
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? other : one;
    }
}
