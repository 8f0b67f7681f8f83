package org.dbtrelay.dbtcloud.redaction;

import org.dbtrelay.run.job.Truncate;

/**
 * Takes terminal control out of a text: colours and other escape sequences (ECMA-48), whole or written out as {@code
 * \u001b[31m}, and control characters but tabs and ends of lines. A lone surrogate becomes U+FFFD. It reads each character a
 * bounded number of times.
 */
final class ControlSequences {

    private static final char ESC = '\u001b';
    private static final char BELL = '\u0007';
    private static final char CSI = '\u009b';
    private static final char ST = '\u009c';

    /** How some programs write an escape character out. */
    private static final String[] WRITTEN = {"\\u001b[", "\\x1b[", "\\033[", "\\e["};

    /** Longest parameters of a colour whose escape character is missing or written out. */
    private static final int LONGEST_PARAMETERS = 24;

    private ControlSequences() {}

    /** The text without them. */
    static String strip(CharSequence text) {
        int length = text.length();
        StringBuilder plain = new StringBuilder(length);
        int at = 0;
        while (at < length) {
            char c = text.charAt(at);
            int end = sequence(text, at, c);
            if (end > at) {
                at = end;
                continue;
            }
            int character = Character.codePointAt(text, at);
            if (isHalf(character)) {
                plain.append('\uFFFD');
            } else if (!Character.isISOControl(c) || c == '\n' || c == '\r' || c == '\t') {
                plain.appendCodePoint(character);
            }
            at += Character.charCount(character);
        }
        return plain.toString();
    }

    /** JSON's escapes can name one half of a surrogate pair, but UTF-8 has no bytes for it. */
    private static boolean isHalf(int character) {
        return character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE;
    }

    /** As {@link #strip}, at most so long, with an ellipsis where something was cut away. */
    static String strip(int longest, CharSequence text) {
        return Truncate.withEllipsis(longest, strip(text));
    }

    /** The end of the sequence that begins here; the same place if none does. */
    private static int sequence(CharSequence text, int at, char c) {
        return switch (c) {
            case ESC -> afterEscape(text, at + 1);
            case CSI -> afterParameters(text, at + 1);
            case '\\' -> writtenOut(text, at);
            case '[' -> colour(text, at);
            default -> at;
        };
    }

    private static int afterEscape(CharSequence text, int at) {
        if (at == text.length()) {
            return at;
        }
        return switch (text.charAt(at)) {
            case '[' -> afterParameters(text, at + 1);
            case ']', 'P', '_', '^', 'X' -> afterString(text, at + 1);
            default -> afterIntermediates(text, at);
        };
    }

    private static int afterParameters(CharSequence text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '?') {
            at++;
        }
        return afterIntermediates(text, at);
    }

    private static int afterIntermediates(CharSequence text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) >= ' ' && text.charAt(at) <= '/') {
            at++;
        }
        boolean hasFinal = at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '~';
        return hasFinal ? at + 1 : at;
    }

    /** A title, a link's address and the like: up to its terminator, or to the end of the line. */
    private static int afterString(CharSequence text, int from) {
        for (int at = from; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == BELL || c == ST) {
                return at + 1;
            }
            if (c == ESC || c == '\n' || c == '\r') {
                // The escape character begins the terminator, which goes as a sequence of its own.
                return at;
            }
        }
        return text.length();
    }

    private static int writtenOut(CharSequence text, int at) {
        for (String written : WRITTEN) {
            if (startsWith(text, at, written)) {
                int end = afterColour(text, at + written.length());
                return end < 0 ? at : end;
            }
        }
        return at;
    }

    /** A colour from its bracket on: what is left where something took only the escape character out. */
    private static int colour(CharSequence text, int bracket) {
        int end = afterColour(text, bracket + 1);
        return end <= bracket + 2 ? bracket : end;
    }

    /** The end of the parameters and the m of a colour; negative if there is none. */
    private static int afterColour(CharSequence text, int from) {
        int last = Math.min(text.length(), from + LONGEST_PARAMETERS);
        for (int at = from; at < last; at++) {
            char c = text.charAt(at);
            if (c == 'm') {
                return at + 1;
            }
            if ((c < '0' || c > '9') && c != ';') {
                return -1;
            }
        }
        return -1;
    }

    private static boolean startsWith(CharSequence text, int from, String word) {
        if (from + word.length() > text.length()) {
            return false;
        }
        for (int i = 0; i < word.length(); i++) {
            if (Character.toLowerCase(text.charAt(from + i)) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
