package org.dbtrelay.ledger;

import java.time.Instant;

/**
 * Where an owner stands, for health and for people.
 *
 * @param detail why it is not serving; empty if it is
 */
public record OwnerStatus(int partition, Phase phase, Instant since, String detail) {

    /** What an owner is at. */
    public enum Phase {
        /** The topics are not as they have to be, or no broker has told. */
        WAITING_FOR_TOPICS,
        /** Fences the owner before and reads the ledger. */
        CLAIMING,
        /** Takes commands and follows runs. */
        SERVING,
        /** Lost its claim and waits before the next. */
        BETWEEN_CLAIMS,
        /** What the ledger holds cannot be understood or cannot be true: not served until a person has looked. */
        DEGRADED,
        STOPPED
    }
}
