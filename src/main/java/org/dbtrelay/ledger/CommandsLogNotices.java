package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.ledger.kafka.Offsets;
import org.dbtrelay.ledger.placement.Misplaced;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;

/**
 * Reports troubles of the commands topic that the relay cannot mend: commands that the topic has lost before they were read, and
 * commands that an open transaction hides. Nothing waits for them, because waiting would bring nothing back. A log line, a meter and
 * a detail of readiness tell of them for as long as this instance owns the partition.
 */
@Singleton
class CommandsLogNotices {

    private static final RelayLog LOG = RelayLog.of(CommandsLogNotices.class);

    private final RelayMetrics metrics;
    private final Clock clock;
    private final Misplaced misplaced;
    private final Map<Integer, String> lost = new ConcurrentHashMap<>();
    private final Map<Integer, Hidden> hidden = new ConcurrentHashMap<>();

    CommandsLogNotices(RelayMetrics metrics, Clock clock) {
        this.metrics = metrics;
        this.clock = clock;
        this.misplaced = new Misplaced(metrics, clock);
    }

    /** The records between the end that consumers see and the real end. */
    private record Hidden(Offsets offsets, boolean told) {}

    /** Tells of records that do not lie on the partition of their key. */
    Misplaced misplaced() {
        return misplaced;
    }

    /** The topic does not have these any more, and they had not been read. */
    void lost(int partition, Offsets offsets) {
        metrics.commandsLost(offsets.count());
        LOG.warn(
                "The commands topic has lost records before they were read; the commands in them are not run",
                pair(LogKey.PARTITION, partition),
                pair(LogKey.COUNT, offsets.count()),
                pair(LogKey.OFFSET, offsets.from()));
        lost.put(partition, "offsets " + offsets + ", noticed " + clock.instant());
    }

    /**
     * Takes the range of records that no consumer may see yet; it may be empty. A range that lasts from one check to the next is
     * reported.
     */
    void hidden(int partition, Offsets now) {
        hidden.compute(partition, (which, before) -> {
            if (now.count() <= 0) {
                return null;
            }
            if (before == null || before.offsets().from() != now.from()) {
                return new Hidden(now, false);
            }
            if (!before.told()) {
                LOG.warn(
                        "An open transaction of a producer hides commands; they are taken when it has ended",
                        pair(LogKey.PARTITION, partition),
                        pair(LogKey.COUNT, now.count()),
                        pair(LogKey.OFFSET, now.from()));
            }
            return new Hidden(now, true);
        });
        metrics.commandsHidden(hidden.values().stream()
                .filter(Hidden::told)
                .mapToLong(each -> each.offsets().count())
                .sum());
    }

    /** The partition is not ours any more. */
    void forget(int partition) {
        lost.remove(partition);
        hidden(partition, new Offsets(0, 0));
    }

    /** The present notices for readiness, by their subject. */
    Map<String, String> details() {
        Map<String, String> details = new TreeMap<>();
        lost.forEach((partition, what) -> details.put("lost " + partition, what));
        hidden.forEach((partition, what) -> {
            if (what.told()) {
                details.put("hidden " + partition, "offsets " + what.offsets() + ", by an open transaction");
            }
        });
        return details;
    }
}
