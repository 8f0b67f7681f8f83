package org.dbtrelay.artifact;

import org.dbtrelay.run.job.UnavailableReason;
import org.jspecify.annotations.Nullable;

/** A store does not take an artifact. The message is for a person. */
final class StoreException extends Exception {

    private static final long serialVersionUID = 1L;

    private final UnavailableReason reason;
    private final boolean passing;

    private StoreException(UnavailableReason reason, boolean passing, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.passing = passing;
    }

    /** The artifact has more bytes than {@code relay.artifacts.max-size}. */
    static StoreException tooLarge(long maxSize) {
        return new StoreException(
                UnavailableReason.TOO_LARGE,
                false,
                "it is larger than relay.artifacts.max-size (" + maxSize + " bytes)",
                null);
    }

    /** The artifact is nothing for this store, now and ever. */
    static StoreException unfit(String message) {
        return new StoreException(UnavailableReason.STORE_FAILED, false, message, null);
    }

    /** The file is that of an earlier step: the step itself left none. */
    static StoreException older() {
        return new StoreException(
                UnavailableReason.NOT_PRODUCED,
                false,
                "the step left no such file: the one that dbt Cloud has is older than the step",
                null);
    }

    /** The store has trouble of its own, which may pass. */
    static StoreException failed(String message, @Nullable Throwable cause) {
        return new StoreException(UnavailableReason.STORE_FAILED, true, message, cause);
    }

    UnavailableReason reason() {
        return reason;
    }

    /** Whether it is worth another try later. */
    boolean isPassing() {
        return passing;
    }

    /** The fault, for a person. */
    String explanation() {
        return String.valueOf(getMessage());
    }
}
