package org.dbtrelay.ledger;

/** The ledger could not be read or written. Whatever it was, the claim is over: drop the memory, claim again, read again. */
public final class LedgerException extends Exception {

    private static final long serialVersionUID = 1L;

    private final boolean fenced;

    LedgerException(String message, Throwable cause, boolean fenced) {
        super(message, cause);
        this.fenced = fenced;
    }

    LedgerException(String message) {
        super(message);
        this.fenced = false;
    }

    /** True if another owner has claimed the partition. */
    public boolean isFenced() {
        return fenced;
    }
}
