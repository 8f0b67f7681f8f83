package org.dbtrelay.run.command;

import java.util.Locale;

/** Why a command is not carried out; the closed list of the contract. */
public enum RejectReason {
    INVALID,
    FORBIDDEN,
    EXPIRED,
    UNKNOWN_CONNECTION,
    JOB_NOT_FOUND,
    JOB_AMBIGUOUS,
    JOB_DEACTIVATED,
    JOB_NOT_TRIGGERABLE,
    RUN_NOT_FOUND,
    COMMAND_UNKNOWN,
    ALREADY_RUNNING,
    NOT_RETRYABLE,
    REFUSED_BY_DBT_CLOUD,
    INTERNAL;

    /** As it stands in events. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
