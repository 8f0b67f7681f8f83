package org.dbtrelay.run;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A decision in the making: numbers the events and puts the new entry together. */
final class Draft {

    private final String commandId;
    private final String commandHash;
    private final Instant acceptedAt;
    private final Instant now;
    private final List<RunEvent> events = new ArrayList<>();
    private final List<Action> actions = new ArrayList<>();
    private int nextSequence;
    private boolean adopted;
    private Order order;

    private Draft(RunEntry entry, Order order, Instant now) {
        this.commandId = entry.commandId();
        this.commandHash = entry.commandHash();
        this.acceptedAt = entry.acceptedAt();
        this.nextSequence = entry.nextSequence();
        this.adopted = entry.adopted();
        this.order = order;
        this.now = now;
    }

    /** Starts from an entry that is open. */
    static Draft of(RunEntry entry, Instant now) {
        return new Draft(entry, entry.openOrder(), now);
    }

    Draft order(Order changed) {
        this.order = changed;
        return this;
    }

    Draft adopted() {
        this.adopted = true;
        return this;
    }

    Draft then(Action action) {
        actions.add(action);
        return this;
    }

    Draft emit(EventType type, @Nullable RunSnapshot run, RunEvent.Body body) {
        events.add(new RunEvent(
                type,
                commandId,
                nextSequence++,
                now,
                order.connection(),
                order.accountId(),
                run == null ? order.jobId() : Long.valueOf(run.jobId()),
                run == null ? null : run.runId(),
                order.context(),
                order.traceparent(),
                body));
        return this;
    }

    Draft command(EventType type, @Nullable RejectReason reason, @Nullable String message) {
        return emit(type, null, new RunEvent.OfCommand(order.verb(), reason, message));
    }

    /** Tells of a run's status, if it is one that there is an event for. */
    Draft status(RunSnapshot run, @Nullable JobRunStatus previous) {
        return switch (run.status()) {
            case JobRunStatus.Known known -> emit(EventType.of(known), run, ofRun(run, previous, null, null, null));
            case JobRunStatus.Unknown unknown -> this;
        };
    }

    RunEvent.OfRun ofRun(
            @Nullable RunSnapshot run,
            @Nullable JobRunStatus previous,
            @Nullable RunFailure failure,
            @Nullable String reason,
            @Nullable String message) {
        return new RunEvent.OfRun(run, previous, order.jobName(), order.cause(), adopted, failure, reason, message);
    }

    Draft abandoned(@Nullable RunSnapshot run, AbandonReason reason, String message) {
        return emit(EventType.RUN_ABANDONED, run, ofRun(run, null, null, reason.wireName(), message));
    }

    /** The decision, with the entry in its new, open state. */
    Decision to(RunState state) {
        return new Decision(
                new RunEntry(commandId, commandHash, acceptedAt, nextSequence, adopted, order, state),
                null,
                events,
                actions,
                null);
    }

    /** The decision that changes nothing but has something to do. */
    Decision unchanged() {
        return new Decision(null, null, events, actions, null);
    }

    /** The decision that ends the command: the entry sheds its order and is forgotten after the retention. */
    Decision finish(EventType outcome, @Nullable String reason, @Nullable Long runId, Policy policy) {
        return new Decision(
                new RunEntry(
                        commandId,
                        commandHash,
                        acceptedAt,
                        nextSequence,
                        adopted,
                        null,
                        new RunState.Finished(outcome, reason, runId, now)),
                null,
                events,
                actions,
                null);
    }
}
