package org.dbtrelay.run.observe;

import java.time.Instant;

/**
 * Up to where the runs of an account are dealt with. It is an entry of the ledger of its own.
 *
 * @param above each run with an id up to this one is dealt with for good; the next listing begins above it
 * @param at when it was written
 */
public record ObserveCursor(String connection, long accountId, long above, Instant at) {

    /** The same, moved on. */
    ObserveCursor movedTo(long id, Instant now) {
        return new ObserveCursor(connection, accountId, id, now);
    }
}
