package org.dbtrelay.dbtcloud.redaction;

import java.util.List;
import org.dbtrelay.run.job.Truncate;
import org.jspecify.annotations.Nullable;

/**
 * Blots out what looks like a secret in texts that come from dbt and from dbt Cloud: logs, messages of nodes, status messages.
 * A database's error can quote what it was connected with. It is a net with meshes: it knows the shapes that are common, and
 * leaves ordinary SQL, hashes of commits and names of models alone. A text never becomes longer.
 *
 * <p>Anybody who can write a dbt log chooses these texts. So terminal control goes first, as it hides secrets, and the time is
 * linear in the length ({@link Secrets}).
 */
public final class Redaction {

    private static final String BLOT = "***";

    /** So much more than what is kept is looked through, so that a secret that the cut divides is still seen. */
    private static final int OVERLAP = 4;

    private Redaction() {}

    /** The beginning of the text, without what looks like a secret and without terminal control; null for null. */
    public static @Nullable String of(int longest, @Nullable String text) {
        return text == null ? null : beginning(longest, text);
    }

    /** The beginning of the text, at most so long, without what looks like a secret and without terminal control. */
    public static String beginning(int longest, String text) {
        return Truncate.withEllipsis(
                longest, blotOut(Truncate.withEllipsis(OVERLAP * longest, ControlSequences.strip(text))));
    }

    /**
     * The end of a log, at most {@link LongStringCut#LOG_TAIL_BYTES}, from the beginning of a line where there is one, without
     * what looks like a secret and without terminal control.
     */
    public static String tail(String log) {
        String plain = ControlSequences.strip(log);
        int from = plain.length() - OVERLAP * LongStringCut.LOG_TAIL_BYTES;
        if (from > 0) {
            plain = afterFirstLine(plain.substring(from));
        } else if (log.length() >= LongStringCut.SHORTEST_CUT) {
            // Its beginning may be half a secret or half an escape sequence: LongStringCut knows of neither.
            plain = afterFirstLine(plain);
        }
        return LongStringCut.lastLines(blotOut(plain));
    }

    /** The beginning of a name, without terminal control. */
    public static String withoutControl(int longest, String name) {
        return ControlSequences.strip(longest, name);
    }

    private static String afterFirstLine(String text) {
        int lineEnd = text.indexOf('\n');
        return lineEnd < 0 ? text.substring(Math.min(256, text.length())) : text.substring(lineEnd + 1);
    }

    /** The text without what looks like a secret and without terminal control. */
    public static String blotOut(CharSequence text) {
        String plain = ControlSequences.strip(text);
        return blotOut(plain, new Secrets(plain).find());
    }

    private static String blotOut(String text, List<Span> secrets) {
        if (secrets.isEmpty()) {
            return text;
        }
        StringBuilder clean = new StringBuilder(text.length());
        int done = 0;
        for (Span secret : secrets) {
            clean.append(text, done, secret.begin()).append(BLOT, 0, Math.min(BLOT.length(), secret.length()));
            done = secret.end();
        }
        return clean.append(text, done, text.length()).toString();
    }
}
