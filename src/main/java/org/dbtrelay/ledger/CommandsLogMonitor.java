package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * Watches the topics while partitions are served, for changes that no record and no rebalance reports: a commands topic that was made
 * anew, records that it has lost or hides, changed settings, a partition without an owner.
 */
@Singleton
class CommandsLogMonitor {

    private static final RelayLog LOG = RelayLog.of(CommandsLogMonitor.class);

    /** One small request, so that a topic that was made anew is noticed within seconds. */
    private static final Duration INTERVAL = Duration.ofSeconds(2);

    /** The number of rounds between two comparisons of log and assignment; the topics are checked as often if they had faults. */
    private static final int COMPARE = 5;

    /** The number of rounds between two checks of the topics' settings: about five minutes. */
    private static final int CHECK_ALL = 150;

    private final TopicCheck topics;
    private final Owners owners;
    private final Monotonic monotonic;
    private @Nullable Thread thread;

    CommandsLogMonitor(TopicCheck topics, Owners owners, Monotonic monotonic) {
        this.topics = topics;
        this.owners = owners;
        this.monotonic = monotonic;
    }

    void onStart(@Observes StartupEvent event) {
        thread = Thread.ofVirtual().name("log-watch").start(this::watch);
    }

    void onShutdown(@Observes ShutdownEvent event) {
        if (thread != null) {
            thread.interrupt();
        }
    }

    private void watch() {
        try {
            for (int round = 1; ; round++) {
                monotonic.pause(INTERVAL);
                check(round);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void check(int round) throws InterruptedException {
        try {
            @Nullable String topicId = topics.checkCommands();
            if (topicId != null) {
                owners.commandsTopicIs(topicId);
            }
            if (round % COMPARE == 0) {
                // It asks no broker: one that does not answer must not keep a partition without an owner.
                owners.compareWithAssignment();
                owners.compareWithLog();
            }
            if (round % CHECK_ALL == 0
                    || (round % COMPARE == 0 && !topics.status().isFine())) {
                topics.checkAgain();
            }
        } catch (LedgerException e) {
            LOG.debug("No broker tells of the topics; the next round asks again", pair(LogKey.REASON, e.getMessage()));
        } catch (RuntimeException | Error e) {
            LOG.error("Internal error: a check of the topics stopped; the next check repeats it", e);
        }
    }
}
