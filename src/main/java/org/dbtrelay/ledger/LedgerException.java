package org.dbtrelay.ledger;

import org.jspecify.annotations.Nullable;

/** The ledger could not be read or written. Whatever it was, the claim is over: drop the memory, claim again, read again. */
public final class LedgerException extends Exception {

    private static final long serialVersionUID = 1L;

    /** What it means for the owner. */
    public enum Kind {
        /** Another owner has claimed the partition. */
        FENCED,
        /** It is not known what became of it: no broker, a time-out, a fault. */
        LOST,
        /** The broker refused a record, for its size. The same records would be refused again. */
        REFUSED,
        /** What the ledger holds cannot be understood or cannot be true; reading again will not help. */
        DEGRADED
    }

    private final Kind kind;

    LedgerException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    LedgerException(Kind kind, String message) {
        this(kind, message, null);
    }

    /** What it means for the owner. */
    public Kind kind() {
        return kind;
    }
}
