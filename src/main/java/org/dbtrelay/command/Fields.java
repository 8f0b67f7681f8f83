package org.dbtrelay.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The fields of a command, read strictly: a wrong type is a fault, never a guess. A field that is null counts as absent. */
final class Fields {

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
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        if (!node.isTextual()) {
            throw new BadField(field, "must be a string");
        }
        String text = node.textValue();
        if (text.isBlank() || text.length() > maxLength) {
            throw new BadField(field, "must have 1 to " + maxLength + " characters");
        }
        if (text.chars().anyMatch(c -> Character.isISOControl(c) && c != '\n' && c != '\t')) {
            throw new BadField(field, "must not have control characters");
        }
        return text;
    }

    /** One of the words, null if absent. */
    @Nullable
    String choice(String field, List<String> words) throws BadField {
        String text = text(field, 40);
        if (text != null && !words.contains(text)) {
            throw new BadField(field, "must be one of " + words);
        }
        return text;
    }

    /** A positive integer of 64 bits, null if absent. */
    @Nullable
    Long id(String field) throws BadField {
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() <= 0) {
            throw new BadField(field, "must be a positive integer of 64 bits, as a JSON number");
        }
        return node.longValue();
    }

    /** An ISO-8601 duration within bounds, null if absent. */
    @Nullable
    Duration duration(String field, Duration min, Duration max) throws BadField {
        String text = text(field, 40);
        if (text == null) {
            return null;
        }
        Duration duration;
        try {
            duration = Duration.parse(text);
        } catch (DateTimeParseException e) {
            throw new BadField(field, "must be an ISO-8601 duration such as PT30S or PT2H");
        }
        if (duration.compareTo(min) < 0 || duration.compareTo(max) > 0) {
            throw new BadField(field, "must be from " + min + " to " + max);
        }
        return duration;
    }

    /** A list of texts, null if absent. */
    @Nullable
    List<String> texts(String field, int maxCount, int maxLength) throws BadField {
        JsonNode node = node(field);
        if (node == null) {
            return null;
        }
        if (!node.isArray() || node.size() > maxCount) {
            throw new BadField(field, "must be a list of at most " + maxCount + " strings");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode element : node) {
            if (!element.isTextual()
                    || element.textValue().isBlank()
                    || element.textValue().length() > maxLength) {
                throw new BadField(field, "must hold only strings of 1 to " + maxLength + " characters");
            }
            texts.add(element.textValue());
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
            throw new BadField(field, "must be an object");
        }
        return found;
    }
}
