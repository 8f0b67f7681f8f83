package org.dbtrelay.run.job;

import org.jspecify.annotations.Nullable;

/**
 * An artifact that a command wants when its run has ended.
 *
 * @param path relative to dbt's {@code target/}
 * @param step the step that made it; null: dbt Cloud's default, the last step
 */
public record WantedArtifact(String path, @Nullable Integer step) {}
