package org.dbtrelay.config;

import io.smallrye.config.WithDefault;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/** {@code relay.connections.<name>.webhook}: the account's webhook subscription, if the relay is to look after it. */
public interface WebhookConfig {
    /** Whether the relay creates the subscription, keeps it active, and knows its secret. */
    @WithDefault("false")
    boolean manage();

    /** The address at which dbt Cloud reaches the relay. */
    Optional<URI> url();

    /** The interval between two checks of the subscription. */
    @WithDefault("5m")
    Duration interval();
}
