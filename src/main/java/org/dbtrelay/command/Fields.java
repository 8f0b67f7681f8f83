package org.dbtrelay.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a command, read strictly: a wrong type is a fault, never a guess. A field that is null counts as absent. The
 * message of a fault tells the field, the rule, and what was found.
 */
final class Fields {

    /** RFC 3339, which is stricter than Java: with seconds, and an offset of hours and minutes. */
    private static final Pattern TIME = Pattern.compile(
            "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:\\d\\d)", Pattern.CASE_INSENSITIVE);

    private static final int LONGEST_WORD = 40;

    private final ObjectNode object;

    Fields(ObjectNode object) {
        this.object = object;
    }

    boolean has(String field) {
        return object.hasNonNull(field);
    }

    @Nullable
    JsonNode node(String field) {
        return object.hasNonNull(field) ? object.get(field) : null;
    }

    /** A text of the given length, null if absent. */
    @Nullable
    String text(String field, int maxLength) throws BadField {
        String text = string(field, "must be a string");
        if (text == null) {
            return null;
        }
        if (text.isBlank() || text.length() > maxLength) {
            throw new BadField(
                    field,
                    "must have 1 to " + maxLength + " characters; found "
                            + (text.isBlank() ? "a blank string" : text.length()));
        }
        if (text.chars().anyMatch(c -> Character.isISOControl(c) && c != '\n' && c != '\t')) {
            throw new BadField(field, "must not have control characters");
        }
        return text;
    }

    /** An id of a command, null if absent. */
    @Nullable
    String commandId(String field, int maxLength) throws BadField {
        String id = text(field, maxLength);
        if (id != null && id.chars().anyMatch(Character::isISOControl)) {
            throw new BadField(field, "must have printable characters only");
        }
        return id;
    }

    /** One of the words, null if absent. */
    @Nullable
    String choice(String field, List<String> words) throws BadField {
        String rule = "must be one of " + words;
        String text = string(field, rule);
        if (text != null && !words.contains(text)) {
            throw new BadField(field, rule + "; found '" + Quoted.text(text) + "'");
        }
        return text;
    }

    /** True or false, null if absent. */
    @Nullable
    Boolean flag(String field) throws BadField {
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        if (!node.isBoolean()) {
            throw new BadField(field, "must be true or false; found " + Quoted.kind(node));
        }
        return node.booleanValue();
    }

    /** A positive integer of 64 bits, null if absent. */
    @Nullable
    Long id(String field) throws BadField {
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        boolean integer = node.isIntegralNumber();
        if (!integer || !node.canConvertToLong() || node.longValue() <= 0) {
            throw new BadField(
                    field,
                    "must be a positive integer of 64 bits, as a JSON number; found "
                            + (integer ? "an integer out of these bounds" : Quoted.kind(node)));
        }
        return node.longValue();
    }

    /** An ISO-8601 duration within bounds, null if absent. */
    @Nullable
    Duration duration(String field, Duration min, Duration max) throws BadField {
        String rule = "must be an ISO-8601 duration such as PT30S or PT2H";
        String text = string(field, rule);
        if (text == null) {
            return null;
        }
        Duration duration;
        try {
            if (text.length() > LONGEST_WORD) {
                throw new BadField(field, rule + "; found a longer string");
            }
            duration = Duration.parse(text);
        } catch (DateTimeException e) {
            throw new BadField(field, rule + "; found '" + Quoted.text(text) + "'");
        }
        if (duration.compareTo(min) < 0 || duration.compareTo(max) > 0) {
            throw new BadField(field, "must be from " + min + " to " + max + "; found " + duration);
        }
        return duration;
    }

    /** A time, null if absent. */
    @Nullable
    Instant time(String field) throws BadField {
        String rule =
                "must be a time in RFC 3339 with an offset, such as 2026-11-22T18:00:00Z or 2026-11-22T19:00:00+01:00";
        String text = string(field, rule);
        if (text == null) {
            return null;
        }
        try {
            if (TIME.matcher(text).matches()) {
                return OffsetDateTime.parse(text.toUpperCase(Locale.ROOT)).toInstant();
            }
        } catch (DateTimeException e) {
            // A day or an hour that there is not: the same answer.
        }
        throw new BadField(field, rule + "; found '" + Quoted.text(text) + "'");
    }

    /** A list, null if absent; what is in it is for the caller to look at. */
    @Nullable
    List<JsonNode> list(String field, int minCount, int maxCount, String what) throws BadField {
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        String rule = "must be a list of " + minCount + " to " + maxCount + " " + what;
        if (!node.isArray()) {
            throw new BadField(field, rule + "; found " + Quoted.kind(node));
        }
        if (node.size() < minCount || node.size() > maxCount) {
            throw new BadField(field, rule + "; found " + node.size());
        }
        List<JsonNode> elements = new ArrayList<>();
        node.forEach(elements::add);
        return elements;
    }

    /** A list of texts, null if absent. */
    @Nullable
    List<String> texts(String field, int minCount, int maxCount, int maxLength) throws BadField {
        List<JsonNode> elements = list(field, minCount, maxCount, "strings");
        if (elements == null) {
            return null;
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode element : elements) {
            String rule = "must hold only strings of 1 to " + maxLength + " characters";
            if (!element.isTextual()) {
                throw new BadField(field, rule + "; found " + Quoted.kind(element));
            }
            String text = element.textValue();
            if (text.isBlank() || text.length() > maxLength) {
                throw new BadField(field, rule + "; found " + (text.isBlank() ? "a blank one" : "a longer one"));
            }
            texts.add(text);
        }
        return List.copyOf(texts);
    }

    /** An object, null if absent. */
    @Nullable
    ObjectNode object(String field) throws BadField {
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        if (!(node instanceof ObjectNode found)) {
            throw new BadField(field, "must be an object; found " + Quoted.kind(node));
        }
        return found;
    }

    /** The members of an object, of which only these are known; null if it is absent. */
    @Nullable
    Fields members(String field, List<String> known) throws BadField {
        @Nullable ObjectNode found = object(field);
        if (found == null) {
            return null;
        }
        for (Iterator<String> names = found.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!known.contains(name)) {
                throw new BadField(field, "must hold only " + known + "; found '" + Quoted.text(name) + "'");
            }
        }
        return new Fields(found);
    }

    private @Nullable String string(String field, String rule) throws BadField {
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        if (!node.isTextual()) {
            throw new BadField(field, rule + "; found " + Quoted.kind(node));
        }
        return node.textValue();
    }
}
