package org.dbtrelay.config;

import java.util.Locale;

/** What somebody may do over the HTTP API; each role includes those before it. */
public enum Role {
    /** Read. */
    VIEWER,
    /** Send commands, cancels among them. */
    SENDER,
    /** Stop and resume, end commands, replay dead letters, change levels of the log. */
    OPERATOR;

    /** The word for it, in the configuration and over HTTP. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether who has it may do what needs another one. */
    public boolean includes(Role needed) {
        return compareTo(needed) >= 0;
    }
}
