package org.dbtrelay.ledger;

import java.util.Map;
import java.util.concurrent.ConcurrentMap;
import org.dbtrelay.ledger.entry.Position;
import org.dbtrelay.ledger.kafka.Offsets;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * The state of a partition, as a claim has read it from the ledger.
 *
 * @param entries by command id; the caller may change them; this is the only copy, since there may be a million
 * @param cursors of observed connections, by their key in the ledger
 * @param lost the range that the commands topic has lost behind the position that was read; null: nothing. {@code position} is behind the range
 * @param anew the commands topic is not the one of the position that was read: it was made anew
 */
public record RestoredPartition(
        ConcurrentMap<String, RunEntry> entries,
        Position position,
        Map<String, ObserveCursor> cursors,
        @Nullable Offsets lost,
        boolean anew) {}
