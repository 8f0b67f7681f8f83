package org.dbtrelay.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dbtrelay.run.command.IfRunning;

/**
 * {@code relay.jobs.<job id>} and {@code relay.connections.<name>.terms}: as {@code relay.poll}, {@code relay.run} and
 * {@code relay.artifacts}, for the commands of one job or one connection.
 */
public interface TermsConfig {
    /** As {@code relay.poll.interval}. */
    Optional<Duration> pollInterval();

    /** As {@code relay.run.timeout}. */
    Optional<Duration> timeout();

    /** As {@code relay.run.on-timeout}. */
    Optional<OnTimeout> onTimeout();

    /** As {@code relay.run.if-running}. */
    Optional<IfRunning> ifRunning();

    /** As {@code relay.run.on-unclear}. */
    Optional<OnUnclear> onUnclear();

    /** As {@code relay.run.on-failure}. */
    OnFailureConfig onFailure();

    /** As {@code relay.run.coalesce}. */
    CoalesceConfig coalesce();

    /** As {@code relay.run.min-interval}. */
    Optional<Duration> minInterval();

    /** As {@code relay.artifacts.paths}. */
    Optional<List<String>> artifacts();
}
