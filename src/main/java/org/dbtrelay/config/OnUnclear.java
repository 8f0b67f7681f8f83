package org.dbtrelay.config;

/** What happens when a run can be neither found nor excluded. */
public enum OnUnclear {
    /** It is triggered again when the waiting time is over. */
    RETRY,
    /** The command ends, and a person decides. */
    PARK
}
