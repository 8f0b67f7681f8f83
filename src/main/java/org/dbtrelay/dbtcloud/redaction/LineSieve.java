package org.dbtrelay.dbtcloud.redaction;

import java.util.Arrays;
import java.util.Set;

/**
 * Keeps those lines of a JSON string that have one of some words in them, each whole, from the string's beginning and up to a bound,
 * while the string passes by byte by byte. Time is linear in the string, memory is bounded.
 */
final class LineSieve {

    /** All kept lines of a string together, in bytes of JSON. */
    static final int MOST_BYTES = 64 * 1024;

    /** A longer line is not kept, in bytes of JSON. */
    static final int LONGEST_LINE = 8 * 1024;

    private final Set<String> words;
    private byte[] line = new byte[256];
    private int lineEnd;
    private boolean tooLong;
    private byte[] kept = new byte[0];
    private int keptEnd;

    /** {@code words} are ASCII, as they stand in JSON. */
    LineSieve(Set<String> words) {
        this.words = Set.copyOf(words);
    }

    /** Another string begins. */
    void begin() {
        lineEnd = 0;
        tooLong = false;
        keptEnd = 0;
    }

    /** The next byte of the string. */
    void add(int octet) {
        if (lineEnd == LONGEST_LINE) {
            tooLong = true;
        }
        if (tooLong || isFull()) {
            return;
        }
        if (lineEnd == line.length) {
            line = Arrays.copyOf(line, 2 * lineEnd);
        }
        line[lineEnd++] = (byte) octet;
    }

    /** The line is over; the bytes that end it have been added. */
    void endLine() {
        if (!tooLong && !isFull() && hasWord()) {
            if (keptEnd + lineEnd > kept.length) {
                kept = Arrays.copyOf(kept, Math.max(keptEnd + lineEnd, 2 * kept.length));
            }
            System.arraycopy(line, 0, kept, keptEnd, lineEnd);
            keptEnd += lineEnd;
        }
        lineEnd = 0;
        tooLong = false;
    }

    /** The kept lines; valid up to {@link #length}. */
    byte[] bytes() {
        return kept;
    }

    int length() {
        return keptEnd;
    }

    private boolean isFull() {
        return keptEnd > MOST_BYTES - LONGEST_LINE;
    }

    private boolean hasWord() {
        for (String word : words) {
            if (has(word)) {
                return true;
            }
        }
        return false;
    }

    private boolean has(String word) {
        for (int at = 0; at <= lineEnd - word.length(); at++) {
            int i = 0;
            while (i < word.length() && line[at + i] == word.charAt(i)) {
                i++;
            }
            if (i == word.length()) {
                return true;
            }
        }
        return false;
    }
}
