package org.dbtrelay.run.event;

import java.time.Instant;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.job.SampleRun;
import org.jspecify.annotations.Nullable;

/** Builds events for tests. Unless something else is set, the one after {@code command.accepted}, of nothing that is known yet. */
public final class SampleEvent {

    private final String commandId;
    private int sequence = 1;
    private Instant observedAt = SampleRun.T0;
    private @Nullable Long accountId;
    private @Nullable Long jobId;
    private @Nullable Long runId;
    private @Nullable String context;
    private @Nullable TraceContext trace;
    private @Nullable String coalescedInto;
    private @Nullable Integer coalesced;

    private SampleEvent(String commandId) {
        this.commandId = commandId;
    }

    public static SampleEvent of(String commandId) {
        return new SampleEvent(commandId);
    }

    public SampleEvent sequence(int value) {
        sequence = value;
        return this;
    }

    public SampleEvent observedAt(Instant value) {
        observedAt = value;
        return this;
    }

    /** What it is about, as far as it is known. */
    public SampleEvent about(@Nullable Long account, @Nullable Long job, @Nullable Long run) {
        accountId = account;
        jobId = job;
        runId = run;
        return this;
    }

    public SampleEvent context(@Nullable String value) {
        context = value;
        return this;
    }

    public SampleEvent trace(@Nullable TraceContext value) {
        trace = value;
        return this;
    }

    /** The id of the command whose run it shares, and the number of those that share its own. */
    public SampleEvent sharing(@Nullable String into, @Nullable Integer others) {
        coalescedInto = into;
        coalesced = others;
        return this;
    }

    public RunEvent build(EventType type, RunEvent.Body body) {
        return new RunEvent(
                type,
                commandId,
                sequence,
                observedAt,
                "default",
                accountId,
                jobId,
                runId,
                context,
                trace,
                coalescedInto,
                coalesced,
                body);
    }
}
