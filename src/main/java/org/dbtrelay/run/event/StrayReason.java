package org.dbtrelay.run.event;

import java.util.Locale;

/** Why a run carries the marker of a command without being its run; a closed list. */
public enum StrayReason {
    /** The command has another run, which it follows or has followed to its end. */
    SECOND_RUN,
    /** The command had ended without a run when this one came to light. */
    AFTER_THE_END;

    /** As it stands in events. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
