package org.dbtrelay.run.command;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What somebody says about how a command is to be carried out: the command itself, or the configuration of its job or its
 * connection. What is null is left to the next of them.
 *
 * @param timeout from acceptance
 * @param cancelAtDeadline see {@link RunOptions}
 * @param parkUnclear see {@link RunOptions}
 * @param artifacts empty: none
 */
public record RequestedOptions(
        @Nullable Duration pollInterval,
        @Nullable Duration timeout,
        @Nullable Boolean cancelAtDeadline,
        @Nullable Boolean parkUnclear,
        @Nullable IfRunning ifRunning,
        @Nullable List<ArtifactWish> artifacts) {

    /** Everything as configured. */
    public static final RequestedOptions NONE = new RequestedOptions(null, null, null, null, null, null);

    public RequestedOptions {
        artifacts = artifacts == null ? null : List.copyOf(artifacts);
    }

    /** The same, with gaps filled by what somebody else says. */
    public RequestedOptions or(RequestedOptions other) {
        return new RequestedOptions(
                pollInterval == null ? other.pollInterval : pollInterval,
                timeout == null ? other.timeout : timeout,
                cancelAtDeadline == null ? other.cancelAtDeadline : cancelAtDeadline,
                parkUnclear == null ? other.parkUnclear : parkUnclear,
                ifRunning == null ? other.ifRunning : ifRunning,
                artifacts == null ? other.artifacts : artifacts);
    }

    /** What holds, where the configuration fills the gaps. */
    RunOptions over(RunOptions.Defaults defaults, Instant acceptedAt) {
        return new RunOptions(
                pollInterval == null ? defaults.pollInterval() : pollInterval,
                acceptedAt.plus(timeout == null ? defaults.timeout() : timeout),
                cancelAtDeadline == null ? defaults.cancelAtDeadline() : cancelAtDeadline,
                parkUnclear == null ? defaults.parkUnclear() : parkUnclear,
                ifRunning == null ? defaults.ifRunning() : ifRunning,
                artifacts == null
                        ? defaults.artifacts().stream().map(ArtifactWish::of).toList()
                        : artifacts);
    }
}
