package org.dbtrelay.run.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A text by which a line of a failure's messages or log tells its kind: its parts, in their order, whatever stands between them; case does
 * not matter. The search for the parts never goes back, so its time is linear in the line.
 *
 * @param adapter the adapter, or the program, whose message it is; {@code any}: no special one's
 * @param text with {@code *} for whatever stands between its parts
 */
public record FailurePattern(String adapter, Kind kind, String text) {

    /** A pattern has no more characters. */
    public static final int LONGEST = 200;

    /** What a failure is. */
    public enum Kind {
        /** A connection was lost, refused, or could not be made. */
        CONNECTION,
        /** Something took too long, for want of resources or by the network. */
        TIMEOUT,
        /** Somebody else changed, or locked, the same thing at the same time. */
        CONFLICT,
        /** The warehouse is suspended, is starting, or has more to do than it can. */
        OVERLOADED,
        /** No slot is left for a query, or no session for a client. */
        NO_SLOTS,
        /** A service answers with 5xx, or that it is not there for now: git, packages, the warehouse's API. */
        UNAVAILABLE,
        /** Not transient: a failed test, a compilation error, an error in SQL, a missing right. It goes before all others. */
        PERMANENT;

        /** As it stands in events and in the table. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Whether a line has parts in their order. */
    static boolean matches(List<String> parts, String lineInLowerCase) {
        int from = 0;
        for (String part : parts) {
            int at = lineInLowerCase.indexOf(part, from);
            if (at < 0) {
                return false;
            }
            from = at + part.length();
        }
        return true;
    }

    /** Its parts, in lower case; the blanks beside a {@code *} are for people. */
    List<String> parts() {
        List<String> parts = new ArrayList<>();
        for (String part : text.toLowerCase(Locale.ROOT).split("\\*", -1)) {
            if (!part.isBlank()) {
                parts.add(part.strip());
            }
        }
        return parts;
    }
}
