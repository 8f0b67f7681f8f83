package org.dbtrelay.lineage.tell;

import java.util.Map;
import org.dbtrelay.config.LineageTests;
import org.dbtrelay.lineage.event.Facets;
import org.jspecify.annotations.Nullable;

/**
 * What lineage of a run needs beside the run.
 *
 * @param namespace of its jobs
 * @param host of dbt Cloud, without scheme
 * @param datasetNamespace as the configuration gives it; null: it gives none
 * @param connection the fields of the environment's connection in dbt Cloud; may be empty
 * @param repository where the project's source is, a URL; null while unknown
 * @param tests how tests are told
 * @param relayVersion the relay's
 */
public record Surroundings(
        String namespace,
        String host,
        @Nullable String datasetNamespace,
        Map<String, String> connection,
        @Nullable String repository,
        LineageTests tests,
        Facets facets,
        String relayVersion) {}
