package org.dbtrelay.run.event;

import java.util.Locale;

/** Why the relay stopped following; the closed list of the contract. */
public enum AbandonReason {
    /** The time-out of the command has passed. */
    DEADLINE,
    /** dbt Cloud has not known the run for 15 minutes, although its job can be read. */
    RUN_GONE,
    /** A start that can be neither found nor excluded, and the command does not want another. */
    START_UNCLEAR,
    /** Several starts without a sign of a run. */
    START_FAILED,
    /** An operator ended it. */
    OPERATOR,
    /** An internal error of the relay. */
    INTERNAL;

    /** As it stands in events. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
