package org.dbtrelay.ledger;

import java.time.Instant;
import java.util.List;

/** What is done with the inputs of an owned partition. The owner knows when; this knows what. */
public interface PartitionWork {

    /** A partition has been claimed and read. Called on the owner's thread, like all of the session. */
    Session begin(Claim claim);

    /** The work on one claim. */
    interface Session {

        /**
         * Takes what the mailbox held: decides, commits, acts. An empty list only brings on what the clock brings.
         *
         * @return when it wants to be called again at the latest
         * @throws LedgerException the claim is over and this session with it
         */
        Instant take(List<Arrival> arrivals) throws LedgerException;

        /**
         * Takes one arrival whose records the broker has refused for their size, so that it ends in something smaller.
         *
         * @return as {@link #take}
         * @throws LedgerException as {@link #take}
         */
        Instant takeRefused(Arrival arrival) throws LedgerException;

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
