package org.dbtrelay.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.dbtrelay.run.DeadLetterReason;
import org.dbtrelay.run.EventType;

/** One method for each happening; the only user of Micrometer. */
@Singleton
public class RelayMetrics {

    private final MeterRegistry registry;
    private final Map<String, AtomicInteger> pending = new ConcurrentHashMap<>();
    private final AtomicInteger remembered = new AtomicInteger();
    private final AtomicInteger paused = new AtomicInteger();

    RelayMetrics(MeterRegistry registry) {
        this.registry = registry;
        registry.gauge("relay.commands.remembered", remembered);
        registry.gauge("relay.partitions.paused", paused);
    }

    /** An event has been committed. */
    public void told(EventType type) {
        registry.counter("relay.events", Tags.of("type", type.wireName())).increment();
    }

    /** A record has been put aside, durably. */
    public void putAside(DeadLetterReason reason) {
        registry.counter("relay.dead.letters", Tags.of("reason", reason.wireName()))
                .increment();
    }

    /** A record or command that was known already has been ignored. */
    public void ignoredAsKnown() {
        registry.counter("relay.commands.known").increment();
    }

    /** A partition has been claimed and read. */
    public void claimed(Duration took) {
        registry.timer("relay.partition.claims").record(took);
    }

    /** A claim has ended other than by a stop. */
    public void claimLost(String reason) {
        registry.counter("relay.partition.losses", Tags.of("reason", reason)).increment();
    }

    /** A transaction has been committed. */
    public void committed(int records, Duration took) {
        registry.timer("relay.ledger.commits").record(took);
        registry.summary("relay.ledger.commit.records").record(records);
    }

    /** A run was found for a trigger whose answer was lost. */
    public void adopted() {
        registry.counter("relay.runs.adopted").increment();
    }

    /** A connection was refused by dbt Cloud: nothing is started over it until a probe succeeds. */
    public void suspended(String connection) {
        registry.counter("relay.connection.suspensions", Tags.of("connection", connection))
                .increment();
    }

    /**
     * So many more commands of a connection are not finished on this instance.
     *
     * @param more below 0: fewer
     */
    public void pending(String connection, int more) {
        pending.computeIfAbsent(
                        connection,
                        name -> registry.gauge(
                                "relay.commands.pending", Tags.of("connection", name), new AtomicInteger()))
                .addAndGet(more);
    }

    /**
     * So many more ids of finished commands are remembered on this instance.
     *
     * @param more below 0: fewer
     */
    public void remembered(int more) {
        remembered.addAndGet(more);
    }

    /**
     * So many more of this instance's partitions take no commands for now.
     *
     * @param more below 0: fewer
     */
    public void partitionsPaused(int more) {
        paused.addAndGet(more);
    }

    /** The end of a run has been seen. */
    public void endSeen(boolean hinted) {
        registry.counter("relay.run.ends.seen", Tags.of("by", hinted ? "webhook" : "poll"))
                .increment();
    }

    /** dbt Cloud, or somebody else, has sent a webhook. */
    public void webhook(String connection, String outcome) {
        registry.counter("relay.webhooks", Tags.of("connection", connection, "outcome", outcome))
                .increment();
    }

    /** A batch of runs has been looked at. */
    public void polled(int runs) {
        registry.summary("relay.poll.runs").record(runs);
    }
}
