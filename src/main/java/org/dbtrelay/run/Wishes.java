package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What somebody says about how a command is to be carried out: the command itself, or the configuration of its job or its
 * connection. What is null is left to the next of them.
 *
 * @param timeout from acceptance
 * @param cancelAtDeadline see {@link Terms}
 * @param parkUnclear see {@link Terms}
 * @param artifacts empty: none
 */
public record Wishes(
        @Nullable Duration pollInterval,
        @Nullable Duration timeout,
        @Nullable Boolean cancelAtDeadline,
        @Nullable Boolean parkUnclear,
        @Nullable IfRunning ifRunning,
        @Nullable List<ArtifactWish> artifacts) {

    /** Everything as configured. */
    public static final Wishes NONE = new Wishes(null, null, null, null, null, null);

    public Wishes {
        artifacts = artifacts == null ? null : List.copyOf(artifacts);
    }

    /** The same, with gaps filled by what somebody else says. */
    Wishes or(Wishes other) {
        return new Wishes(
                pollInterval == null ? other.pollInterval : pollInterval,
                timeout == null ? other.timeout : timeout,
                cancelAtDeadline == null ? other.cancelAtDeadline : cancelAtDeadline,
                parkUnclear == null ? other.parkUnclear : parkUnclear,
                ifRunning == null ? other.ifRunning : ifRunning,
                artifacts == null ? other.artifacts : artifacts);
    }

    /** What holds, where the configuration fills the gaps. */
    Terms over(Terms.Defaults defaults, Instant acceptedAt) {
        return new Terms(
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
