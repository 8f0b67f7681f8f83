package org.dbtrelay.emulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.dbtrelay.emulator.Parameters.Kind;
import org.jspecify.annotations.Nullable;

/** The values of a request's query parameters; a value of the wrong kind is refused with dbt Cloud's kind of reason. */
final class Values {
    static final int MOST = 100;
    private static final Set<String> ORDERS = Set.of("id", "created_at", "finished_at");

    private final Query query;
    private final Map<String, Kind> kinds;

    Values(Query query, Map<String, Kind> kinds) {
        this.query = query;
        this.kinds = kinds;
    }

    /** Reads every value once, so that each wrong one is told of. */
    void checkAll() {
        Map<String, String> reasons = new LinkedHashMap<>();
        for (String name : query.names()) {
            try {
                value(name);
            } catch (IllegalArgumentException | DateTimeException e) {
                reasons.put(name, e.getMessage());
            }
        }
        if (!reasons.isEmpty()) {
            throw Refusal.badValues(reasons);
        }
    }

    private @Nullable Object value(String name) {
        return switch (Objects.requireNonNull(kinds.get(name))) {
            case INTEGER -> integer(name);
            case BOOLEAN -> bool(name);
            case TEXT, IGNORED -> text(name);
            case INTEGERS, INTEGERS_OR_REPEATED -> integers(name);
            case TEXTS -> texts(name);
            case TIME_RANGE -> range(name);
            case STATE -> state("all");
            case LIMIT -> limit();
            case OFFSET -> offset();
            case ORDER -> order("id");
            case FIELD_ORDER -> fieldOrder();
            case INCLUDE -> include();
        };
    }

    @Nullable
    String text(String name) {
        return query.last(name);
    }

    @Nullable
    Long integer(String name) {
        String text = query.last(name);
        return text == null ? null : (Long) parsed(text);
    }

    private static long parsed(String text) {
        if (!text.matches("-?[0-9]{1,18}")) {
            throw new IllegalArgumentException("'" + text + "' is not of type 'integer'");
        }
        return Long.parseLong(text);
    }

    @Nullable
    Boolean bool(String name) {
        String text = query.last(name);
        return switch (text) {
            case null -> null;
            case "true", "True", "1" -> true;
            case "false", "False", "0" -> false;
            default -> throw new IllegalArgumentException("'" + text + "' is not of type 'boolean'");
        };
    }

    /** A JSON array of integers; for some parameters repeated keys as well. Null if it is not there. */
    @Nullable
    List<Long> integers(String name) {
        List<String> all = query.all(name);
        if (all.isEmpty()) {
            return null;
        }
        if (kinds.get(name) == Kind.INTEGERS_OR_REPEATED && all.stream().allMatch(text -> text.matches("[0-9]{1,9}"))) {
            return all.stream().map(Long::valueOf).toList();
        }
        List<Long> numbers = new ArrayList<>();
        for (JsonNode item : jsonArray(name)) {
            if (!item.isIntegralNumber()) {
                throw notValid(name);
            }
            numbers.add(item.asLong());
        }
        return numbers;
    }

    /** A JSON array of texts, null if it is not there. */
    @Nullable
    List<String> texts(String name) {
        if (!query.has(name)) {
            return null;
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode item : jsonArray(name)) {
            if (!item.isTextual()) {
                throw notValid(name);
            }
            texts.add(item.asText());
        }
        return texts;
    }

    /** A JSON array of two times, null if it is not there; other forms of a range were seen to be refused. */
    @Nullable
    List<Instant> range(String name) {
        List<String> texts = texts(name);
        if (texts == null) {
            return null;
        }
        if (texts.size() != 2) {
            throw notValid(name);
        }
        return texts.stream().map(Values::time).toList();
    }

