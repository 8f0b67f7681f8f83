package org.dbtrelay.lineage.project;

import java.util.List;
import org.dbtrelay.lineage.event.Facets.Column;
import org.jspecify.annotations.Nullable;

/**
 * What the manifest says of a node beside its place in the graph.
 *
 * @param description null without one; at most 4,000 characters
 * @param sql as it was run, without secrets, at most 32 KiB; null if the node is not SQL, or the manifest does not have it
 * @param path of its file in the project; null if the manifest does not tell
 * @param group null if it is in none
 * @param tags at most 50
 * @param materialized dbt's word; null if the manifest does not tell
 * @param version of a model that has several; null: it has none
 * @param columns as they are documented; not all of them need be
 */
public record NodeDetails(
        @Nullable String description,
        @Nullable String sql,
        @Nullable String path,
        @Nullable String group,
        List<String> tags,
        @Nullable String materialized,
        @Nullable String version,
        List<Column> columns) {

    /** Nothing is known. */
    public static final NodeDetails NONE = new NodeDetails(null, null, null, null, List.of(), null, null, List.of());

    /** Copies the lists. */
    public NodeDetails {
        tags = List.copyOf(tags);
        columns = List.copyOf(columns);
    }
}
