package org.dbtrelay.flow;

import java.time.Clock;
import java.time.Instant;
import java.util.function.Consumer;
import org.dbtrelay.artifact.ArtifactCollector;
import org.dbtrelay.artifact.FailureReader;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.event.SimEvents;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.ledger.PartitionProcessor;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.metrics.RelayTraces;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.state.RunEntry;

/** The real flow of one process, whose decisions somebody watches. */
public final class SimFlow {

    /** Sees every decision, and may break rules. */
    public interface Observer {
        /** The entry that is taken for the command's. */
        default RunEntry known(RunEntry before, Input input) {
            return before;
        }

        /** What is taken for the input. */
        default Input heard(RunEntry before, Input input) {
            return input;
        }

        /** How the commands are taken to stand to each other. */
        default JobQueues queues(RunEntry before, JobQueues queues) {
            return queues;
        }

        /** Whether send windows begin only when the commit has returned. */
        default boolean stampsLate() {
            return false;
        }

        /** What is taken for the decision. */
        default Decision meant(RunEntry before, Input input, Decision decision) {
            return decision;
        }

        /** What was decided. */
        void decided(RunEntry before, Input input, Decision decision);
    }

    private final PollSchedule watches = new PollSchedule();
    private final Observations observations = new Observations();
    private final JobSwitches jobSwitches = new JobSwitches();
    private final CommandViews views;
    private final RunFlows flow;

    /** Wires the real objects. */
    public SimFlow(
            RelayConfig config,
            Policy policy,
            Connections connections,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics,
            Observer observer) {
        var events = SimEvents.events(config, policy);
        this.views = new CommandViews();
        this.flow =
                new RunFlows(
                        policy,
                        connections,
                        new Actions(
                                connections,
                                new ArtifactCollector(config),
                                new RunEnds(connections, new FailureReader(), clock, monotonic),
                                clock,
                                metrics),
                        new Triggers(connections, jobSwitches, RelayTraces.none()) {
                            @Override
                            void start(Action.Start action, Permit permit, SendWindow window, Consumer<Input> inbox) {
                                super.start(action, permit, observer.stampsLate() ? anew(window) : window, inbox);
                            }
                        },
                        watches,
                        views,
                        new Destinations(views),
                        observations,
                        SimEvents.observedRecords(config),
                        events,
                        SimEvents.deadLetters(config),
                        clock,
                        monotonic,
                        metrics,
                        RelayTraces.none(),
                        jobSwitches) {
                    // Small, so that many batches are full.
                    @Override
                    CommitBatch.Bounds batchBounds() {
                        return new CommitBatch.Bounds(12, 12_000);
                    }

                    @Override
                    Decision decide(RunEntry entry, Input input, Instant now, Policy ofLedger, JobQueues queues) {
                        Decision decision = observer.meant(
                                entry,
                                input,
                                super.decide(
                                        observer.known(entry, input),
                                        observer.heard(entry, input),
                                        now,
                                        ofLedger,
                                        observer.queues(entry, queues)));
                        observer.decided(entry, input, decision);
                        return decision;
                    }
                };
    }

    private static SendWindow anew(SendWindow window) {
        return new SendWindow(
                window.length(),
                window.clock().instant(),
                window.monotonic().nanos(),
                window.clock(),
                window.monotonic());
    }

    /** What owners do with their inputs. */
    public PartitionProcessor work() {
        return flow;
    }

    /** The jobs that a person has suspended. */
    public JobSwitches jobSwitches() {
        return jobSwitches;
    }

    /** The runs in flight. */
    public PollSchedule watches() {
        return watches;
    }

    /** The accounts that are observed. */
    public Observations observations() {
        return observations;
    }

    /** The memory of the owners. */
    public CommandViews views() {
        return views;
    }

    /** Sets the share of the budgets as the application does. */
    public static void share(Connections connections, Owners.OwnedPartitions change) {
        new BudgetShare(connections).onChange(change);
    }
}
