package org.dbtrelay.flow;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.Lineup;
import org.dbtrelay.run.Policy;
import org.dbtrelay.run.RunEntry;
import org.jspecify.annotations.Nullable;

/** The entries of one claim, and what follows from them: how many there are, who comes before whom, who is to be forgotten. */
final class Books {

    /** Read by the HTTP API as well. */
    private final Map<String, RunEntry> entries;

    private final Tally tally;
    private final Lineup lineup;
    private final Slots slots;
    private final Retention retention;

    /**
     * Begins with the entries as they were read.
     *
     * @param entries by id; they are kept in it from now on
     */
    Books(Map<String, RunEntry> entries, Policy policy, RelayMetrics metrics) {
        this.entries = entries;
        this.tally = new Tally(metrics);
        this.slots = new Slots(policy);
        this.lineup = new Lineup(entries);
        this.retention = new Retention(policy.retention(), entries.values());
        for (RunEntry entry : entries.values()) {
            tally.replace(null, entry);
            slots.replace(null, entry);
        }
    }

    @Nullable
    RunEntry find(@Nullable String commandId) {
        return commandId == null ? null : entries.get(commandId);
    }

    /** All of them, in no order. */
    Collection<RunEntry> all() {
        return entries.values();
    }

    Map<String, RunEntry> byId() {
        return entries;
    }

    /** The ids of those that are not finished. */
    List<String> open() {
        return entries.values().stream()
                .filter(RunEntry::unfinished)
                .map(RunEntry::commandId)
                .toList();
    }

    boolean isOpen(String commandId) {
        RunEntry entry = entries.get(commandId);
        return entry != null && entry.unfinished();
    }

    /** An entry has taken the place of another; null: there was none, or there is none any more. */
    void replaced(@Nullable RunEntry before, @Nullable RunEntry after) {
        tally.replace(before, after);
        slots.replace(before, after);
        if (after != null && !after.unfinished() && (before == null || before.unfinished())) {
            retention.add(after);
        }
    }

    Tally tally() {
        return tally;
    }

    Lineup lineup() {
        return lineup;
    }

    Slots slots() {
        return slots;
    }

    Retention retention() {
        return retention;
    }
}
