package org.dbtrelay.run.observe;

import java.time.Instant;
import java.util.List;

/**
 * One page of the runs of an account, oldest first.
 *
 * @param connection the observed connection
 * @param above the page has the runs with ids above it
 * @param unreadable how many rows could not be read
 * @param isLast whether the list ends with it
 * @param room how many more observed runs may be followed now
 * @param askedNanos when it was asked for, by a clock that only goes on; likewise the next
 * @param answeredNanos when it was there
 * @param askedAt when it was asked for
 */
public record ListedRuns(
        String connection,
        long above,
        List<ListedRun> runs,
        int unreadable,
        boolean isLast,
        int room,
        long askedNanos,
        long answeredNanos,
        Instant askedAt) {
    public ListedRuns {
        runs = List.copyOf(runs);
    }
}
