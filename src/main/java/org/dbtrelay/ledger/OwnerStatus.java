package org.dbtrelay.ledger;

import java.time.Instant;

/**
 * The state of an owner, for health checks and for people.
 *
 * @param detail why it is not serving; empty if it is
 */
public record OwnerStatus(int partition, Phase phase, Instant since, String detail) {

    /** The phases of an owner. */
    public enum Phase {
        /** The topics have faults, or no broker has answered. */
        WAITING_FOR_TOPICS,
        /** Fences the previous owner and reads the ledger. */
        CLAIMING,
        /** Takes commands and follows runs. */
        SERVING,
        /** Lost its claim and waits before the next. */
        BETWEEN_CLAIMS,
        /** The ledger cannot be understood or cannot be true: the partition is not served until a person has looked. */
        DEGRADED,
        STOPPED
    }
}
