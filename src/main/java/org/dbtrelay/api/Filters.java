package org.dbtrelay.api;

import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.UriInfo;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.paging.Cursor;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.jspecify.annotations.Nullable;

/**
 * The query of a request for a list: {@code limit} and {@code cursor}, and filters that bear dbt Cloud's names. Those that it
 * does not have are refused here, as it is not certain that it refuses them itself.
 */
final class Filters {

    static final Set<String> OF_PROJECTS = Set.of("name__icontains", "order_by", "pk", "pk__gt", "pk__in", "state");
    static final Set<String> OF_ENVIRONMENTS = Set.of(
            "credentials_id",
            "dbt_version",
            "dbt_version__in",
            "deployment_type",
            "deployment_type__in",
            "id__gt",
            "name",
            "name__icontains",
            "order_by",
            "pk",
            "pk__in",
            "state",
            "type");
    static final Set<String> OF_JOBS = Set.of(
            "dbt_version__in",
            "environment_id",
            "include_related",
            "is_fusion_ready",
            "is_system",
            "name__icontains",
            "order_by",
            "pk",
            "project_id",
            "project_id__in",
            "state",
            "triggers_schedule");
    static final Set<String> OF_RUNS = Set.of(
            "created_at__range",
            "dbt_version",
            "dbt_version__in",
            "deferring_run_id",
            "environment_id",
            "finished_at__range",
            "has_docs_generated",
            "has_sources_generated",
            "id__gt",
            "include_related",
            "job_definition_id",
            "order_by",
            "pk",
            "pk__in",
            "project_id",
            "project_id__in",
            "state",
            "status",
            "status__in");

    private final int limit;
    private final @Nullable Cursor cursor;
    private final Map<String, String> filters;

    private Filters(int limit, @Nullable Cursor cursor, Map<String, String> filters) {
        this.limit = limit;
        this.cursor = cursor;
        this.filters = filters;
    }

    /** Reads the query, which may have the named filters. */
    static Filters of(UriInfo uri, Set<String> allowed) {
        Map<String, String> filters = single(uri, allowed, Set.of("limit", "cursor"));
        String limit = filters.remove("limit");
        String cursor = filters.remove("cursor");
        filters.replaceAll(Filters::encoded);
        return new Filters(
                limit == null ? Listing.LARGEST_PAGE : limit(limit, Listing.LARGEST_PAGE),
                cursor == null ? null : cursor(cursor),
                filters);
    }

    /** The query's parameters, each once, none that is not named. */
    static Map<String, String> single(UriInfo uri, Set<String> allowed, Set<String> further) {
        MultivaluedMap<String, String> query = uri.getQueryParameters();
        Map<String, String> values = new LinkedHashMap<>();
        for (Map.Entry<String, List<String>> parameter : query.entrySet()) {
            String name = parameter.getKey();
            if (!allowed.contains(name) && !further.contains(name)) {
                throw new BadParameter(
                        name,
                        "there is no such parameter here; there are "
                                + java.util.stream.Stream.concat(allowed.stream(), further.stream())
                                        .sorted()
                                        .collect(Collectors.joining(", ")));
            }
            if (parameter.getValue().size() != 1) {
                throw new BadParameter(name, "it is given more than once; write a list with commas");
            }
            values.put(name, parameter.getValue().getFirst());
        }
        return values;
    }

    /** The number in a path or a query. */
    static long id(String name, String text) {
        if (!text.matches("[0-9]{1,18}")) {
            throw new BadParameter(name, "it must be a number");
        }
        return Long.parseLong(text);
    }

    /** How many rows the page has at most. */
    int limit() {
        return limit;
    }

    @Nullable
    Cursor cursor() {
        return cursor;
    }

    /** The filters as dbt Cloud wants them. */
    Map<String, String> filters() {
        return filters;
    }

    /** The number of rows of a page. */
    static int limit(String text, int largest) {
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > largest) {
            throw new BadParameter("limit", "it must be a number from 1 to " + largest);
        }
        return Integer.parseInt(text);
    }

    private static Cursor cursor(String text) {
        try {
            return Cursor.of(text);
        } catch (IllegalArgumentException e) {
            throw new BadParameter("cursor", "it must be a next_cursor that was given out");
        }
    }

    /** A list with commas, or one that is JSON already, as JSON. An id above which rows are listed must be one: pages go on from it. */
    private static String encoded(String name, String value) {
        if (name.endsWith("__gt")) {
            return String.valueOf(id(name, value));
        }
        boolean list = name.endsWith("__in") || name.endsWith("__range");
        if (!list || value.strip().startsWith("[")) {
            return value;
        }
        return Arrays.stream(value.split(",", -1))
                .map(String::strip)
                .map(item -> item.matches("-?[0-9]{1,18}") ? item : '"' + item.replaceAll("[\"\\\\]", "\\\\$0") + '"')
                .collect(Collectors.joining(",", "[", "]"));
    }
}
