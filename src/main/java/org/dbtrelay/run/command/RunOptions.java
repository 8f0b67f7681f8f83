package org.dbtrelay.run.command;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The options of a command, with nothing left open.
 *
 * @param pollInterval the longest gap between two polls of the run
 * @param deadline the command is worked on until then
 * @param cancelAtDeadline whether the run is cancelled there, else it is abandoned; null: it is cancelled if this command
 *     started it
 * @param parkUnclear a start that stays unclear ends the command instead of being tried again
 * @param artifacts to announce when the run has ended
 */
public record RunOptions(
        Duration pollInterval,
        Instant deadline,
        @Nullable Boolean cancelAtDeadline,
        boolean parkUnclear,
        IfRunning ifRunning,
        List<ArtifactWish> artifacts) {

    public RunOptions {
        artifacts = List.copyOf(artifacts);
    }

    /** The same for a run that the command has not started and only follows. */
    public RunOptions following() {
        return new RunOptions(
                pollInterval,
                deadline,
                cancelAtDeadline != null && cancelAtDeadline,
                parkUnclear,
                ifRunning,
                artifacts);
    }

    /** Whether the run is cancelled at the deadline. */
    public boolean cancelsAtDeadline() {
        return cancelAtDeadline == null || cancelAtDeadline;
    }

    /**
     * The values for options that a command does not set.
     *
     * @param timeout from acceptance
     * @param artifacts paths; a configuration cannot know the steps of a run
     */
    public record Defaults(
            Duration pollInterval,
            Duration timeout,
            @Nullable Boolean cancelAtDeadline,
            boolean parkUnclear,
            IfRunning ifRunning,
            List<String> artifacts) {
        public Defaults {
            artifacts = List.copyOf(artifacts);
        }
    }
}
