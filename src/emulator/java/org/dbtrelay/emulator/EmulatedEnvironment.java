package org.dbtrelay.emulator;

import org.jspecify.annotations.Nullable;

/**
 * An environment of a project.
 *
 * @param dbtVersion free text such as {@code latest}
 * @param adapter of its connection, which is shown with it; null: it is not shown
 */
public record EmulatedEnvironment(
        long id,
        long accountId,
        long projectId,
        String name,
        String dbtVersion,
        @Nullable String adapter) {}
