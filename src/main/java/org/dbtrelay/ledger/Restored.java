package org.dbtrelay.ledger;

import java.util.Map;
import org.dbtrelay.run.RunEntry;

/**
 * What a claim has read from the ledger.
 *
 * @param entries by command id; the claimer's own to change
 */
public record Restored(Map<String, RunEntry> entries, Position position) {}
