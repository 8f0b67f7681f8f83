package org.dbtrelay.ledger.intake;

import org.dbtrelay.ledger.kafka.Offsets;
import org.jspecify.annotations.Nullable;

/**
 * The offsets of a partition of the commands topic that were delivered to its owner. They show gaps, and they tell records that were
 * fetched from a deleted topic from those of the topic that was made in its place.
 */
public final class OfferedOffsets {

    private static final Offsets NONE = new Offsets(0, 0);

    /** The last one that was delivered; -1: none. */
    private long last = -1;

    /** All before this one were delivered, or are no records, or have been told of. */
    private long passed;

    private @Nullable Offsets jump;
    private boolean anew;
    private boolean rewound;

    /** A record was refused that came after the fetch had begun anew. */
    private boolean refused;

    private boolean nothingBefore;
    private long start;

    /** A record is delivered: whether it is to be taken. */
    public synchronized boolean isNew(long offset) {
        if (anew) {
            // Records that were fetched before still arrive, in order; with the fetch from the beginning offsets go
            // back.
            boolean fromBeginning = last < 0 ? nothingBefore || offset == start : offset <= last;
            if (!rewound || !fromBeginning) {
                last = offset;
                refused = rewound;
                return false;
            }
            anew = false;
            passed = offset;
        } else if (last >= 0 && offset > last + 1 && (jump == null || offset - last > jump.count())) {
            jump = new Offsets(last + 1, offset);
        }
        last = offset;
        return true;
    }

    /**
     * The topic was made anew, and will be fetched from its beginning.
     *
     * @param first the first offset that it has
     */
    public synchronized void beginAnew(long first) {
        anew = true;
        rewound = false;
        refused = false;
        start = first;
        jump = null;
    }

    /**
     * From now on it is fetched from its beginning.
     *
     * @param nothingFetched nothing of the partition had been fetched before
     */
    public synchronized void rewound(boolean nothingFetched) {
        rewound = true;
        refused = false;
        nothingBefore = nothingFetched;
    }

    /**
     * Whether the records of the new topic may have been refused: its first one can lie behind all that came before, as after an
     * aborted transaction. Then another fetch from the beginning brings it again, behind itself.
     */
    public synchronized boolean waitsInVain() {
        return anew && refused;
    }

    /** The first offset that has not been taken, as the ledger has it. */
    public synchronized void beginAt(long offset) {
        if (last < 0) {
            passed = Math.max(passed, offset);
        }
    }

    /**
     * The records that the topic has lost before they were read, since the last check: those before the topic's first offset that were not
     * read. Offsets that were read and not delivered, such as those of transaction markers, are no gap.
     *
     * @param start the first offset that the topic has
     * @param position the one that is fetched next
     */
    public synchronized @Nullable Offsets lostBefore(long start, long position) {
        if (anew) {
            return null;
        }
        long known = Math.max(passed, last + 1);
        Offsets hole = jump == null ? NONE : new Offsets(Math.max(jump.from(), passed), Math.min(start, jump.to()));
        jump = null;
        passed = Math.max(start, Math.max(passed, position));
        if (hole.count() > 0) {
            return hole;
        }
        return start > known ? new Offsets(known, start) : null;
    }
}
