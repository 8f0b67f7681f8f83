package org.dbtrelay.dbtcloud.http;

import static org.dbtrelay.metrics.RelayLog.pair;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one of dbt Cloud's resources. Only a few have to be right; a value of another shape than everybody has seen so
 * far counts as absent and is said once, because one field that nobody asked for must not hide a run.
 *
 * @param kind what it is of, for the log
 */
public record WireFields(JsonNode node, String kind) {

    private static final RelayLog LOG = RelayLog.of(WireFields.class);
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    /** A whole number that decides; null if absent or null. */
    public @Nullable Long strict(String field) throws UnreadableAnswer {
        JsonNode value = node.path(field);
        Long number = whole(value);
        if (number == null && !isAbsent(value)) {
            throw new UnreadableAnswer("a " + kind + " with another kind of " + field);
        }
        return number;
    }

    /** A whole number. */
    public @Nullable Long number(String field) {
        JsonNode value = node.path(field);
        return known(field, value, whole(value));
    }

    /** A text. */
    public @Nullable String text(String field) {
        JsonNode value = node.path(field);
        return known(field, value, value.isTextual() ? value.textValue() : null);
    }

    /** Whether it is true. */
    public boolean flag(String field) {
        return Boolean.TRUE.equals(flagOrNull(field));
    }

    /** Whether it is true or false; null if it is neither. */
    public @Nullable Boolean flagOrNull(String field) {
        JsonNode value = node.path(field);
        return known(field, value, value.isBoolean() ? Boolean.valueOf(value.booleanValue()) : null);
    }

    /** The fields of an object in it. */
    public @Nullable WireFields object(String field) {
        JsonNode value = node.path(field);
        return known(field, value, value.isObject() ? new WireFields(value, kind + "." + field) : null);
    }

    /** A list in it. */
    public @Nullable JsonNode list(String field) {
        JsonNode value = node.path(field);
        return known(field, value, value.isArray() ? value : null);
    }

    private <T> @Nullable T known(String field, JsonNode value, @Nullable T read) {
        if (read == null && !isAbsent(value) && SAID.add(kind + "." + field)) {
            LOG.warn(
                    "dbt Cloud sends a field in a shape that is not known; it counts as absent. Said once for each field",
                    pair(LogKey.FIELD, kind + "." + field),
                    pair(LogKey.DETAIL, value.getNodeType()));
        }
        return read;
    }

    private static boolean isAbsent(JsonNode value) {
        return value.isMissingNode() || value.isNull();
    }

    /** Ids are numbers here and texts of digits there. */
    private static @Nullable Long whole(JsonNode value) {
        if (value.isTextual()) {
            String text = value.textValue();
            return text.matches("\\d{1,18}") ? Long.valueOf(text) : null;
        }
        return value.isIntegralNumber() && value.canConvertToLong() ? value.longValue() : null;
    }
}
