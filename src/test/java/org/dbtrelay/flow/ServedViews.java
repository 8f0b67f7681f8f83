package org.dbtrelay.flow;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.partition.Partition;
import org.dbtrelay.run.partition.SlotsTest;
import org.dbtrelay.run.state.RunEntry;

/** The views of an instance that has one partition, for tests outside this package. */
public final class ServedViews {

    private final CommandViews views = new CommandViews();
    private final Map<String, RunEntry> entries;
    private Partition partition;

    public ServedViews(Map<String, RunEntry> entries, Instant now) {
        this.entries = entries;
        this.partition = new Partition(
                entries, SlotsTest.policy(null, null), (entry, input, at, queues) -> Decision.NOTHING, _ -> null, now);
        views.serve(0, partition);
    }

    public CommandViews views() {
        return views;
    }

    /** The entry changes, and that is committed. */
    public void commit(RunEntry entry) {
        entries.put(entry.commandId(), entry);
        views.changed(List.of(entry.commandId()));
    }

    /** The partition goes to another instance. */
    public void lose() {
        views.end(0, partition);
    }
}
