package org.dbtrelay.ledger;

import java.time.Instant;
import java.util.List;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.intake.MailboxItem;

/** Processes the inputs of an owned partition. The owner decides when, the processor decides what follows. */
public interface PartitionProcessor {

    /** A partition has been claimed and read. Called on the owner's thread, like all methods of the session. */
    Session begin(Claim claim);

    /**
     * The part of the offered inputs that one batch took.
     *
     * @param items the number of inputs taken, from the first on; the owner offers the others again
     * @param again the latest time for the next call
     */
    record Taken(int items, Instant again) {}

    /** The work on one claim. */
    interface Session {

        /**
         * Takes the given inputs, or the first part of them: decides, commits, acts. With an empty list it deals only with
         * timers that are due.
         *
         * @throws LedgerException the claim is over and this session with it
         */
        Taken take(List<MailboxItem> items) throws LedgerException;

        /** The number of unfinished commands. */
        int pending();

        /** Starts nothing new from now on: the owner is about to stop. */
        void drain();

        /** True if no call is waiting for an answer that would be lost. */
        boolean isDrained();

        /** Ends the session, because the claim has ended for whatever reason. */
        void end();
    }
}
