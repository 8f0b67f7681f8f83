package org.dbtrelay.run.observe;

import org.dbtrelay.run.job.RunSnapshot;

/** A run of the list, and what the ledger says of it. */
public record ListedRun(RunSnapshot run, Standing standing) {

    /** How a run stands to the commands of this deployment, by a ledger that was read after the list. */
    public enum Standing {
        /** The ledger was not asked: the list row itself tells whose the run is. */
        NOT_ASKED,
        /** It is told of already: the ledger has its command. */
        TOLD,
        /** A command of this deployment has started it. */
        OURS,
        /** A command of this deployment may have started it, and does not know yet. */
        OPEN,
        /** No command of this deployment has started it. */
        OTHERS
    }
}
