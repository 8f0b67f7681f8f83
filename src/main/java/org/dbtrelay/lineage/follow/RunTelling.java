package org.dbtrelay.lineage.follow;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.lineage.send.Encoded;
import org.dbtrelay.lineage.send.Outlet;
import org.dbtrelay.lineage.tell.RunLineage;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.metrics.RelayMetrics;

/**
 * Tells of runs that they run, or have ended; and holds what it takes to tell of their steps.
 *
 * @param places how many runs' artifacts are read at once
 * @param patience how long artifacts are waited for
 * @param maxAge of a run whose event is older nothing more is told
 */
record RunTelling(
        Connections connections,
        RunSurroundings surroundings,
        Outlet outlet,
        Semaphore places,
        Duration patience,
        Duration maxAge,
        RelayMetrics metrics,
        Clock clock,
        Monotonic monotonic) {

    /** Tells what an event of the relay says of the run itself. */
    void tellRun(ToldRun run) throws InterruptedException {
        Optional<DbtCloudClient> client = connections.find(run.connection());
        if (client.isEmpty()) {
            return;
        }
        RunLineage lineage = lineage(client.get(), run);
        List<Encoded> events = new ArrayList<>();
        switch (run.happening()) {
            case RUNS -> events.add(Encoded.of(lineage.start()));
            case ENDED -> {
                if (!run.wasRunning()) {
                    events.add(Encoded.of(lineage.start()));
                }
                events.add(Encoded.of(lineage.end()));
            }
        }
        outlet.send(events);
    }

    RunLineage lineage(DbtCloudClient client, ToldRun run) {
        return new RunLineage(run, surroundings.of(client, run));
    }
}
