package org.dbtrelay.dbtcloud.paging;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in a {@link Listing}, as a text that can be handed out and taken back.
 *
 * @param offset how many rows are before it
 * @param lastId the id of the row before it; 0 if there is none
 */
public record Cursor(int offset, long lastId) {

    static final Cursor BEGINNING = new Cursor(0, 0);

    private static final Pattern TEXT = Pattern.compile("(\\d{1,9})-(\\d{1,18})");

    /** Reads what {@link #text} gave; refuses anything else with an {@link IllegalArgumentException}. */
    public static Cursor of(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("this is no cursor that was given out");
        }
        return new Cursor(Integer.parseInt(parts.group(1)), Long.parseLong(parts.group(2)));
    }

    /** The cursor as a text. */
    public String text() {
        return offset + "-" + lastId;
    }
}
