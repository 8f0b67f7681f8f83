package org.dbtrelay.run.job;

import org.jspecify.annotations.Nullable;

/**
 * An artifact that a command wants when its run has ended.
 *
 * @param path relative to dbt's {@code target/}
 * @param step the step that made it; null: dbt Cloud's default, the last step
 * @param elseStep the step that made it if dbt Cloud answers that {@code step} did not; null: no other one can have
 */
public record WantedArtifact(
        String path, @Nullable Integer step, @Nullable Integer elseStep) {

    /** One that no other step can have made. */
    public WantedArtifact(String path, @Nullable Integer step) {
        this(path, step, null);
    }

    /** The same file of the other step. */
    public WantedArtifact ofElseStep() {
        return new WantedArtifact(path, elseStep, null);
    }

    /** Whether an artifact is this one, of either of its steps. */
    public boolean isMetBy(WantedArtifact found) {
        return equals(found) || (elseStep != null && ofElseStep().equals(found));
    }
}
