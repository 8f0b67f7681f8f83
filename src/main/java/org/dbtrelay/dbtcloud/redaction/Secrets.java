package org.dbtrelay.dbtcloud.redaction;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Finds what looks like a secret in one pass over a text. There is no pattern that could backtrack: each kind is known by a
 * sign (a separator, a prefix, a frame), and looks at what follows it once. A text that one sign has
 * searched in vain is not searched again for the next sign, so the steps grow with the length and with nothing else.
 */
final class Secrets {

    private static final String BEGIN = "-----BEGIN ";
    private static final String END = "-----END ";
    private static final String PRIVATE_KEY = "PRIVATE KEY-----";

    /** Between BEGIN and PRIVATE KEY: the algorithm. */
    private static final int LONGEST_ALGORITHM = 30;

    private static final int SHORTEST_KEY_LINE = 16;

    private final CharSequence text;
    private final int length;
    private final List<Span> found = new ArrayList<>();
    private final KeyedSecrets keyed;
    private final SecretTokens tokens;

    /** How far the body of a key was followed, and what signs a URL. */
    private int keyUntil;

    private int signatureUntil;

    Secrets(CharSequence text) {
        this.text = text;
        this.length = text.length();
        this.keyed = new KeyedSecrets(text);
        this.tokens = new SecretTokens(text);
    }

    /** All of them, in order; none touches another. */
    List<Span> find() {
        for (int at = 0; at < length; at++) {
            switch (text.charAt(at)) {
                case ':' -> {
                    url(at);
                    keyed.separator(at, found);
                }
                case '=' -> keyed.separator(at, found);
                case '?', '&' -> signature(at);
                case '-' -> key(at);
                default -> tokens.at(at, found);
            }
        }
        return merged();
    }

    private List<Span> merged() {
        found.sort(Comparator.comparingInt(Span::begin));
        List<Span> merged = new ArrayList<>();
        for (Span span : found) {
            if (!merged.isEmpty() && span.begin() < merged.getLast().end()) {
                Span last = merged.removeLast();
                merged.add(new Span(last.begin(), Math.max(last.end(), span.end())));
            } else {
                merged.add(span);
            }
        }
        return merged;
    }

    /** The password of a URL. It ends at the first slash, so two of them share no character. */
    private void url(int colon) {
        if (!AsciiScan.startsWith(text, colon, "://") || colon < 2 || !AsciiScan.isWordLetter(text.charAt(colon - 1))) {
            return;
        }
        int at = colon + 3;
        while (at < length && isOfUserInfo(text.charAt(at)) && text.charAt(at) != ':') {
            at++;
        }
        if (at == length || text.charAt(at) != ':') {
            return;
        }
        int begin = at + 1;
        at = begin;
        int end = begin;
        while (at < length && (isOfUserInfo(text.charAt(at)) || text.charAt(at) == '@')) {
            // The last one: a password that nobody has encoded may have others.
            end = text.charAt(at) == '@' ? at : end;
            at++;
        }
        if (end > begin) {
            found.add(new Span(begin, end));
        }
    }

    private static boolean isOfUserInfo(char c) {
        return !AsciiScan.isBlank(c) && c != '/' && c != '@' && c != '"' && c != '\'';
    }

    /** The signature of a URL. */
    private void signature(int at) {
        if (at < signatureUntil) {
            return;
        }
        for (String name : List.of(
                "sig=", "x-amz-signature=", "x-amz-credential=", "x-amz-security-token=", "x-goog-signature=")) {
            if (AsciiScan.startsWithIgnoringCase(text, at + 1, name)) {
                int begin = at + 1 + name.length();
                int end = begin;
                while (end < length && isOfParameter(text.charAt(end))) {
                    end++;
                }
                if (end > begin) {
                    found.add(new Span(begin, end));
                    signatureUntil = end;
                }
            }
        }
    }

    private static boolean isOfParameter(char c) {
        return !AsciiScan.isBlank(c) && c != '&' && c != '"' && c != '\'';
    }

    /** A private key, also where only its beginning or its end is left of it. */
    private void key(int at) {
        if (at < keyUntil) {
            return;
        }
        int begun = frame(at, BEGIN);
        if (begun >= 0) {
            int end = begun;
            while (end < length && isOfKey(text.charAt(end))) {
                int ended = text.charAt(end) == '-' ? frame(end, END) : -1;
                if (ended >= 0) {
                    end = ended;
                    break;
                }
                end++;
            }
            found.add(new Span(at, end));
            keyUntil = end;
            return;
        }
        int ended = frame(at, END);
        if (ended >= 0) {
            found.add(new Span(beginOfBody(at), ended));
            keyUntil = ended;
        }
    }

    /** The end of {@code -----BEGIN RSA PRIVATE KEY-----} that begins here; negative if none does. */
    private int frame(int at, String word) {
        if (!AsciiScan.startsWith(text, at, word)) {
            return -1;
        }
        int longest = Math.min(length, at + word.length() + LONGEST_ALGORITHM + 1);
        for (int key = at + word.length(); key < longest; key++) {
            if (AsciiScan.startsWith(text, key, PRIVATE_KEY)) {
                return key + PRIVATE_KEY.length();
            }
            char c = text.charAt(key);
            if (!AsciiScan.isUpper(c) && !AsciiScan.isDigit(c) && c != ' ') {
                return -1;
            }
        }
        return -1;
    }

    private static boolean isOfKey(char c) {
        return AsciiScan.isLetterOrDigit(c) || AsciiScan.isBlank(c) || "+/=:,\\-".indexOf(c) >= 0;
    }

    /** Goes up over lines that are long enough to be a key's. A frame before ends it, so no line is gone over twice. */
    private int beginOfBody(int end) {
        int begin = lineBefore(end);
        int line = lineBefore(begin);
        while (begin - line >= SHORTEST_KEY_LINE) {
            begin = line;
            line = lineBefore(begin);
        }
        return begin;
    }

    /** The beginning of a line of a key with the ends of lines behind it, written out or not. */
    private int lineBefore(int end) {
        int at = end;
        while (at > 0) {
            char c = text.charAt(at - 1);
            if (AsciiScan.isBlank(c)) {
                at--;
            } else if ((c == 'n' || c == 'r') && at > 1 && text.charAt(at - 2) == '\\') {
                at -= 2;
            } else {
                break;
            }
        }
        while (at > 0) {
            char c = text.charAt(at - 1);
            boolean endOfLine = (c == 'n' || c == 'r') && at > 1 && text.charAt(at - 2) == '\\';
            if (endOfLine || !(AsciiScan.isLetterOrDigit(c) || c == '+' || c == '/' || c == '=')) {
                break;
            }
            at--;
        }
        return at;
    }
}
