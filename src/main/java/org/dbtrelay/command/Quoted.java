package org.dbtrelay.command;

import com.fasterxml.jackson.databind.JsonNode;

/** Text that somebody sent, made fit for a message: short, on one line, and without halves of characters. */
final class Quoted {

    private static final int LONGEST = 60;

    private Quoted() {}

    /** A name or a value of the sender's. */
    static String text(String text) {
        return text(text, LONGEST);
    }

    /** As {@link #text(String)}, with another length. */
    static String text(String text, int longest) {
        StringBuilder shown = new StringBuilder();
        int taken = 0;
        while (taken < text.length() && taken < longest) {
            int character = text.codePointAt(taken);
            boolean fit = !Character.isISOControl(character)
                    && !(character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE);
            shown.appendCodePoint(fit ? character : '\uFFFD');
            taken += Character.charCount(character);
        }
        return taken < text.length() ? shown.append('…').toString() : shown.toString();
    }

    /** The kind of a value, in words. */
    static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case STRING -> "a string";
            case BOOLEAN -> "a boolean";
            case ARRAY -> "a list";
            case OBJECT -> "an object";
            case NULL, MISSING -> "null";
            case NUMBER -> node.isIntegralNumber() ? "an integer" : "a number with a fraction or an exponent";
            case BINARY, POJO -> throw new IllegalStateException("JSON has no " + node.getNodeType());
        };
    }
}
