package org.dbtrelay.lineage.naming;

import org.jspecify.annotations.Nullable;

/**
 * A table or a view, as dbt's manifest tells of it.
 *
 * @param database null where the adapter has none; of BigQuery the project, of Trino the catalog
 * @param schema null where the adapter has none; of BigQuery the dataset
 * @param identifier the name of the table or view itself
 */
public record Relation(@Nullable String database, @Nullable String schema, String identifier) {}
