package org.dbtrelay.watch;

import java.time.Clock;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.flow.Observations;
import org.dbtrelay.flow.PollSchedule;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.ledger.StartedRuns;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.command.Policy;

/** Lets the simulation make what is made by the container otherwise. */
public final class SimPoller {

    private SimPoller() {}

    /** The real poller. */
    public static Poller poller(
            Owners owners, PollSchedule watches, Connections connections, Clock clock, RelayMetrics metrics) {
        return new Poller(owners, watches, connections, clock, metrics);
    }

    /** The real lister of observed runs. */
    public static RunLister lister(
            Observations observations,
            StartedRuns ledger,
            Connections connections,
            RelayConfig config,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics) {
        return new RunLister(observations, ledger, connections, config, clock, monotonic, metrics);
    }

    /** The real poller, the real sweep and the real lister; running it is one tick of all. */
    public static Runnable of(
            Owners owners,
            PollSchedule watches,
            Connections connections,
            Policy policy,
            RelayConfig config,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics,
            RunLister lister) {
        Poller poller = poller(owners, watches, connections, clock, metrics);
        Sweep sweep = new Sweep(owners, watches, connections, policy, config, clock, monotonic);
        return () -> {
            poller.tick();
            sweep.tick();
            lister.tick();
        };
    }
}
