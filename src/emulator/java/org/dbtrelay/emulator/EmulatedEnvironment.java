package org.dbtrelay.emulator;

import org.jspecify.annotations.Nullable;

/**
 * An environment of a project.
 *
 * @param dbtVersion free text such as {@code latest}
 * @param adapter of its connection; null: there is none to be seen
 * @param showsConnection with all that says which database it is; else its id only
 */
public record EmulatedEnvironment(
        long id,
        long accountId,
        long projectId,
        String name,
        String dbtVersion,
        @Nullable String adapter,
        boolean showsConnection) {

    /** The id of its connection. */
    long connectionId() {
        return projectId + 2;
    }
}
