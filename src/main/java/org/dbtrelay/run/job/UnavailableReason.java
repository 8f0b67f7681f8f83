package org.dbtrelay.run.job;

import java.util.Locale;

/** Why a wanted artifact could not be had. */
public enum UnavailableReason {
    /** The run left no such file. */
    NOT_PRODUCED,
    /** It did not appear within {@code relay.artifacts.patience}. */
    NOT_FOUND_IN_TIME,
    /** It is larger than {@code relay.artifacts.max-size}. */
    TOO_LARGE,
    /** The token may not read it. */
    FORBIDDEN,
    /** It is there, but the store would not take it. */
    STORE_FAILED;

    /** As it stands in events. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
