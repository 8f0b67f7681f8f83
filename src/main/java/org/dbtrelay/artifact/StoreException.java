package org.dbtrelay.artifact;

import org.dbtrelay.run.UnavailableReason;
import org.jspecify.annotations.Nullable;

/** A store does not take an artifact, and would not take it the next time either. The message is for a person. */
final class StoreException extends Exception {

    private static final long serialVersionUID = 1L;

    private final UnavailableReason reason;

    private StoreException(UnavailableReason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** The artifact has more bytes than {@code relay.artifacts.max-size}. */
    static StoreException tooLarge(long maxSize) {
        return new StoreException(
                UnavailableReason.TOO_LARGE,
                "it is larger than relay.artifacts.max-size (" + maxSize + " bytes)",
                null);
    }

    /** The store has trouble of its own. */
    static StoreException failed(String message, @Nullable Throwable cause) {
        return new StoreException(UnavailableReason.STORE_FAILED, message, cause);
    }

    UnavailableReason reason() {
        return reason;
    }

    /** What went wrong, for a person. */
    String explanation() {
        return String.valueOf(getMessage());
    }
}
