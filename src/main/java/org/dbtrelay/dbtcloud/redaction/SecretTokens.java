package org.dbtrelay.dbtcloud.redaction;

import java.util.List;
import java.util.function.IntPredicate;

/**
 * Tokens that tell by themselves what they are: dbt Cloud's, AWS', GitHub's, GitLab's, Slack's, Databricks', Google's, JSON
 * web tokens, and what follows {@code Bearer}. Each begins a word.
 */
final class SecretTokens {

    /**
     * One that is known by how it begins.
     *
     * @param shortest what follows is at least so long
     */
    private record Kind(String prefix, int shortest, int longest, IntPredicate letters) {}

    private static final int ANY = Integer.MAX_VALUE;

    private static final List<Kind> KINDS = List.of(
            new Kind("dbtc_", 8, ANY, SecretTokens::isBase64),
            new Kind("dbts_", 8, ANY, SecretTokens::isBase64),
            new Kind("dbtu_", 8, ANY, SecretTokens::isBase64),
            new Kind("AKIA", 16, 16, SecretTokens::isCapital),
            new Kind("ASIA", 16, 16, SecretTokens::isCapital),
            new Kind("gho_", 20, ANY, SecretTokens::isAlphanumeric),
            new Kind("ghp_", 20, ANY, SecretTokens::isAlphanumeric),
            new Kind("ghr_", 20, ANY, SecretTokens::isAlphanumeric),
            new Kind("ghs_", 20, ANY, SecretTokens::isAlphanumeric),
            new Kind("ghu_", 20, ANY, SecretTokens::isAlphanumeric),
            new Kind("github_pat_", 20, ANY, SecretTokens::isWordLetter),
            new Kind("glpat-", 16, ANY, SecretTokens::isWord),
            new Kind("xoxa-", 10, ANY, SecretTokens::isWord),
            new Kind("xoxb-", 10, ANY, SecretTokens::isWord),
            new Kind("xoxp-", 10, ANY, SecretTokens::isWord),
            new Kind("xoxr-", 10, ANY, SecretTokens::isWord),
            new Kind("xoxs-", 10, ANY, SecretTokens::isWord),
            new Kind("dapi", 32, ANY, SecretTokens::isHex),
            new Kind("ya29.", 20, ANY, SecretTokens::isWord),
            new Kind("AIza", 35, ANY, SecretTokens::isWord));

    private final CharSequence text;

    /** How far each of them was followed, in vain or not. */
    private int tokenUntil;

    private int webTokenUntil;
    private int headerUntil;

    SecretTokens(CharSequence text) {
        this.text = text;
    }

    /** Adds the one that begins here. */
    void at(int at, List<Span> found) {
        char c = text.charAt(at);
        if (!AsciiScan.isLetterOrDigit(c) || (at > 0 && AsciiScan.isWordLetter(text.charAt(at - 1)))) {
            return;
        }
        switch (c) {
            case 'd', 'A', 'g', 'x', 'y' -> known(at, found);
            case 'e' -> webToken(at, found);
            default -> {
                // No other begins so.
            }
        }
        switch (c) {
            case 'a', 'A' -> authorization(at, found);
            case 'b', 'B' -> scheme(at, found);
            default -> {
                // No other begins so.
            }
        }
    }

    private void known(int at, List<Span> found) {
        if (at < tokenUntil) {
            return;
        }
        for (Kind kind : KINDS) {
            if (AsciiScan.startsWith(text, at, kind.prefix())) {
                int end = endOf(at + kind.prefix().length(), kind.letters());
                int size = end - at - kind.prefix().length();
                if (size >= kind.shortest() && size <= kind.longest()) {
                    found.add(new Span(at, end));
                    tokenUntil = end;
                }
                return;
            }
        }
    }

    /** A JSON web token: three parts. Where the first is too short or stands alone, what is in it begins none either. */
    private void webToken(int at, List<Span> found) {
        if (at < webTokenUntil || !AsciiScan.startsWith(text, at, "eyJ")) {
            return;
        }
        int first = endOf(at, SecretTokens::isWord);
        webTokenUntil = first;
        if (first - at < 11 || !isDot(first)) {
            return;
        }
        int second = endOf(first + 1, SecretTokens::isWord);
        if (second - first < 9 || !isDot(second)) {
            return;
        }
        int third = endOf(second + 1, SecretTokens::isWord);
        found.add(new Span(at, third));
        webTokenUntil = third;
    }

    /** The text after {@code bearer} or {@code basic}, if it is no word of a sentence. */
    private void scheme(int at, List<Span> found) {
        int begin = afterScheme(at, false);
        if (begin < 0 || begin < headerUntil) {
            return;
        }
        int end = endOf(begin, SecretTokens::isToken68);
        headerUntil = end;
        if (end - begin >= 12 && has(begin, end, c -> AsciiScan.isDigit((char) c) || c == '=')) {
            found.add(new Span(begin, end));
        }
    }

    /** An Authorization header, or what was quoted of one. */
    private void authorization(int at, List<Span> found) {
        if (!AsciiScan.startsWithIgnoringCase(text, at, "authorization")) {
            return;
        }
        int next = afterBlanks(afterQuote(at + "authorization".length()));
        if (next == text.length() || (text.charAt(next) != ':' && text.charAt(next) != '=')) {
            return;
        }
        int begin = afterScheme(afterQuote(afterBlanks(next + 1)), true);
        if (begin < 0) {
            return;
        }
        int end = endOf(begin, c -> !AsciiScan.isBlank((char) c) && "\"',;".indexOf(c) < 0);
        if (end > begin) {
            found.add(new Span(begin, end));
        }
    }

    /** The index after the scheme; negative if there is no scheme. */
    private int afterScheme(int at, boolean alsoToken) {
        for (String scheme : List.of("bearer", "basic", "token")) {
            if (AsciiScan.startsWithIgnoringCase(text, at, scheme) && (alsoToken || !scheme.equals("token"))) {
                int end = at + scheme.length();
                int begin = afterBlanks(end);
                return begin > end ? begin : -1;
            }
        }
        return -1;
    }

    private int afterBlanks(int from) {
        return endOf(from, c -> AsciiScan.isBlank((char) c));
    }

    private int afterQuote(int at) {
        return at < text.length() && (text.charAt(at) == '"' || text.charAt(at) == '\'') ? at + 1 : at;
    }

    private boolean isDot(int at) {
        return at < text.length() && text.charAt(at) == '.';
    }

    private boolean has(int begin, int end, IntPredicate letter) {
        for (int at = begin; at < end; at++) {
            if (letter.test(text.charAt(at))) {
                return true;
            }
        }
        return false;
    }

    private int endOf(int from, IntPredicate letters) {
        int at = from;
        while (at < text.length() && letters.test(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static boolean isAlphanumeric(int c) {
        return AsciiScan.isLetterOrDigit((char) c);
    }

    private static boolean isWordLetter(int c) {
        return AsciiScan.isWordLetter((char) c);
    }

    private static boolean isWord(int c) {
        return isWordLetter(c) || c == '-';
    }

    private static boolean isCapital(int c) {
        return AsciiScan.isUpper((char) c) || AsciiScan.isDigit((char) c);
    }

    private static boolean isBase64(int c) {
        return isWord(c) || "+/=".indexOf(c) >= 0;
    }

    private static boolean isToken68(int c) {
        return isBase64(c) || c == '.' || c == '~';
    }

    private static boolean isHex(int c) {
        return AsciiScan.isDigit((char) c) || (c >= 'a' && c <= 'f');
    }
}
