package org.dbtrelay.watch;

import java.time.Clock;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.flow.PollSchedule;
import org.dbtrelay.ledger.Owners;
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

    /** The real poller and the real sweep; running it is one tick of both. */
    public static Runnable of(
            Owners owners,
            PollSchedule watches,
            Connections connections,
            Policy policy,
            RelayConfig config,
            Clock clock,
            RelayMetrics metrics) {
        Poller poller = poller(owners, watches, connections, clock, metrics);
        Sweep sweep = new Sweep(owners, watches, connections, policy, config, clock);
        return () -> {
            poller.tick();
            sweep.tick();
        };
    }
}
