package org.dbtrelay.dbtcloud.resources;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs to list; null: whichever. dbt Cloud lists active ones, unless a further parameter says otherwise.
 *
 * @param nameContains a part of the name, in any case
 * @param orderBy a field of the job, with a minus in front for the other direction; null: {@code id}
 * @param further any other filter of dbt Cloud's
 */
public record JobFilter(
        @Nullable Long projectId,
        @Nullable Long environmentId,
        @Nullable String nameContains,
        @Nullable String orderBy,
        Map<String, String> further) {

    /** Copies the map. */
    public JobFilter {
        further = Map.copyOf(further);
    }

    /** All active jobs, by id. */
    public static JobFilter all() {
        return new JobFilter(null, null, null, null, Map.of());
    }

    Map<String, String> parameters() {
        Map<String, String> parameters = new TreeMap<>(further);
        put(parameters, "project_id", projectId);
        put(parameters, "environment_id", environmentId);
        put(parameters, "name__icontains", nameContains);
        put(parameters, "order_by", orderBy);
        return parameters;
    }

    static void put(Map<String, String> parameters, String name, @Nullable Object value) {
        if (value != null) {
            parameters.put(name, value.toString());
        }
    }
}
