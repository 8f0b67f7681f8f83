package org.dbtrelay.flow;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.event.DeadLetterRecords;
import org.dbtrelay.event.EventRecords;
import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.PartitionProcessor;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.metrics.RelayTraces;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.decide.RunMachine;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/** Begins a {@link RunFlow} for each partition that is claimed. */
@Singleton
public class RunFlows implements PartitionProcessor {

    private final Policy policy;
    private final Actions actions;
    private final Triggers triggers;
    private final PollSchedule watches;
    private final CommandViews views;
    private final Destinations destinations;
    private final EventRecords events;
    private final DeadLetterRecords deadLetters;
    private final Clock clock;
    private final Monotonic monotonic;
    private final RelayMetrics metrics;
    private final RelayTraces traces;

    RunFlows(
            Policy policy,
            Actions actions,
            Triggers triggers,
            PollSchedule watches,
            CommandViews views,
            Destinations destinations,
            EventRecords events,
            DeadLetterRecords deadLetters,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics,
            RelayTraces traces) {
        this.policy = policy;
        this.actions = actions;
        this.triggers = triggers;
        this.watches = watches;
        this.views = views;
        this.destinations = destinations;
        this.events = events;
        this.deadLetters = deadLetters;
        this.clock = clock;
        this.monotonic = monotonic;
        this.metrics = metrics;
        this.traces = traces;
    }

    @Override
    public Session begin(Claim claim) {
        return new RunFlow(claim, this);
    }

    /** What follows from an input; the one call of the decision. */
    Decision decide(@Nullable RunEntry entry, Input input, Instant now, Policy policy, JobQueues queues) {
        return RunMachine.decide(entry, input, now, policy, queues);
    }

    /** The window of what is decided at the given moment, by both clocks. */
    SendWindow sendWindow(Instant decidedAt, long decidedNanos) {
        return new SendWindow(policy.sendWindow(), decidedAt, decidedNanos, clock, monotonic);
    }

    /** How much is committed at once. */
    CommitBatch.Bounds stepBounds() {
        return CommitBatch.Bounds.USUAL;
    }

    Policy policy() {
        return policy;
    }

    Actions actions() {
        return actions;
    }

    Triggers triggers() {
        return triggers;
    }

    PollSchedule watches() {
        return watches;
    }

    CommandViews views() {
        return views;
    }

    Destinations destinations() {
        return destinations;
    }

    EventRecords events() {
        return events;
    }

    DeadLetterRecords deadLetters() {
        return deadLetters;
    }

    Clock clock() {
        return clock;
    }

    Monotonic monotonic() {
        return monotonic;
    }

    RelayMetrics metrics() {
        return metrics;
    }

    RelayTraces traces() {
        return traces;
    }
}
