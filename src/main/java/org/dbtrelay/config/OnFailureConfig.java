package org.dbtrelay.config;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import org.dbtrelay.run.command.OnFailure;

/** {@code on-failure} of {@code relay.jobs.<job id>} and {@code relay.connections.<name>.terms}: as {@code relay.run.on-failure}. */
public interface OnFailureConfig {
    /** As {@code relay.run.on-failure.retries}. */
    OptionalInt retries();

    /** As {@code relay.run.on-failure.delay}. */
    Optional<Duration> delay();

    /** As {@code relay.run.on-failure.backoff}. */
    Optional<Double> backoff();

    /** As {@code relay.run.on-failure.when}. */
    Optional<OnFailure.When> when();

    /** As {@code relay.run.on-failure.how}. */
    Optional<OnFailure.How> how();
}
