package org.dbtrelay.flow;

import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.Predicate;
import org.dbtrelay.run.decide.Action;
import org.jspecify.annotations.Nullable;

/**
 * When commands want to be looked at because of the time. A command that has finished is not looked at any more, but what it
 * had wished for may be days ahead; such wishes are thrown out when they have become the larger part.
 */
final class Timers {

    private static final int SMALL = 1_000;

    private final PriorityQueue<Action.SetTimer> byTime =
            new PriorityQueue<>(Comparator.comparing(Action.SetTimer::at));
    private final Predicate<String> isOpen;
    private int tidyAt = SMALL;

    /**
     * Makes an empty one.
     *
     * @param isOpen whether the command of an id is not finished
     */
    Timers(Predicate<String> isOpen) {
        this.isOpen = isOpen;
    }

    void add(Action.SetTimer wake) {
        byTime.add(wake);
        if (byTime.size() >= tidyAt) {
            byTime.removeIf(each -> !isOpen.test(each.commandId()));
            tidyAt = Math.max(SMALL, 2 * byTime.size());
        }
    }

    /** Takes the next one out whose time has come; null if there is none. */
    Action.@Nullable SetTimer takeDue(Instant now) {
        Action.SetTimer next = byTime.peek();
        return next != null && !next.at().isAfter(now) ? byTime.remove() : null;
    }

    /** When the next one is due; null if there is none. */
    @Nullable
    Instant next() {
        Action.SetTimer next = byTime.peek();
        return next == null ? null : next.at();
    }

    /** Forgets all of them. */
    void clear() {
        byTime.clear();
    }

    int size() {
        return byTime.size();
    }
}
