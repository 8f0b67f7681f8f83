package org.dbtrelay.config;

import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code relay.openlineage}: lineage of the runs that the relay follows, as OpenLineage events. */
public interface OpenLineageConfig {

    /** Whether the relay tells the lineage of runs. */
    @WithDefault("false")
    boolean enabled();

    /** The topic of lineage events; absent: {@value LineageTopic#DEFAULT}, or none if there is an address. */
    Optional<String> topic();

    /** The address of a server that takes OpenLineage events over HTTP. */
    Optional<URI> url();

    /** The key that the server wants. */
    Optional<String> apiKey();

    /** A file that holds the key; it is read again when it changes. */
    Optional<Path> apiKeyFile();

    /** The namespace of all jobs; absent: dbt Cloud's host and the account of the run. */
    Optional<String> namespace();

    /** The connections whose runs are told of, by name; absent: all. */
    Optional<Set<String>> connections();

    /** The jobs whose runs are told of, by id; absent: all. */
    Optional<Set<Long>> jobs();

    /** How tests are told. */
    @WithDefault("aggregate")
    LineageTests tests();

    /** The namespace of datasets, by the id of dbt Cloud's environment, or by the name of a connection of the relay. */
    Map<String, String> datasetNamespace();

    /** The lineage of runs that ended longer ago is not told any more. */
    @WithDefault("7d")
    Duration maxAge();
}
