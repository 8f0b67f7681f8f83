package org.dbtrelay.run.command;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The options that the command itself sets, or the configuration of its job or its
 * connection. A null is left to the next of them.
 *
 * @param timeout from acceptance
 * @param cancelAtDeadline see {@link RunOptions}
 * @param parkUnclear see {@link RunOptions}
 * @param artifacts empty: none
 * @param onFailure each of its parts may be left to the next, too
 * @param coalesce likewise
 * @param minInterval zero: any; only the configuration says something about it
 */
public record RequestedOptions(
        @Nullable Duration pollInterval,
        @Nullable Duration timeout,
        @Nullable Boolean cancelAtDeadline,
        @Nullable Boolean parkUnclear,
        @Nullable IfRunning ifRunning,
        @Nullable List<ArtifactWish> artifacts,
        OnFailure.@Nullable Requested onFailure,
        Coalesce.@Nullable Requested coalesce,
        @Nullable Duration minInterval) {

    /** Everything as configured. */
    public static final RequestedOptions NONE =
            new RequestedOptions(null, null, null, null, null, null, null, null, null);

    public RequestedOptions {
        artifacts = artifacts == null ? null : List.copyOf(artifacts);
    }

    /** Options that say nothing about failed runs. */
    public RequestedOptions(
            @Nullable Duration pollInterval,
            @Nullable Duration timeout,
            @Nullable Boolean cancelAtDeadline,
            @Nullable Boolean parkUnclear,
            @Nullable IfRunning ifRunning,
            @Nullable List<ArtifactWish> artifacts) {
        this(pollInterval, timeout, cancelAtDeadline, parkUnclear, ifRunning, artifacts, null);
    }

    /** Options that say nothing about other commands of the job. */
    public RequestedOptions(
            @Nullable Duration pollInterval,
            @Nullable Duration timeout,
            @Nullable Boolean cancelAtDeadline,
            @Nullable Boolean parkUnclear,
            @Nullable IfRunning ifRunning,
            @Nullable List<ArtifactWish> artifacts,
            OnFailure.@Nullable Requested onFailure) {
        this(pollInterval, timeout, cancelAtDeadline, parkUnclear, ifRunning, artifacts, onFailure, null, null);
    }

    /** The same, with gaps filled by what somebody else says. */
    public RequestedOptions or(RequestedOptions other) {
        return new RequestedOptions(
                pollInterval == null ? other.pollInterval : pollInterval,
                timeout == null ? other.timeout : timeout,
                cancelAtDeadline == null ? other.cancelAtDeadline : cancelAtDeadline,
                parkUnclear == null ? other.parkUnclear : parkUnclear,
                ifRunning == null ? other.ifRunning : ifRunning,
                artifacts == null ? other.artifacts : artifacts,
                OnFailure.Requested.of(onFailure, other.onFailure),
                Coalesce.Requested.of(coalesce, other.coalesce),
                minInterval == null ? other.minInterval : minInterval);
    }

    /** The options that hold, with gaps filled from the configuration. */
    RunOptions over(RunOptions.Defaults defaults, Instant acceptedAt) {
        return new RunOptions(
                pollInterval == null ? defaults.pollInterval() : pollInterval,
                acceptedAt.plus(timeout == null ? defaults.timeout() : timeout),
                cancelAtDeadline == null ? defaults.cancelAtDeadline() : cancelAtDeadline,
                parkUnclear == null ? defaults.parkUnclear() : parkUnclear,
                ifRunning == null ? defaults.ifRunning() : ifRunning,
                artifacts == null
                        ? defaults.artifacts().stream().map(ArtifactWish::of).toList()
                        : artifacts,
                (onFailure == null ? OnFailure.Requested.NONE : onFailure).over(defaults.onFailure()),
                (coalesce == null ? Coalesce.Requested.NONE : coalesce).over(defaults.coalesce()),
                positive(minInterval == null ? defaults.minInterval() : minInterval));
    }

    private static @Nullable Duration positive(Duration interval) {
        return interval.isPositive() ? interval : null;
    }
}
