package org.dbtrelay.run.command;

import java.util.List;
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

    /**
     * Why a text is no path of an artifact.
     *
     * @return the rule that it breaks, to be read after "must hold paths"; null: it is one
     */
    public static @Nullable String faultOf(String path) {
        List<String> names = List.of(path.split("/", -1));
        if (path.startsWith("/") || path.contains("\\") || names.contains("..")) {
            return "relative to dbt's target directory";
        }
        return names.contains("") || names.contains(".") || path.chars().anyMatch(Character::isISOControl)
                ? "without empty names, '.' and control characters"
                : null;
    }
}
