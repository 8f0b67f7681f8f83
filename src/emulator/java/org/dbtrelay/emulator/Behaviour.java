package org.dbtrelay.emulator;

import java.time.Duration;

/**
 * How the emulator behaves where nobody has documented how dbt Cloud does.
 *
 * @param speed runs go that many times faster than planned
 * @param cancelDelay from the cancel of a running run until it is cancelled
 * @param longCauseStatus answer to a cause over 255 characters: 400, 500, or 0 to accept it. 500 is what a sibling case
 *     was seen to answer
 * @param deactivatedStatus answer to a trigger of a deactivated job: 400, or 0 to accept it
 * @param refusedRetryStatus answer to a retry that is not possible
 * @param createdStatus answer to a trigger, 200 or 201
 * @param strict whether only that is taken which dbt Cloud's documents have; if not, also what clients were seen to send it
 *     (a path without its last slash, more fields in a trigger, and what else docs/emulator.md lists)
 * @param endedCancelStatus answer to a cancel of a run that has ended: 200 to answer the run, or 400, 409
 * @param requestsPerMinute limit of an account, passing it costs five minutes of 429; 0 for no limit
 */
public record Behaviour(
        double speed,
        Duration cancelDelay,
        int longCauseStatus,
        int deactivatedStatus,
        int refusedRetryStatus,
        int createdStatus,
        boolean strict,
        int endedCancelStatus,
        int requestsPerMinute) {

    /** The likeliest. */
    public static Behaviour likely() {
        return new Behaviour(1.0, Duration.ofMillis(500), 500, 400, 400, 200, true, 200, 0);
    }

    /** Runs go that many times faster than planned. */
    public Behaviour speed(double value) {
        return new Behaviour(
                value,
                cancelDelay,
                longCauseStatus,
                deactivatedStatus,
                refusedRetryStatus,
                createdStatus,
                strict,
                endedCancelStatus,
                requestsPerMinute);
    }

    /** A cancel of a running run takes that long. */
    public Behaviour cancelDelay(Duration value) {
        return new Behaviour(
                speed,
                value,
                longCauseStatus,
                deactivatedStatus,
                refusedRetryStatus,
                createdStatus,
                strict,
                endedCancelStatus,
                requestsPerMinute);
    }

    /** A cause that is too long is answered so; 0 to accept it. */
    public Behaviour longCauseStatus(int value) {
        return new Behaviour(
                speed,
                cancelDelay,
                value,
                deactivatedStatus,
                refusedRetryStatus,
                createdStatus,
                strict,
                endedCancelStatus,
                requestsPerMinute);
    }

    /** A trigger of a deactivated job is answered so; 0 to accept it. */
    public Behaviour deactivatedStatus(int value) {
        return new Behaviour(
                speed,
                cancelDelay,
                longCauseStatus,
                value,
                refusedRetryStatus,
                createdStatus,
                strict,
                endedCancelStatus,
                requestsPerMinute);
    }

    /** A retry that is not possible is answered so. */
    public Behaviour refusedRetryStatus(int value) {
        return new Behaviour(
                speed,
                cancelDelay,
                longCauseStatus,
                deactivatedStatus,
                value,
                createdStatus,
                strict,
                endedCancelStatus,
                requestsPerMinute);
    }

    /** A trigger is answered so, 200 or 201. */
    public Behaviour createdStatus(int value) {
        return new Behaviour(
                speed,
                cancelDelay,
                longCauseStatus,
                deactivatedStatus,
                refusedRetryStatus,
                value,
                strict,
                endedCancelStatus,
                requestsPerMinute);
    }

    /** Whether only that is taken which dbt Cloud's documents have. */
    public Behaviour strict(boolean value) {
        return new Behaviour(
                speed,
                cancelDelay,
                longCauseStatus,
                deactivatedStatus,
                refusedRetryStatus,
                createdStatus,
                value,
                endedCancelStatus,
                requestsPerMinute);
    }

    /** A cancel of a run that has ended is answered so; 200: with the run. */
    public Behaviour endedCancelStatus(int value) {
        return new Behaviour(
                speed,
                cancelDelay,
                longCauseStatus,
                deactivatedStatus,
                refusedRetryStatus,
                createdStatus,
                strict,
                value,
                requestsPerMinute);
    }

    /** An account's limit, 0 for none. */
    public Behaviour requestsPerMinute(int value) {
        return new Behaviour(
                speed,
                cancelDelay,
                longCauseStatus,
                deactivatedStatus,
                refusedRetryStatus,
                createdStatus,
                strict,
                endedCancelStatus,
                value);
    }
}
