package org.dbtrelay.dbtcloud;

import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Blots out what looks like a secret in texts that come from dbt and from dbt Cloud: logs, messages of nodes, status messages.
 * A database's error can quote what it was connected with. It is a net with meshes: it knows the shapes that are common, and
 * leaves ordinary SQL, hashes of commits and names of models alone. A text never becomes longer.
 */
public final class Redaction {

    private static final String BLOT = "***";

    /** What stands for the value of a key: quoted, or up to a blank or a mark that ends it. */
    private static final String VALUE = "(?:\"(?<dq>[^\"\\n]*)\"|'(?<sq>[^'\\n]*)'|(?<plain>[^\\s\"',;&)}\\]]+))";

    /**
     * What a secret looks like.
     *
     * @param marks one of them is in each text in which the pattern finds anything, in lower case. Most texts have none, and
     *     looking for a few letters takes a small part of the time that the pattern takes.
     */
    private record Shape(Pattern pattern, List<String> marks) {
        static Shape of(String pattern, String... marks) {
            return new Shape(Pattern.compile(pattern), List.of(marks));
        }

        boolean mayBeIn(String lowerCase) {
            return marks.stream().anyMatch(lowerCase::contains);
        }
    }

    private static final List<Shape> WHOLE = List.of(
            // A private key, also where only its beginning or its end is left of it.
            Shape.of(
                    "(?<secret>-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=:,\\s\\\\-]*?"
                            + "(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----|\\z|(?=[^A-Za-z0-9+/=:,\\s\\\\-])))",
                    "private key-----"),
            Shape.of(
                    "(?<secret>(?:[A-Za-z0-9+/=]{16,200}\\s{1,3}){0,100}[A-Za-z0-9+/=]{0,200}\\s{0,3}"
                            + "-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----)",
                    "private key-----"),
            // The password of a URL, and what signs one.
            Shape.of("[a-zA-Z][a-zA-Z0-9+.-]{1,30}://[^\\s:/@'\"]{0,100}:(?<secret>[^\\s/@'\"]{1,300})@", "://"),
            Shape.of(
                    "[?&](?:sig|X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token)=(?<secret>[^&\\s\"']+)",
                    "sig=",
                    "x-amz-"),
            // Tokens that tell by themselves what they are: dbt Cloud's, AWS', GitHub's, GitLab's, Slack's,
            // Databricks', Google's.
            Shape.of("\\b(?<secret>dbt[csu]_[A-Za-z0-9_+/=-]{8,})", "dbtc_", "dbts_", "dbtu_"),
            Shape.of("\\b(?<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\\b", "akia", "asia"),
            Shape.of(
                    "\\b(?<secret>gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})",
                    "gho_",
                    "ghp_",
                    "ghr_",
                    "ghs_",
                    "ghu_",
                    "github_pat_",
                    "glpat-"),
            Shape.of(
                    "\\b(?<secret>xox[abprs]-[A-Za-z0-9-]{10,}|dapi[0-9a-f]{32}|ya29\\.[A-Za-z0-9_-]{20,}"
                            + "|AIza[A-Za-z0-9_-]{35})",
                    "xox",
                    "dapi",
                    "ya29.",
                    "aiza"),
            // A JSON web token.
            Shape.of("\\b(?<secret>eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*)", "eyj"),
            // An Authorization header, or what was quoted of one.
            Shape.of(
                    "(?i)\\b(?:bearer|basic)\\s+(?<secret>(?=[A-Za-z._~+/=-]*[0-9=])[A-Za-z0-9._~+/=-]{12,})",
                    "bearer",
                    "basic"),
            Shape.of(
                    "(?i)\\bauthorization[\"']?\\s*[:=]\\s*[\"']?(?:token|bearer|basic)\\s+(?<secret>[^\\s\"',;]+)",
                    "authorization"),
            // Something long that nobody can remember, after a name that ends in key.
            Shape.of(
                    "(?i:\\b[a-z0-9_-]{0,40}key[\"']?\\s{0,3}[:=]\\s{0,3})[\"']?(?<secret>(?=[^\\s\"']*[0-9])"
                            + "(?=[^\\s\"']*[A-Z])(?=[^\\s\"']*[a-z])[A-Za-z0-9+/_=-]{24,})",
                    "key"));

    /** A name that says that a secret follows, then the value. */
    private static final Shape KEYED = Shape.of(
            "(?i)(?<![a-z0-9])(?<!unexpected )(?<!input )(?:(?:[a-z0-9]{1,40}[_-]){0,4}(?:password|passwd|passphrase|pwd|secret"
                    + "|token|apikey|api[_-]key|access[_-]key(?:[_-]id)?|secret[_-]key|account[_-]key"
                    + "|private[_-]key(?:[_-](?:id|passphrase))?)|dbt_env_secret_[a-z0-9_]{1,80})"
                    + "[\"']?\\s{0,3}(?:=>|[:=])\\s{0,3}" + VALUE,
            "passw",
            "passphrase",
            "pwd",
            "secret",
            "token",
            "apikey",
            "_key",
            "-key");

    /** Words that such a name is compared with, or set to, and that nobody uses as a secret. */
    private static final Pattern WORD = Pattern.compile(
            "(?i)null|none|true|false|undefined|string|text|varchar.*|integer"
                    + "|required|missing|invalid|expired|incorrect|wrong|not|is|the|a|an|was|\\*\\*\\*.*|\\*+|\\{+.*|\\$\\{?.*|%.*|<.*");

    /** An expression of SQL or Jinja. */
    private static final Pattern EXPRESSION =
            Pattern.compile("[A-Za-z_][A-Za-z_0-9]*(?:\\.[A-Za-z_][A-Za-z_0-9]*)+|[A-Za-z_]+\\(.*");

    private Redaction() {}

    /** The text without what looks like a secret; null for null. */
    public static @Nullable String of(@Nullable String text) {
        return text == null ? null : blotOut(text);
    }

    /** The text without what looks like a secret. */
    public static String blotOut(String text) {
        String clean = text;
        String lowerCase = text.toLowerCase(Locale.ROOT);
        for (Shape shape : WHOLE) {
            if (shape.mayBeIn(lowerCase)) {
                clean = replace(shape, clean);
            }
        }
        return KEYED.mayBeIn(lowerCase) ? replace(KEYED, clean) : clean;
    }

    private static String replace(Shape shape, String text) {
        Matcher matcher = shape.pattern().matcher(text);
        StringBuilder clean = null;
        int done = 0;
        while (matcher.find()) {
            int[] span = secret(shape, matcher);
            if (span.length == 0) {
                continue;
            }
            clean = clean == null ? new StringBuilder(text.length()) : clean;
            clean.append(text, done, span[0]).append(BLOT, 0, Math.min(BLOT.length(), span[1] - span[0]));
            done = span[1];
        }
        return clean == null ? text : clean.append(text, done, text.length()).toString();
    }

    /** Where it begins and ends; empty: it is none. */
    private static int[] secret(Shape shape, MatchResult match) {
        if (!shape.equals(KEYED)) {
            return new int[] {match.start("secret"), match.end("secret")};
        }
        for (String group : List.of("dq", "sq", "plain")) {
            if (match.start(group) >= 0 && isSecret(match, group)) {
                return new int[] {match.start(group), match.end(group)};
            }
        }
        return new int[0];
    }

    private static boolean isSecret(MatchResult match, String group) {
        String value = match.group(group);
        if (value.isBlank() || WORD.matcher(value).matches()) {
            return false;
        }
        // "where token = t.token", "token: Optional(…)"
        return !group.equals("plain") || !EXPRESSION.matcher(value).matches();
    }
}
