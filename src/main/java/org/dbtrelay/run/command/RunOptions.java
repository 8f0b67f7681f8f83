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
 * @param onFailure what follows a run that has failed; null: the command's end
 * @param coalesce with which others the command shares a run; null: with none
 * @param minInterval the shortest time between two starts of its job; null: any
 */
public record RunOptions(
        Duration pollInterval,
        Instant deadline,
        @Nullable Boolean cancelAtDeadline,
        boolean parkUnclear,
        IfRunning ifRunning,
        List<ArtifactWish> artifacts,
        @Nullable OnFailure onFailure,
        @Nullable Coalesce coalesce,
        @Nullable Duration minInterval) {

    public RunOptions {
        artifacts = List.copyOf(artifacts);
    }

    /** Options with which the first run is the only one. */
    public RunOptions(
            Duration pollInterval,
            Instant deadline,
            @Nullable Boolean cancelAtDeadline,
            boolean parkUnclear,
            IfRunning ifRunning,
            List<ArtifactWish> artifacts) {
        this(pollInterval, deadline, cancelAtDeadline, parkUnclear, ifRunning, artifacts, null, null, null);
    }

    /** The same for a run that the command has not started and only follows: no other run comes after it. */
    public RunOptions following() {
        return new RunOptions(
                pollInterval,
                deadline,
                cancelAtDeadline != null && cancelAtDeadline,
                parkUnclear,
                ifRunning,
                artifacts,
                null,
                coalesce,
                minInterval);
    }

    /** The same with another treatment of failed runs. */
    public RunOptions with(OnFailure other) {
        return new RunOptions(
                pollInterval,
                deadline,
                cancelAtDeadline,
                parkUnclear,
                ifRunning,
                artifacts,
                other,
                coalesce,
                minInterval);
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
     * @param minInterval zero: any
     */
    public record Defaults(
            Duration pollInterval,
            Duration timeout,
            @Nullable Boolean cancelAtDeadline,
            boolean parkUnclear,
            IfRunning ifRunning,
            List<String> artifacts,
            OnFailure.Defaults onFailure,
            Coalesce.Defaults coalesce,
            Duration minInterval) {
        public Defaults {
            artifacts = List.copyOf(artifacts);
        }

        /** Defaults with which the first run is the only one, and each command has its own. */
        public Defaults(
                Duration pollInterval,
                Duration timeout,
                @Nullable Boolean cancelAtDeadline,
                boolean parkUnclear,
                IfRunning ifRunning,
                List<String> artifacts) {
            this(
                    pollInterval,
                    timeout,
                    cancelAtDeadline,
                    parkUnclear,
                    ifRunning,
                    artifacts,
                    OnFailure.Defaults.NONE,
                    Coalesce.Defaults.NONE,
                    Duration.ZERO);
        }
    }
}
