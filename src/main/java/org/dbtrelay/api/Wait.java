package org.dbtrelay.api;

import java.time.DateTimeException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How long an answer may wait, and for what.
 *
 * @param after for more events than these; null: for the command's end
 */
record Wait(Duration longest, @Nullable Integer after) {

    private static final Duration MOST = Duration.ofSeconds(60);

    /**
     * Reads the query's parameters.
     *
     * @return null: the answer does not wait
     */
    static @Nullable Wait of(@Nullable String wait, @Nullable String after) {
        if (wait == null && after != null) {
            throw new BadParameter("after", "it needs a wait");
        }
        return wait == null ? null : new Wait(longest(wait), after == null ? null : after("after", after));
    }

    /**
     * An event's number, or -1 for one before all.
     *
     * @param name of the parameter or header that has it
     */
    static int after(String name, String text) {
        if (!text.matches("-1|[0-9]{1,9}")) {
            throw new BadParameter(name, "it must be the sequence of an event, or -1");
        }
        return Integer.parseInt(text);
    }

    private static Duration longest(String text) {
        try {
            Duration longest = Duration.parse(text);
            if (!longest.isNegative() && longest.compareTo(MOST) <= 0) {
                return longest;
            }
        } catch (DateTimeException e) {
            throw wrong();
        }
        throw wrong();
    }

    private static BadParameter wrong() {
        return new BadParameter("wait", "it must be a duration from PT0S to PT60S, such as PT30S");
    }

    /** Whether a command has come so far. */
    boolean isOver(boolean finished, int eventsTold) {
        return finished || (after != null && eventsTold > after + 1);
    }

    /** The same, to another instance. */
    Map<String, String> query(Duration longest) {
        Map<String, String> query = new LinkedHashMap<>();
        query.put("scope", CommandQuery.INSTANCE);
        query.put("wait", longest.toString());
        if (after != null) {
            query.put("after", after.toString());
        }
        return query;
    }
}
