package org.dbtrelay.emulator;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An artifact that a run leaves beside the usual ones, or in place of one of them.
 *
 * @param path relative to {@code target/}
 * @param command the artifact belongs to the steps whose dbt command contains this text; null: to every dbt step
 */
public record PlannedArtifact(String path, @Nullable String command, Content content) {

    /** An artifact with exactly this text, in every dbt step. */
    public static PlannedArtifact text(String path, String text) {
        return new PlannedArtifact(path, null, new Content.Bytes(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** A JSON artifact of exactly {@code size} bytes that is never held in memory, in every dbt step. */
    public static PlannedArtifact ofSize(String path, long size) {
        return new PlannedArtifact(path, null, PatternContent.named(path, size));
    }

    /** The same, for the steps whose command contains {@code text}. */
    public PlannedArtifact inStep(String text) {
        return new PlannedArtifact(path, text, content);
    }
}
