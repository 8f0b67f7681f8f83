package org.dbtrelay.lineage.send;

import java.time.Duration;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;

/** Waits longer and longer while an outlet takes nothing, and says so once. */
final class Outage {

    private static final RelayLog LOG = RelayLog.of(Outage.class);
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final String to;
    private final Monotonic monotonic;
    private final RelayMetrics metrics;
    private Duration pause = SHORTEST;
    private boolean lasts;

    /** {@code to}: the outlet, in a word. */
    Outage(String to, Monotonic monotonic, RelayMetrics metrics) {
        this.to = to;
        this.monotonic = monotonic;
        this.metrics = metrics;
    }

    /** Something was not taken, and may be later. */
    void failed(String reason) throws InterruptedException {
        begun(reason);
        Duration now;
        synchronized (this) {
            now = pause;
            Duration next = pause.multipliedBy(2);
            pause = next.compareTo(LONGEST) > 0 ? LONGEST : next;
        }
        monotonic.pause(now);
    }

    /** As {@link #failed}, without a pause. */
    synchronized void begun(String reason) {
        metrics.lineageEvents(to, "failed", 1);
        if (!lasts) {
            LOG.warn(
                    "Lineage events are not taken; the relay tries on",
                    RelayLog.pair(LogKey.STATE, to),
                    RelayLog.pair(LogKey.REASON, reason));
        }
        lasts = true;
    }

    /** An event was refused for what is in it. */
    void refused(String reason) {
        metrics.lineageEvents(to, "refused", 1);
        LOG.warn(
                "A lineage event was refused; it is left out",
                RelayLog.pair(LogKey.STATE, to),
                RelayLog.pair(LogKey.REASON, reason));
    }

    /** So many events were taken. */
    synchronized void took(int events) {
        metrics.lineageEvents(to, "written", events);
        if (lasts && events > 0) {
            LOG.info("Lineage events are taken again", RelayLog.pair(LogKey.STATE, to));
        }
        if (events > 0) {
            lasts = false;
            pause = SHORTEST;
        }
    }
}
