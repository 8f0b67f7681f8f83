package org.dbtrelay.artifact;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/** Reads dbt's JSON artifacts token by token: they can be of any size, and nobody vouches for what is in them. */
public final class DbtJson {

    private static final int DEEPEST = 200;
    private static final int LONGEST_TIME = 100;
    /** Of what is read; what is skipped may be longer. */
    private static final int LONGEST_STRING = 1024 * 1024;

    /** Names are not kept: a manifest has as many different ones as the project has nodes and columns. */
    private static final JsonFactory FACTORY = factory();

    private DbtJson() {}

    private static JsonFactory factory() {
        return JsonFactory.builder()
                .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                // The caller opened the stream and closes it.
                .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
                // Python writes them.
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(DEEPEST)
                        .maxStringLength(LONGEST_STRING)
                        .build())
                .build();
    }

    /** Uses a field: the parser stands on its value, and must be left on its end. */
    @FunctionalInterface
    public interface Field {
        /** False: enough has been read. */
        boolean read(String name, JsonParser value) throws IOException;
    }

    /**
     * Reads the fields of the object that the bytes are.
     *
     * @throws com.fasterxml.jackson.core.JacksonException if they are no JSON object
     * @throws IOException the transfer broke
     */
    public static void readObject(InputStream bytes, Field field) throws IOException {
        try (JsonParser parser = FACTORY.createParser(bytes)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new JsonParseException(parser, "no JSON object");
            }
            fields(parser, field);
        }
    }

    /** Reads the fields of the object that the parser stands on; of anything else, nothing. */
    public static void fields(JsonParser parser, Field field) throws IOException {
        if (!parser.isExpectedStartObjectToken()) {
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            if (!field.read(name, parser)) {
                return;
            }
        }
    }

    /** Uses an element of an array: the parser stands on it, and must be left on its end. */
    @FunctionalInterface
    public interface Element {
        /** Reads it. */
        void read(JsonParser value) throws IOException;
    }

    /** Reads the elements of the array that the parser stands on; of anything else, none. */
    public static void elements(JsonParser parser, Element element) throws IOException {
        if (!parser.isExpectedStartArrayToken()) {
            parser.skipChildren();
            return;
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() == null) {
                throw new JsonParseException(parser, "an array without end");
            }
            element.read(parser);
        }
    }

    /** The text of a string; null for anything else, which is skipped. */
    public static @Nullable String string(JsonParser parser) throws IOException {
        parser.skipChildren();
        return parser.currentToken() == JsonToken.VALUE_STRING ? parser.getText() : null;
    }

    /** A number that is one; null for anything else, which is skipped. */
    public static @Nullable Double number(JsonParser parser) throws IOException {
        parser.skipChildren();
        if (parser.currentToken() == null || !parser.currentToken().isNumeric()) {
            return null;
        }
        double number = parser.getDoubleValue();
        return Double.isFinite(number) ? number : null;
    }

    /** A whole number that is not negative, such as a number of rows; null for anything else, which is skipped. */
    public static @Nullable Long count(JsonParser parser) throws IOException {
        @Nullable Double number = number(parser);
        return number == null || number < 0 || number >= Long.MAX_VALUE || number != Math.rint(number)
                ? null
                : Long.valueOf(number.longValue());
    }

    /** A time in UTC; null for anything else, which is skipped. */
    public static @Nullable Instant instant(JsonParser parser) throws IOException {
        @Nullable String text = string(parser);
        if (text == null || text.length() > LONGEST_TIME) {
            return null;
        }
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            return null;
        }
    }
}
