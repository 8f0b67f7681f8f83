package org.dbtrelay.emulator;

import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * The query parameters of each call, by the specification, and their kinds. The emulator refuses all others. If it is not strict, it
 * also takes those that published clients send.
 */
final class Parameters {
    enum Kind {
        INTEGER,
        BOOLEAN,
        TEXT,
        INTEGERS,
        /** Integers that may come as repeated keys as well, the way Airflow sends them. */
        INTEGERS_OR_REPEATED,
        TEXTS,
        TIME_RANGE,
        STATE,
        LIMIT,
        OFFSET,
        ORDER,
        /** An order by any field of a resource; only the runs list has a closed list. */
        FIELD_ORDER,
        /** Taken, and without a meaning. */
        IGNORED,
        INCLUDE
    }

    private static final Map<Endpoint, Map<String, Kind>> ALLOWED = new EnumMap<>(Endpoint.class);

    /** Airflow, Prefect and dbtc send the first, dbtc, dbt-cloud-cli and Prefect the second. */
    private static final Map<Endpoint, Map<String, Kind>> SENT_BY_CLIENTS = Map.of(
            Endpoint.LIST_ARTIFACTS, Map.of("step", Kind.INTEGER),
            Endpoint.GET_JOB, Map.of("order_by", Kind.IGNORED));

    static {
        put(Endpoint.LIST_ACCOUNTS, "");
        put(Endpoint.GET_ACCOUNT, "");
        put(Endpoint.LIST_PROJECTS, "limit offset order_by:o state pk:i pk__gt:i pk__in:I name__icontains:t");
        put(Endpoint.GET_PROJECT, "");
        put(
                Endpoint.LIST_ENVIRONMENTS,
                "limit offset order_by:o state pk:i pk__in:I id__gt:i project_id:i project_id__in:I credentials_id:i"
                        + " dbt_version:t dbt_version__in:T deployment_type:t deployment_type__in:T name:t"
                        + " name__icontains:t type:t");
        put(Endpoint.GET_ENVIRONMENT, "");
        put(Endpoint.GET_CONNECTION, "");
        put(
                Endpoint.LIST_JOBS,
                "limit offset order_by:o state pk:i environment_id:i project_id:i project_id__in:I dbt_version__in:T"
                        + " is_fusion_ready:b is_system:b name__icontains:t triggers_schedule:b");
        put(Endpoint.GET_JOB, "");
        put(Endpoint.GET_JOB_ARTIFACT, "");
        put(
                Endpoint.LIST_RUNS,
                "limit offset order_by state pk:i pk__in:I id__gt:i job_definition_id:i project_id:i project_id__in:I"
                        + " environment_id:i deferring_run_id:i status:i status__in:R dbt_version:t dbt_version__in:T"
                        + " created_at__range:r finished_at__range:r has_docs_generated:b has_sources_generated:b");
        put(Endpoint.GET_RUN, "");
        put(Endpoint.GET_RETRY, "");
        put(Endpoint.LIST_ARTIFACTS, "");
        put(Endpoint.GET_ARTIFACT, "step:i");
        put(Endpoint.GET_STEP, "");
        put(Endpoint.LIST_WEBHOOKS, "limit offset");
        put(Endpoint.GET_WEBHOOK, "");
        put(Endpoint.TEST_WEBHOOK, "");
        put(Endpoint.LIST_WEBHOOK_EVENTS, "");
    }

    private Parameters() {}

    /** The request's parameters, checked by name and by kind. */
    static Values check(Request request) {
        Map<String, Kind> documented = ALLOWED.get(request.endpoint());
        if (documented == null) {
            return new Values(request.query(), Map.of());
        }
        Map<String, Kind> allowed = new LinkedHashMap<>(documented);
        if (!request.strict()) {
            allowed.putAll(SENT_BY_CLIENTS.getOrDefault(request.endpoint(), Map.of()));
        }
        Collection<String> unknown = new TreeSet<>(request.query().names());
        unknown.removeAll(allowed.keySet());
        if (!unknown.isEmpty()) {
            throw Refusal.unknownNames(unknown);
        }
        Values values = new Values(request.query(), allowed);
        values.checkAll();
        return values;
    }

    private static void put(Endpoint endpoint, String list) {
        Map<String, Kind> kinds = new LinkedHashMap<>();
        kinds.put("include_related", Kind.INCLUDE);
        for (String item : list.split(" ", -1)) {
            if (!item.isEmpty()) {
                String[] parts = item.split(":", 2);
                kinds.put(parts[0], parts.length == 1 ? byName(parts[0]) : byLetter(parts[1]));
            }
        }
        ALLOWED.put(endpoint, kinds);
    }

    private static Kind byName(String name) {
        return switch (name) {
            case "limit" -> Kind.LIMIT;
            case "offset" -> Kind.OFFSET;
            case "order_by" -> Kind.ORDER;
            case "state" -> Kind.STATE;
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static Kind byLetter(String letter) {
        return switch (letter) {
            case "i" -> Kind.INTEGER;
            case "I" -> Kind.INTEGERS;
            case "R" -> Kind.INTEGERS_OR_REPEATED;
            case "b" -> Kind.BOOLEAN;
            case "t" -> Kind.TEXT;
            case "T" -> Kind.TEXTS;
            case "r" -> Kind.TIME_RANGE;
            case "o" -> Kind.FIELD_ORDER;
            default -> throw new IllegalArgumentException(letter);
        };
    }
}
