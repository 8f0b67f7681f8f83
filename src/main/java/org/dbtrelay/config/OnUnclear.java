package org.dbtrelay.config;

/** The treatment of a start whose run can be neither found nor excluded. */
public enum OnUnclear {
    /** It is triggered again when the waiting time is over. */
    RETRY,
    /** The command ends, and a person decides. */
    PARK
}
