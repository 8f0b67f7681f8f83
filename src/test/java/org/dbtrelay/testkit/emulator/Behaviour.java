package org.dbtrelay.testkit.emulator;

import java.time.Duration;

/**
 * What nobody has documented about dbt Cloud, to be chosen.
 *
 * @param speed runs go that many times faster than planned
 * @param cancelDelay from the cancel of a running run until it is cancelled
 * @param longCauseStatus answer to a cause over 255 characters: 400, 500, or 0 to accept it. 500 is what a sibling case
 *     was seen to answer
 * @param deactivatedStatus answer to a trigger of a deactivated job: 400, or 0 to accept it
 * @param refusedRetryStatus answer to a retry that is not possible
 * @param createdStatus answer to a trigger, 200 or 201
 * @param slashRequired whether a path without its last slash is 404; if not, it is as good as the right one
 * @param requestsPerMinute limit of an account, passing it costs five minutes of 429; 0 for no limit
 */
public record Behaviour(
        double speed,
        Duration cancelDelay,
        int longCauseStatus,
        int deactivatedStatus,
        int refusedRetryStatus,
        int createdStatus,
        boolean slashRequired,
        int requestsPerMinute) {

    /** The likeliest. */
    public static Behaviour likely() {
        return new Behaviour(1.0, Duration.ofMillis(500), 500, 400, 400, 200, true, 0);
    }

    Behaviour speed(double value) {
        return new Behaviour(
                value,
                cancelDelay,
                longCauseStatus,
                deactivatedStatus,
                refusedRetryStatus,
                createdStatus,
                slashRequired,
                requestsPerMinute);
    }
}
