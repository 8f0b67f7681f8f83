package org.dbtrelay.ledger;

import java.time.Instant;
import java.util.List;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.intake.MailboxItem;

/** What is done with the inputs of an owned partition. The owner knows when; this knows what. */
public interface PartitionProcessor {

    /** A partition has been claimed and read. Called on the owner's thread, like all of the session. */
    Session begin(Claim claim);

    /**
     * What one step took.
     *
     * @param arrivals how many of those that were offered, from the first on; the others are to be offered again
     * @param again when it wants to be called again at the latest
     */
    record Taken(int arrivals, Instant again) {}

    /** The work on one claim. */
    interface Session {

        /**
         * Takes what the mailbox held, or the first part of it: decides, commits, acts. An empty list only brings on what the
         * clock brings.
         *
         * @throws LedgerException the claim is over and this session with it
         */
        Taken take(List<MailboxItem> arrivals) throws LedgerException;

        /** How many commands are not finished. */
        int pending();

        /** Start nothing new from now on: the owner is about to stop. */
        void drain();

        /** True if no call is on the wire whose answer would be missed. */
        boolean isDrained();

        /** The claim has ended, however. */
        void end();
    }
}
