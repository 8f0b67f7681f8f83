package org.dbtrelay.emulator;

import java.time.Duration;
import java.util.function.Consumer;

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
        return with(change -> change.speed = value);
    }

    /** A cancel of a running run takes that long. */
    public Behaviour cancelDelay(Duration value) {
        return with(change -> change.cancelDelay = value);
    }

    /** A cause that is too long is answered so; 0 to accept it. */
    public Behaviour longCauseStatus(int value) {
        return with(change -> change.longCauseStatus = value);
    }

    /** A trigger of a deactivated job is answered so; 0 to accept it. */
    public Behaviour deactivatedStatus(int value) {
        return with(change -> change.deactivatedStatus = value);
    }

    /** A retry that is not possible is answered so. */
    public Behaviour refusedRetryStatus(int value) {
        return with(change -> change.refusedRetryStatus = value);
    }

    /** A trigger is answered so, 200 or 201. */
    public Behaviour createdStatus(int value) {
        return with(change -> change.createdStatus = value);
    }

    /** Whether the emulator takes only requests that dbt Cloud's documents describe. */
    public Behaviour strict(boolean value) {
        return with(change -> change.strict = value);
    }

    /** A cancel of a run that has ended is answered so; 200: with the run. */
    public Behaviour endedCancelStatus(int value) {
        return with(change -> change.endedCancelStatus = value);
    }

    /** An account's limit, 0 for none. */
    public Behaviour requestsPerMinute(int value) {
        return with(change -> change.requestsPerMinute = value);
    }

    private Behaviour with(Consumer<Change> setting) {
        Change change = new Change(this);
        setting.accept(change);
        return change.made();
    }

    /** A copy of which one value is set. */
    private static final class Change {
        private double speed;
        private Duration cancelDelay;
        private int longCauseStatus;
        private int deactivatedStatus;
        private int refusedRetryStatus;
        private int createdStatus;
        private boolean strict;
        private int endedCancelStatus;
        private int requestsPerMinute;

        Change(Behaviour from) {
            this.speed = from.speed;
            this.cancelDelay = from.cancelDelay;
            this.longCauseStatus = from.longCauseStatus;
            this.deactivatedStatus = from.deactivatedStatus;
            this.refusedRetryStatus = from.refusedRetryStatus;
            this.createdStatus = from.createdStatus;
            this.strict = from.strict;
            this.endedCancelStatus = from.endedCancelStatus;
            this.requestsPerMinute = from.requestsPerMinute;
        }

        Behaviour made() {
            return new Behaviour(
                    speed,
                    cancelDelay,
                    longCauseStatus,
                    deactivatedStatus,
                    refusedRetryStatus,
                    createdStatus,
                    strict,
                    endedCancelStatus,
                    requestsPerMinute);
        }
    }
}
