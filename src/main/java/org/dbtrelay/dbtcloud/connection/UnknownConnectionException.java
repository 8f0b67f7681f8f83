package org.dbtrelay.dbtcloud.connection;

import java.util.Set;

/** The configuration has no connection of a name. Its message lists the names that there are. */
public final class UnknownConnectionException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnknownConnectionException(Set<String> names) {
        super("there is no connection of this name; there are " + String.join(", ", names));
    }
}
