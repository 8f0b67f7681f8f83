package org.dbtrelay.dbtcloud.redaction;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Values after a name that says that a secret follows, as {@code password=…} and {@code "api_key": "…"}. */
final class KeyedSecrets {

    /** How such names end. */
    private static final List<String> NAMES = List.of(
            "password",
            "passwd",
            "passphrase",
            "pwd",
            "secret",
            "token",
            "apikey",
            "api_key",
            "access_key",
            "access_key_id",
            "secret_key",
            "account_key",
            "private_key",
            "private_key_id");

    private static final String SECRET_VARIABLE = "dbt_env_secret_";

    /** Words that such a name is compared with, or set to, and that nobody uses as a secret. */
    private static final Set<String> WORDS = Set.of(
            "null",
            "none",
            "true",
            "false",
            "undefined",
            "string",
            "text",
            "integer",
            "required",
            "missing",
            "invalid",
            "expired",
            "incorrect",
            "wrong",
            "not",
            "is",
            "the",
            "a",
            "an",
            "was",
            "*",
            "**");

    /** How placeholders and types begin. */
    private static final List<String> PLACEHOLDERS = List.of("***", "{", "$", "%", "<", "varchar");

    /** An expression of SQL or Jinja. */
    private static final Pattern EXPRESSION =
            Pattern.compile("[A-Za-z_][A-Za-z_0-9]*+(?:\\.[A-Za-z_][A-Za-z_0-9]*+)++|[A-Za-z_]++\\(.*+");

    private static final int LONGEST_NAME = 200;
    private static final int LONGEST_EXPRESSION = 200;
    private static final int MOST_BLANKS = 3;

    /** Before a quote: of JSON within JSON within JSON within JSON. */
    private static final int MOST_BACKSLASHES = 7;

    /** Something long that nobody can remember, after a name that ends in key. */
    private static final int SHORTEST_KEY = 24;

    private final CharSequence text;
    private int valueUntil;
    private int keyUntil;

    KeyedSecrets(CharSequence text) {
        this.text = text;
    }

    /** Adds the value that follows the separator, if there is a name before it. */
    void separator(int at, List<Span> found) {
        if (at < valueUntil && at < keyUntil) {
            return;
        }
        int end = blanksBefore(at);
        if (end > 0 && isQuote(text.charAt(end - 1))) {
            end--;
            end -= backslashesBefore(end);
        }
        int begin = end;
        while (begin > 0 && end - begin < LONGEST_NAME && isOfName(text.charAt(begin - 1))) {
            begin--;
        }
        if (begin == end) {
            return;
        }
        String name = words(begin, end);
        int value = valueAfter(at);
        if (value < text.length() && !isInOneOfTheLast(found, value)) {
            if (at >= valueUntil && saysSecret(name, begin)) {
                value(value, found);
            }
            if (at >= keyUntil && name.endsWith("key")) {
                key(value, found);
            }
        }
    }

    /** {@code accessToken}, {@code access-token} and {@code ACCESS_TOKEN} as {@code access_token}. */
    private String words(int begin, int end) {
        StringBuilder words = new StringBuilder(end - begin);
        boolean afterLower = false;
        for (int at = begin; at < end; at++) {
            char c = text.charAt(at);
            if (afterLower && AsciiScan.isUpper(c)) {
                words.append('_');
            }
            words.append(c == '-' ? '_' : AsciiScan.lower(c));
            afterLower = AsciiScan.isLower(c);
        }
        return words.toString();
    }

    /** Of two, by their index: to skip the others one by one would make the time quadratic. */
    private static boolean isInOneOfTheLast(List<Span> found, int at) {
        for (int i = Math.max(0, found.size() - 2); i < found.size(); i++) {
            Span span = found.get(i);
            if (span.begin() <= at && at < span.end()) {
                return true;
            }
        }
        return false;
    }

    private int blanksBefore(int at) {
        int end = at;
        while (end > 0 && at - end < MOST_BLANKS && AsciiScan.isBlank(text.charAt(end - 1))) {
            end--;
        }
        return end;
    }

