package org.dbtrelay.run.event;

import java.util.Locale;

/** Why a record is put aside; the closed list of the contract. */
public enum DeadLetterReason {
    /** No JSON object in UTF-8. */
    MALFORMED,
    /** Larger than {@code relay.commands.max-size}. */
    TOO_LARGE,
    /** Older than {@code relay.commands.max-age}, by the record's time. */
    EXPIRED,
    /** Its id was used by a command of another content. */
    ID_CONFLICT,
    /** Not on the partition of its key, and Kafka does not take it there. */
    MISPLACED;

    /** As it stands in the headers. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
