package org.dbtrelay.ledger.entry;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;

/**
 * Reads times as the ledger has them, {@code 2026-11-22T10:00:00.123456789Z}. A claim may read millions of them, and with
 * {@link Instant#parse} that was more than half of its work. Other forms are left to that method.
 */
final class InstantReader extends StdScalarDeserializer<Instant> {

    private static final long serialVersionUID = 1L;
    private static final String SHAPE = "dddd-dd-ddTdd:dd:dd";
    private static final int NANO_DIGITS = 9;

    InstantReader() {
        super(Instant.class);
    }

    @Override
    public Instant deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        String text = parser.getText();
        try {
            return read(text);
        } catch (DateTimeException e) {
            throw InvalidFormatException.from(parser, e.getMessage(), text, Instant.class);
        }
    }

    /**
     * The time that is written so.
     *
     * @throws DateTimeException if it is none
     */
    static Instant read(String text) {
        return isPlain(text) ? readPlain(text) : Instant.parse(text);
    }

    /** Whether a text has the common shape, with up to nine digits behind the seconds; the values are not checked. */
    private static boolean isPlain(String text) {
        int end = text.length() - 1;
        if (end < SHAPE.length() || end > SHAPE.length() + 1 + NANO_DIGITS || text.charAt(end) != 'Z') {
            return false;
        }
        for (int i = 0; i < end; i++) {
            char wanted = i < SHAPE.length() ? SHAPE.charAt(i) : i == SHAPE.length() ? '.' : 'd';
            char is = text.charAt(i);
            if (wanted == 'd' ? is < '0' || is > '9' : is != wanted) {
                return false;
            }
        }
        // Leap seconds, and the midnight at the end of a day, are for those who know about them.
        return end != SHAPE.length() + 1
                && number(text, 11, 2) < 24
                && number(text, 14, 2) < 60
                && number(text, 17, 2) < 60;
    }

    private static Instant readPlain(String text) {
        long day = LocalDate.of(number(text, 0, 4), number(text, 5, 2), number(text, 8, 2))
                .toEpochDay();
        long second = ((day * 24 + number(text, 11, 2)) * 60 + number(text, 14, 2)) * 60 + number(text, 17, 2);
        int digits = Math.max(0, text.length() - SHAPE.length() - 2);
        long nanos = number(text, SHAPE.length() + 1, digits);
        for (int i = digits; i < NANO_DIGITS; i++) {
            nanos *= 10;
        }
        return Instant.ofEpochSecond(second, nanos);
    }

    private static int number(String text, int from, int digits) {
        int number = 0;
        for (int i = from; i < from + digits; i++) {
            number = number * 10 + text.charAt(i) - '0';
        }
        return number;
    }
}
