package org.dbtrelay.run.state;

import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.job.SampleRun;
import org.jspecify.annotations.Nullable;

/** Builds entries for tests. Unless something else is set, one that was accepted at {@link SampleRun#T0} and shares no run. */
public final class SampleEntry {

    private final String commandId;
    private long offset = RunEntry.NO_OFFSET;
    private CommandHash commandHash = new CommandHash(1, 2);
    private Instant acceptedAt = SampleRun.T0;
    private int nextSequence = 1;
    private boolean adopted;
    private boolean started;
    private List<Long> strays = List.of();
    private @Nullable ResolvedCommand resolved;

    private SampleEntry(String commandId) {
        this.commandId = commandId;
    }

    public static SampleEntry of(String commandId) {
        return new SampleEntry(commandId);
    }

    public SampleEntry offset(long value) {
        offset = value;
        return this;
    }

    public SampleEntry hash(CommandHash value) {
        commandHash = value;
        return this;
    }

    public SampleEntry acceptedAt(Instant value) {
        acceptedAt = value;
        return this;
    }

    public SampleEntry nextSequence(int value) {
        nextSequence = value;
        return this;
    }

    public SampleEntry adopted() {
        adopted = true;
        return this;
    }

    public SampleEntry started(boolean value) {
        started = value;
        return this;
    }

    public SampleEntry strays(Long... values) {
        strays = List.of(values);
        return this;
    }

    /** Its command, which a finished entry leaves out. */
    public SampleEntry resolved(@Nullable ResolvedCommand value) {
        resolved = value;
        return this;
    }

    /** The entry in that state. */
    public RunEntry in(RunState state) {
        return new RunEntry(
                commandId,
                offset,
                commandHash,
                acceptedAt,
                nextSequence,
                adopted,
                started,
                strays,
                null,
                null,
                null,
                state instanceof RunState.Finished ? null : resolved,
                state,
                null);
    }
}
