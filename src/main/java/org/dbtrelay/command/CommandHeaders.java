package org.dbtrelay.command;

import org.jspecify.annotations.Nullable;

/** The headers that came with a command, under the names that they have on Kafka. */
@FunctionalInterface
public interface CommandHeaders {

    /** The last header of this name as text; null if there is none. */
    @Nullable
    String find(String name);
}
