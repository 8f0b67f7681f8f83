package org.dbtrelay.ledger;

import java.util.concurrent.ConcurrentMap;
import org.dbtrelay.ledger.entry.Position;
import org.dbtrelay.ledger.kafka.Offsets;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * What a claim has read from the ledger.
 *
 * @param entries by command id; the claimer's own to change, and the only copy: there may be a million
 * @param lost what the commands topic has lost beyond the position that was read; null: nothing. The position is behind it
 * @param anew the position is that of another commands topic than the one that was read
 */
public record RestoredPartition(
        ConcurrentMap<String, RunEntry> entries,
        Position position,
        @Nullable Offsets lost,
        boolean anew) {}
