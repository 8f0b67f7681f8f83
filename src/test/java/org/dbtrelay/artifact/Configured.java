package org.dbtrelay.artifact;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.dbtrelay.config.RelayConfig;

/** The configuration that properties make. */
final class Configured {

    private Configured() {}

    static RelayConfig of(Map<String, String> properties) {
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RelayConfig.class)
                .withSources(new PropertiesConfigSource(properties, "test", 1000))
                .build()
                .getConfigMapping(RelayConfig.class);
    }
}
