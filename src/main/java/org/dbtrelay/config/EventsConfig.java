package org.dbtrelay.config;

import io.smallrye.config.WithDefault;

/** {@code relay.events}, a part of {@link RelayConfig}. */
public interface EventsConfig {

    /** The place of the CloudEvents' attributes: in headers, or in the value around the data. */
    @WithDefault("binary")
    EventMode mode();
}
