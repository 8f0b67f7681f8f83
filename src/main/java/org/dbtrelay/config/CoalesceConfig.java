package org.dbtrelay.config;

import java.time.Duration;
import java.util.Optional;

/** {@code coalesce} of {@code relay.jobs.<job id>} and {@code relay.connections.<name>.terms}: as {@code relay.run.coalesce}. */
public interface CoalesceConfig {
    /** As {@code relay.run.coalesce.enabled}. */
    Optional<Boolean> enabled();

    /** As {@code relay.run.coalesce.quiet}; who sets it enables it, too. */
    Optional<Duration> quiet();

    /** As {@code relay.run.coalesce.at-most}. */
    Optional<Duration> atMost();
}
