package org.dbtrelay.run.command;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The trace that a command belongs to (W3C Trace Context). It goes on as it came, unless the
 * relay makes spans of its own: then with the relay's as the parent.
 *
 * @param tracestate null: there was none, or none that is fit to go on
 */
public record TraceContext(String traceparent, @Nullable String tracestate) {

    private static final String IDS = "-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}";

    /** Version 00 ends here; a later one may say more, and ff is none. */
    private static final Pattern PARENT =
            Pattern.compile("00" + IDS + "|(?!00|ff)[0-9a-f]{2}" + IDS + "(-[!-~]{0,200})?");

    private static final Pattern MEMBER =
            Pattern.compile("[a-z0-9][a-z0-9_*/@-]{0,255}=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{1,256}");

    /** What everybody has to pass on at least; more is dropped, so that nobody's trace fills the ledger. */
    private static final int LONGEST_STATE = 512;

    private static final int MOST_MEMBERS = 32;

    /** The trace that two headers name; null if the first one is absent or invalid, whatever the other one says. */
    public static @Nullable TraceContext of(@Nullable String traceparent, @Nullable String tracestate) {
        if (traceparent == null || !PARENT.matcher(traceparent).matches()) {
            return null;
        }
        return new TraceContext(traceparent, isFit(tracestate) ? tracestate : null);
    }

    private static boolean isFit(@Nullable String tracestate) {
        if (tracestate == null || tracestate.length() > LONGEST_STATE) {
            return false;
        }
        List<String> members = List.of(tracestate.split(",", -1));
        return members.size() <= MOST_MEMBERS
                && members.stream()
                        .allMatch(member -> MEMBER.matcher(member.strip()).matches());
    }
}
