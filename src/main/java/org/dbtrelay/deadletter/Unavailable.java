package org.dbtrelay.deadletter;

import org.jspecify.annotations.Nullable;

/** Kafka does not answer, does not allow it, or lacks a topic; the message says which, for a person. */
public final class Unavailable extends Exception {

    private static final long serialVersionUID = 1L;

    Unavailable(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
