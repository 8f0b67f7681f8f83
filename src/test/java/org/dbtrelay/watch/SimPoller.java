package org.dbtrelay.watch;

import java.time.Clock;
import org.dbtrelay.dbtcloud.Connections;
import org.dbtrelay.flow.Intake;
import org.dbtrelay.flow.Watches;
import org.dbtrelay.metrics.RelayMetrics;

/** Lets the simulation make what is made by the container otherwise. */
public final class SimPoller {

    private SimPoller() {}

    /** The real poller; running it is one tick. */
    public static Runnable of(
            Intake intake, Watches watches, Connections connections, Clock clock, RelayMetrics metrics) {
        return new Poller(intake, watches, connections, clock, metrics)::tick;
    }
}
