package org.dbtrelay.run;

import org.jspecify.annotations.Nullable;

/**
 * An artifact as a command or the configuration asks for it.
 *
 * @param path relative to dbt's {@code target/}
 * @param step the step whose artifact is meant, from 1; null: of the step that makes such a file
 */
public record ArtifactWish(String path, @Nullable Integer step) {

    /** By its path alone. */
    public static ArtifactWish of(String path) {
        return new ArtifactWish(path, null);
    }
}
