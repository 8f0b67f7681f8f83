package org.dbtrelay.config;

import java.util.Optional;

/** The topic of lineage events. */
public final class LineageTopic {

    /** Where the configuration names neither a topic nor an address. */
    static final String DEFAULT = "dbt.lineage.events";

    private LineageTopic() {}

    /** The topic that a configuration means; empty if events go only to a server. */
    static Optional<String> named(OpenLineageConfig lineage) {
        return lineage.topic().isPresent() || lineage.url().isPresent() ? lineage.topic() : Optional.of(DEFAULT);
    }

    /** The topic that the relay writes; empty if there is none, or if lineage is off. */
    public static Optional<String> used(RelayConfig config) {
        return config.openLineage().enabled() ? named(config.openLineage()) : Optional.empty();
    }
}