    private static Instant time(String text) {
        String iso = text.replaceFirst("^(\\d{4}-\\d\\d-\\d\\d) ", "$1T");
        if (iso.matches("\\d{4}-\\d\\d-\\d\\d")) {
            return LocalDate.parse(iso).atStartOfDay().toInstant(ZoneOffset.UTC);
        }
        if (iso.matches(".*(Z|[+-]\\d\\d:\\d\\d)")) {
            return OffsetDateTime.parse(iso).toInstant();
        }
        return LocalDateTime.parse(iso).toInstant(ZoneOffset.UTC);
    }

    /** 1 for active, 2 for deleted, null for all. */
    @Nullable
    Integer state(String byDefault) {
        String text = query.last("state");
        return switch (text == null ? byDefault : text) {
            case "active", "1" -> 1;
            case "deleted", "2" -> 2;
            case "all" -> null;
            case String other ->
                throw new IllegalArgumentException("'" + other + "' is not valid under any of the given schemas");
        };
    }

    int limit() {
        Long limit = integer("limit");
        if (limit == null) {
            return MOST;
        }
        if (limit > MOST) {
            throw new IllegalArgumentException(limit + " is greater than the maximum of " + MOST);
        }
        if (limit < 1) {
            throw new IllegalArgumentException(limit + " is less than the minimum of 1");
        }
        return limit.intValue();
    }

    int offset() {
        Long offset = integer("offset");
        if (offset == null) {
            return 0;
        }
        if (offset < 0) {
            throw new IllegalArgumentException(offset + " is less than the minimum of 0");
        }
        return Math.toIntExact(offset);
    }

    String order(String byDefault) {
        String text = query.last("order_by");
        if (text == null) {
            return byDefault;
        }
        if (!ORDERS.contains(text.startsWith("-") ? text.substring(1) : text)) {
            throw new IllegalArgumentException("'" + text + "' is not one of ['id', 'created_at', 'finished_at']");
        }
        return text;
    }

    /** The order of resources, by a field of theirs. */
    String fieldOrder() {
        String text = query.last("order_by");
        if (text != null && !text.matches("-?(id|name|created_at|updated_at|state|(account|project|environment)_id)")) {
            throw new IllegalArgumentException("'" + text + "' is not a field to order by");
        }
        return text == null ? "id" : text;
    }

    /** What is to be included: a comma list, a JSON list, a Python list, or repeated keys; all are in use. */
    Set<String> include() {
        Set<String> names = new LinkedHashSet<>();
        for (String text : query.all("include_related")) {
            Stream.of(text.replaceAll("[\\[\\]\"' ]", "").split(",", -1))
                    .filter(name -> !name.isEmpty())
                    .forEach(names::add);
        }
        return names;
    }

    /** What stands in {@code extra.filters}: all that applied, defaults as well. */
    ObjectNode echo(long accountId, @Nullable String stateByDefault) {
        ObjectNode filters = Envelope.object();
        filters.put("limit", limit());
        filters.put("offset", offset());
        if (stateByDefault != null) {
            String state = query.last("state");
            filters.put("state", state == null ? stateByDefault : state);
        }
        filters.put("account_id", accountId);
        for (String name : query.names()) {
            if (!filters.has(name) && !name.equals("include_related") && !name.equals("order_by")) {
                filters.set(
                        name,
                        Envelope.MAPPER.valueToTree(kinds.get(name) == Kind.TIME_RANGE ? texts(name) : value(name)));
            }
        }
        return filters;
    }

    private JsonNode jsonArray(String name) {
        if (query.all(name).size() != 1) {
            throw notValid(name);
        }
        try {
            JsonNode node = Envelope.MAPPER.readTree(query.last(name));
            if (node.isArray()) {
                return node;
            }
        } catch (JsonProcessingException e) {
            throw notValid(name);
        }
        throw notValid(name);
    }

    private IllegalArgumentException notValid(String name) {
        String text = String.join(",", query.all(name));
        return new IllegalArgumentException("'" + text + "' is not valid under any of the given schemas");
    }
}
