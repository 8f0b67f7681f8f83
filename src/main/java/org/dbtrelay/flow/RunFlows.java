package org.dbtrelay.flow;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.event.DeadLetterRecords;
import org.dbtrelay.event.EventRecords;
import org.dbtrelay.event.ObservedRecords;
import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.PartitionProcessor;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.metrics.RelayTraces;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.decide.RunMachine;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.RunNames;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/** Begins a {@link RunFlow} for each partition that is claimed; holds what all of them share. */
@Singleton
public class RunFlows implements PartitionProcessor {

    final Policy policy;
    private final Connections connections;
    final Actions actions;
    final Triggers triggers;
    final PollSchedule polls;
    final CommandViews views;
    final Destinations destinations;
    final Observations observations;
    final ObservedRecords observedRuns;
    final EventRecords events;
    final DeadLetterRecords deadLetters;
    final Clock clock;
    final Monotonic monotonic;
    final RelayMetrics metrics;
    final RelayTraces traces;
    final JobSwitches jobSwitches;

    RunFlows(
            Policy policy,
            Connections connections,
            Actions actions,
            Triggers triggers,
            PollSchedule polls,
            CommandViews views,
            Destinations destinations,
            Observations observations,
            ObservedRecords observedRuns,
            EventRecords events,
            DeadLetterRecords deadLetters,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics,
            RelayTraces traces,
            JobSwitches jobSwitches) {
        this.policy = policy;
        this.connections = connections;
        this.actions = actions;
        this.triggers = triggers;
        this.polls = polls;
        this.views = views;
        this.destinations = destinations;
        this.observations = observations;
        this.observedRuns = observedRuns;
        this.events = events;
        this.deadLetters = deadLetters;
        this.clock = clock;
        this.monotonic = monotonic;
        this.metrics = metrics;
        this.traces = traces;
        this.jobSwitches = jobSwitches;
    }

    @Override
    public Session begin(Claim claim) {
        return new RunFlow(claim, this);
    }

    /** Decides an input; the one call of the machine. */
    Decision decide(@Nullable RunEntry entry, Input input, Instant now, Policy policy, JobQueues queues) {
        return RunMachine.decide(entry, input, now, policy, queues);
    }

    /** An event of a run with the names that are known now: an event never waits for one. */
    RunEvent named(RunEvent event) {
        @Nullable RunSnapshot run = event.body() instanceof RunEvent.OfRun ofRun ? ofRun.run() : null;
        return run == null
                ? event
                : event.with(connections
                        .find(event.connection())
                        .map(client -> client.names().of(run))
                        .orElse(RunNames.NONE));
    }

    /** The window of what is decided at the given moment, by both clocks. */
    SendWindow sendWindow(Instant decidedAt, long decidedNanos) {
        return new SendWindow(policy.sendWindow(), decidedAt, decidedNanos, clock, monotonic);
    }

    /** The bound of a batch. */
    CommitBatch.Bounds batchBounds() {
        return CommitBatch.Bounds.USUAL;
    }
}
