package org.dbtrelay.command;

import org.jspecify.annotations.Nullable;

/** The headers that came with a command, under the names that they have on Kafka. */
@FunctionalInterface
public interface CommandHeaders {

    /** The last header of this name as text; null if there is none. */
    @Nullable
    String find(String name);

    /** The carrier of the headers, as messages call it. */
    default String carrier() {
        return "the record";
    }

    /** Why they leave open which event it is, beginning with the name of a header; null: they do not. */
    default @Nullable String ambiguity() {
        return null;
    }
}
