package org.dbtrelay.ledger.placement;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.jspecify.annotations.Nullable;

/** Tells of producers that put records on another partition than the one of their key: each is counted, and each kind is logged once an hour. */
public final class Misplaced {

    private static final RelayLog LOG = RelayLog.of(Misplaced.class);
    private static final Duration AGAIN = Duration.ofHours(1);

    private final RelayMetrics metrics;
    private final Clock clock;
    private final Map<String, Instant> told = new HashMap<>();

    public Misplaced(RelayMetrics metrics, Clock clock) {
        this.metrics = metrics;
        this.clock = clock;
    }

    /** A record has been passed on from where it lay. */
    public void passedOn(ConsumerRecord<byte[], byte[]> record, int partitions) {
        byte @Nullable [] key = Placement.key(record);
        if (key == null) {
            tell(record, "no_key", "the records have no key, so they went by their job; give them the job's id as key");
            return;
        }
        for (Partitioner known : Partitioner.values()) {
            if (known.partition(key, partitions) == record.partition()) {
                tell(record, known.label(), "it looks like " + known.hint());
                return;
            }
        }
        tell(record, "other", "its partitioner is none that is known here; docs/commands.md has settings of clients");
    }

    private void tell(ConsumerRecord<byte[], byte[]> record, String kind, String detail) {
        metrics.passedOn(kind);
        if (isDue(kind, clock.instant())) {
            LOG.info(
                    "A producer puts commands on another partition than Kafka's own hash of their key; each is passed on, which costs a hop",
                    pair(LogKey.PARTITION, record.partition()),
                    pair(LogKey.OFFSET, record.offset()),
                    pair(LogKey.DETAIL, detail));
        }
    }

    private synchronized boolean isDue(String kind, Instant now) {
        @Nullable Instant before = told.get(kind);
        boolean due = before == null || !now.isBefore(before.plus(AGAIN));
        if (due) {
            told.put(kind, now);
        }
        return due;
    }
}
