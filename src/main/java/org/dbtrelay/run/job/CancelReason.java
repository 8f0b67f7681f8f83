package org.dbtrelay.run.job;

import java.util.Locale;

/** Why a run ended as cancelled; the closed list of the contract. */
public enum CancelReason {
    CANCELLED_BY_USER,
    CANCELLED_BY_RELAY,
    TIMED_OUT,
    SUPERSEDED,
    /** Of a command that shared its run: the run goes on for the others. */
    LEFT_TO_OTHERS,
    NO_RESOURCES,
    UNKNOWN;

    /** As it stands in events. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The reason in dbt Cloud's status message, for a run that the relay did not cancel. The texts are not documented; these were
     * seen in recordings.
     */
    public static CancelReason of(RunSnapshot run) {
        if (run.statusMessage() == null) {
            return UNKNOWN;
        }
        String text = run.statusMessage().toLowerCase(Locale.ROOT);
        if (text.contains("timed out") || text.contains("timeout")) {
            return TIMED_OUT;
        }
        if (text.contains("by user")) {
            return CANCELLED_BY_USER;
        }
        if (text.contains("resource")) {
            return NO_RESOURCES;
        }
        return UNKNOWN;
    }
}
