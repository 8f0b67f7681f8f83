package org.dbtrelay.ledger;

import java.util.concurrent.ConcurrentMap;
import org.dbtrelay.run.RunEntry;

/**
 * What a claim has read from the ledger.
 *
 * @param entries by command id; the claimer's own to change, and the only copy: there may be a million
 */
public record Restored(ConcurrentMap<String, RunEntry> entries, Position position) {}
