package org.dbtrelay.flow;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Stream;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/** The entries of one claim, and what follows from them: how many there are, who comes before whom, who is to be forgotten. */
final class PartitionState {

    /** Read by the HTTP API as well. */
    private final Map<String, RunEntry> entries;

    /** The ids of those that are not finished: a few among a million. Likewise. */
    private final NavigableSet<String> open = new ConcurrentSkipListSet<>();

    private final CommandGauges tally;
    private final JobQueues queues;
    private final Slots slots;
    private final Retention retention;
    private final MarkedRuns marked;

    /**
     * Begins with the entries as they were read.
     *
     * @param entries by id; they are kept in it from now on
     */
    PartitionState(Map<String, RunEntry> entries, Policy policy, RelayMetrics metrics, Instant now) {
        this.entries = entries;
        this.tally = new CommandGauges(metrics);
        this.slots = new Slots(policy);
        this.queues = new JobQueues(entries);
        this.retention = new Retention(policy.retention(), entries.values());
        this.marked = new MarkedRuns(policy, entries, now);
        for (RunEntry entry : entries.values()) {
            tally.replace(null, entry);
            slots.replace(null, entry);
            if (entry.unfinished()) {
                open.add(entry.commandId());
            }
        }
    }

    @Nullable
    RunEntry find(@Nullable String commandId) {
        return commandId == null ? null : entries.get(commandId);
    }

    /** The ids of those that are not finished. */
    List<String> open() {
        return List.copyOf(open);
    }

    /** Those that are not finished, as they stand when they are looked at. */
    Stream<RunEntry> unfinished() {
        return open.stream().map(entries::get).filter(entry -> entry != null && entry.unfinished());
    }

    boolean isOpen(String commandId) {
        RunEntry entry = entries.get(commandId);
        return entry != null && entry.unfinished();
    }

    /** An entry has taken the place of another; null: there was none, or there is none any more. */
    void replaced(@Nullable RunEntry before, @Nullable RunEntry after) {
        tally.replace(before, after);
        slots.replace(before, after);
        marked.replace(before, after);
        if (after != null && !after.unfinished() && (before == null || before.unfinished())) {
            retention.add(after);
        }
        if (after != null && after.unfinished()) {
            open.add(after.commandId());
        } else if (before != null) {
            open.remove(before.commandId());
        }
    }

    CommandGauges tally() {
        return tally;
    }

    JobQueues queues() {
        return queues;
    }

    Slots slots() {
        return slots;
    }

    Retention retention() {
        return retention;
    }

    MarkedRuns marked() {
        return marked;
    }
}
