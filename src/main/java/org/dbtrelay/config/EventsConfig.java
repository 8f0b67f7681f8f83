package org.dbtrelay.config;

import io.smallrye.config.WithDefault;

/** {@code relay.events}, a part of {@link RelayConfig}. */
public interface EventsConfig {

    /** Where the attributes of the CloudEvents stand: in headers, or in the value around the data. */
    @WithDefault("binary")
    EventMode mode();
}
