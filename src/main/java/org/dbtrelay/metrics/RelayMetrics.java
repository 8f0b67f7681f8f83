package org.dbtrelay.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.JobRunStatus;
import org.jspecify.annotations.Nullable;

/** One method for each happening; the only user of Micrometer. What people look at, {@link Activity} counts, too. */
@Singleton
public class RelayMetrics {

    private final MeterRegistry registry;
    private final Activity activity;
    private final Map<Tags, AtomicInteger> levels = new ConcurrentHashMap<>();
    private final Map<Tags, Level> observedRuns = new ConcurrentHashMap<>();
    private final AtomicInteger remembered = new AtomicInteger();
    private final AtomicInteger paused = new AtomicInteger();
    private final AtomicLong hidden = new AtomicLong();
    private final AtomicInteger lineageLag = new AtomicInteger();

    RelayMetrics(MeterRegistry registry, Activity activity) {
        this.registry = registry;
        this.activity = activity;
        registry.gauge("relay.commands.remembered", remembered);
        registry.gauge("relay.partitions.paused", paused);
        registry.gauge("relay.commands.hidden", hidden);
        registry.gauge("relay.lineage.lag.seconds", lineageLag);
    }

    /** An event has been committed. */
    public void told(EventType type) {
        activity.told(type);
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

    /** A record has been passed on to the partition of its key, from where such a partitioner had put it. */
    public void passedOn(String partitioner) {
        registry.counter("relay.commands.passed.on", Tags.of("partitioner", partitioner))
                .increment();
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
        level("relay.commands.pending", Tags.of("connection", connection)).addAndGet(more);
    }

    /**
     * So many more runs of a connection are in flight on this instance in a status.
     *
     * @param more below 0: fewer
     */
    public void inFlight(String connection, JobRunStatus status, int more) {
        level("relay.runs.in.flight", Tags.of("connection", connection, "status", status.label()))
                .addAndGet(more);
    }

    /**
     * So many more partitions of this instance are in a phase.
     *
     * @param more below 0: fewer
     */
    public void partitions(String phase, int more) {
        level("relay.partitions", Tags.of("phase", phase)).addAndGet(more);
    }

    /** Whether a connection has not answered well yet since the start. */
    public void unreached(String connection, boolean unreached) {
        level("relay.connection.unreached", Tags.of("connection", connection)).set(unreached ? 1 : 0);
    }

    /** The present state of a connection and its account's budget. */
    public void connection(String connection, boolean suspended, int requestsLeft, int waiting, Duration coolDownLeft) {
        Tags tags = Tags.of("connection", connection);
        level("relay.connection.suspended", tags).set(suspended ? 1 : 0);
        level("relay.budget.requests.left", tags).set(requestsLeft);
        level("relay.budget.waiting", tags).set(waiting);
        level("relay.budget.cool.down.seconds", tags).set((int) coolDownLeft.toSeconds());
    }

    private AtomicInteger level(String name, Tags tags) {
        return levels.computeIfAbsent(tags.and("", name), _ -> registry.gauge(name, tags, new AtomicInteger()));
    }

    /** So long ago everything that dbt Cloud had listed of an observed account was dealt with. */
    public void observeLag(String connection, Duration lag) {
        level("relay.observe.lag.seconds", Tags.of("connection", connection)).set((int) Math.max(0, lag.toSeconds()));
    }

    /**
     * So many more observed runs of a job are in flight on this instance in a status. A job without any has no series.
     *
     * @param jobId null: dbt Cloud does not tell
     * @param more below 0: fewer
     */
    public void observedRuns(String connection, @Nullable Long jobId, JobRunStatus status, int more) {
        Tags tags = Tags.of(
                "connection",
                connection,
                "job_id",
                jobId == null ? "unknown" : Long.toString(jobId),
                "status",
                status.label());
        observedRuns.compute(tags, (_, known) -> {
            Level level = known == null ? new Level(tags) : known;
            return level.add(more) ? level : null;
        });
    }

    /** A gauge that goes away when it is 0. */
    private final class Level {
        private final AtomicInteger value = new AtomicInteger();
        private final Meter meter;

        Level(Tags tags) {
            this.meter = Gauge.builder("relay.observed.runs", value, AtomicInteger::get)
                    .tags(tags)
                    .register(registry);
        }

        /** False: nothing is left. */
        boolean add(int more) {
            if (value.addAndGet(more) == 0) {
                registry.remove(meter);
                return false;
            }
            return true;
        }
    }

    /** The relay has done something to the webhook subscription that it looks after. */
    public void webhookSubscription(String connection, String change) {
        registry.counter("relay.webhook.subscription.changes", Tags.of("connection", connection, "change", change))
                .increment();
    }

    /** Whether the webhook subscription that this instance looks after is not as it should be. */
    public void webhookSubscriptionBroken(String connection, boolean broken) {
        level("relay.webhook.subscription.broken", Tags.of("connection", connection))
                .set(broken ? 1 : 0);
    }

    /**
     * So many more observed runs of a connection are followed on this instance.
     *
     * @param more below 0: fewer
     */
    public void observed(String connection, int more) {
        level("relay.observed.pending", Tags.of("connection", connection)).addAndGet(more);
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

    /** The commands topic has lost so many offsets before they were read. */
    public void commandsLost(long offsets) {
        registry.counter("relay.commands.lost").increment((double) offsets);
    }

    /** So many offsets of this instance's partitions are hidden by open transactions. */
    public void commandsHidden(long offsets) {
        hidden.set(offsets);
    }

    /**
     * A run has failed, and another one follows.
     *
     * @param reason the kind of the failure, or that any counts
     */
    public void retried(String reason) {
        registry.counter("relay.retries", Tags.of("reason", reason)).increment();
    }

    /** A command has joined another one, whose run is to be its own, too. */
    public void coalesced() {
        registry.counter("relay.coalesced").increment();
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

    /** The intent of a start is recorded, and its request goes out, so long after its command was accepted. */
    public void sent(Duration sinceAccepted) {
        activity.sent();
        registry.timer("relay.command.to.trigger").record(sinceAccepted);
    }

    /** The event of a run's end is committed, so long after dbt Cloud's own time of the end. */
    public void endTold(Duration sinceEnd) {
        activity.endTold(sinceEnd);
        registry.timer("relay.end.to.event").record(sinceEnd);
    }

    /** A run whose end was told had waited and worked so long in dbt Cloud. */
    public void ran(Duration queued, Duration worked) {
        registry.timer("relay.run.queued").record(queued);
        registry.timer("relay.run.worked").record(worked);
    }

    /** An artifact was there, and is stored if there is a store, so long after its run's end. */
    public void artifactCame(Duration sinceEnd) {
        registry.timer("relay.artifact.wait").record(sinceEnd);
    }

    /** A stored artifact has been announced. */
    public void artifactStored(long bytes) {
        registry.summary("relay.artifact.bytes").record((double) bytes);
    }

    /** A run was polled so long after it was due. */
    public void polledLate(Duration late) {
        registry.timer("relay.poll.lag").record(late);
    }

    /** A batch of runs has been polled. */
    public void polled(int runs) {
        registry.summary("relay.poll.runs").record(runs);
    }

    /**
     * Lineage events have met the topic or the server.
     *
     * @param to {@code topic} or {@code server}
     * @param outcome {@code written}, {@code refused} or {@code failed}
     */
    public void lineageEvents(String to, String outcome, int events) {
        registry.counter("relay.lineage.events", Tags.of("to", to, "outcome", outcome))
                .increment((double) events);
    }

    /**
     * The lineage of a run has been told, as far as it could be.
     *
     * @param outcome {@code told}, {@code without_artifacts}, {@code too_old} or {@code failed}
     */
    public void lineageRun(String outcome) {
        registry.counter("relay.lineage.runs", Tags.of("outcome", outcome)).increment();
    }

    /** So long ago the relay told of the oldest run of this instance whose lineage is not told yet. */
    public void lineageLag(Duration lag) {
        lineageLag.set((int) Math.max(0, lag.toSeconds()));
    }
}