    /** Behind {@code :}, {@code =}, {@code ==}, {@code :=} or {@code =>} and a few blanks. */
    private int valueAfter(int separator) {
        int at = separator + 1;
        if (at < text.length() && (text.charAt(at) == '=' || text.charAt(at) == '>')) {
            at++;
        }
        int begin = at;
        while (at < text.length() && at - begin < MOST_BLANKS && AsciiScan.isBlank(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private boolean saysSecret(String name, int begin) {
        if (name.contains(SECRET_VARIABLE)) {
            return true;
        }
        for (String ending : NAMES) {
            int from = name.length() - ending.length();
            if (name.endsWith(ending) && (from == 0 || name.charAt(from - 1) == '_')) {
                return from > 0 || !isOfParser(begin);
            }
        }
        return false;
    }

    /** "unexpected token: SELECT" */
    private boolean isOfParser(int begin) {
        return AsciiScan.startsWithIgnoringCase(text, begin - "unexpected ".length(), "unexpected ")
                || AsciiScan.startsWithIgnoringCase(text, begin - "input ".length(), "input ");
    }

    /**
     * Quoted, or up to a blank or a mark that ends it. A quote that nobody closes counts as none. JSON within JSON has backslashes
     * before its quotes; a quote with more of them than the first one is in the value.
     */
    private void value(int at, List<Span> found) {
        boolean quoted = false;
        int begin = afterQuote(at);
        int end = begin;
        if (begin > at) {
            int escapes = begin - at - 1;
            char quote = text.charAt(begin - 1);
            while (end < text.length() && text.charAt(end) != '\n' && !isClosing(end, quote, escapes)) {
                end++;
            }
            quoted = end < text.length() && text.charAt(end) == quote;
            end -= quoted ? Math.min(escapes, end - begin) : 0;
        }
        if (!quoted) {
            end = begin;
            while (end < text.length() && isPlain(text.charAt(end))) {
                end++;
            }
        }
        if (end > begin && isSecret(begin, end, quoted)) {
            found.add(new Span(begin, end));
        }
        valueUntil = end;
    }

    /** Behind a quote and the backslashes before it; the same place if there is none. */
    private int afterQuote(int at) {
        int quote = at;
        while (quote < text.length() && quote - at < MOST_BACKSLASHES && text.charAt(quote) == '\\') {
            quote++;
        }
        return quote < text.length() && isQuote(text.charAt(quote)) ? quote + 1 : at;
    }

    private boolean isClosing(int at, char quote, int escapes) {
        return text.charAt(at) == quote && backslashesBefore(at) <= escapes;
    }

    /** At most {@link #MOST_BACKSLASHES}. */
    private int backslashesBefore(int at) {
        int begin = at;
        while (begin > 0 && at - begin < MOST_BACKSLASHES && text.charAt(begin - 1) == '\\') {
            begin--;
        }
        return at - begin;
    }

    private static boolean isPlain(char c) {
        return !AsciiScan.isBlank(c) && "\"',;&)}]".indexOf(c) < 0;
    }

    private boolean isSecret(int begin, int end, boolean quoted) {
        if (end - begin > LONGEST_EXPRESSION) {
            return !AsciiScan.startsWith(text, begin, "***");
        }
        String value = text.subSequence(begin, end).toString();
        String lowerCase = AsciiScan.lowerCase(text, begin, end);
        if (value.isBlank()
                || WORDS.contains(lowerCase)
                || PLACEHOLDERS.stream().anyMatch(lowerCase::startsWith)) {
            return false;
        }
        // "where token = t.token", "token: Optional(…)"
        return quoted || !EXPRESSION.matcher(value).matches();
    }

    /** Where this one is too plain, so is every end of it. */
    private void key(int at, List<Span> found) {
        int begin = afterQuote(at);
        int end = begin;
        boolean digit = false;
        boolean upper = false;
        boolean lower = false;
        while (end < text.length() && isOfKey(text.charAt(end))) {
            char c = text.charAt(end);
            digit |= AsciiScan.isDigit(c);
            upper |= AsciiScan.isUpper(c);
            lower |= AsciiScan.isLower(c);
            end++;
        }
        if (digit && upper && lower && end - begin >= SHORTEST_KEY) {
            found.add(new Span(begin, end));
        }
        keyUntil = end;
    }

    private static boolean isOfKey(char c) {
        return AsciiScan.isWordLetter(c) || "+/=-".indexOf(c) >= 0;
    }

    private static boolean isOfName(char c) {
        return AsciiScan.isWordLetter(c) || c == '-';
    }

    private static boolean isQuote(char c) {
        return c == '"' || c == '\'';
    }
}
