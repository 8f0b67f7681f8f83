package org.dbtrelay.run.job;

/** Texts made shorter without dividing a character: half of a surrogate pair is no text, and UTF-8 has no bytes for it. */
public final class Truncate {

    private Truncate() {}

    /** The beginning of a text, at most so many UTF-16 units long. */
    public static String to(int longest, String text) {
        if (text.length() <= longest) {
            return text;
        }
        boolean dividesPair = longest > 0 && Character.isHighSurrogate(text.charAt(longest - 1));
        return text.substring(0, dividesPair ? longest - 1 : longest);
    }

    /** As {@link #to}, with an ellipsis as the last unit where something was cut away. */
    public static String withEllipsis(int longest, String text) {
        return text.length() <= longest ? text : to(longest - 1, text) + "…";
    }
}
