package org.dbtrelay.flow;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * The finished entries of a claim in the order in which they are forgotten. All are kept equally long, so that is the order in
 * which they finished, and a place in it is all that each of them needs: there may be a million.
 */
final class Retention {

    private final Duration time;
    private final Deque<RunEntry> finished;

    Retention(Duration time, Collection<RunEntry> entries) {
        this.time = time;
        this.finished = new ArrayDeque<>(entries.stream()
                .filter(entry -> !entry.unfinished())
                .sorted(Comparator.comparing(entry -> end(entry).at()))
                .toList());
    }

    /** An entry has finished now. */
    void add(RunEntry entry) {
        finished.addLast(entry);
    }

    /** Takes the next one out whose time is over; null if there is none. */
    @Nullable
    RunEntry takeOver(Instant now) {
        RunEntry next = finished.peekFirst();
        return next != null && end(next).isForgotten(now, time) ? finished.removeFirst() : null;
    }

    private static RunState.Finished end(RunEntry entry) {
        return (RunState.Finished) entry.state();
    }
}
