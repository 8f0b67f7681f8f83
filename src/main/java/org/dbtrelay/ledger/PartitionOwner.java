package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.intake.IntakeValve;
import org.dbtrelay.ledger.intake.Mailbox;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.ledger.intake.OfferedOffsets;
import org.dbtrelay.ledger.kafka.CommandsLog;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.Offsets;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.ledger.placement.Placement;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.decide.Input;
import org.jspecify.annotations.Nullable;

/**
 * Owns one partition: one virtual thread that claims the partition, reads its ledger, and then takes the inputs in its mailbox.
 * After a crash of the previous owner, a fence, a time-out of a commit or an outage of a broker the recovery is the same: drop the
 * memory, claim again, read again.
 */
final class PartitionOwner {

    private static final RelayLog LOG = RelayLog.of(PartitionOwner.class);

    /** An owner that was fenced while frozen learns of its loss within this time, and does not claim back at once. */
    private static final Duration AFTER_FENCE = Duration.ofSeconds(5);

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);
    private static final Duration LONGEST_BACK_OFF = Duration.ofSeconds(30);
    private static final Duration WHILE_DEGRADED = Duration.ofSeconds(30);
    private static final int BATCH = 500;

    private final int partition;
    private final KafkaSettings kafka;
    private final TopicCheck topics;
    private final PartitionProcessor work;
    private final IntakeValve valve;
    private final CommandsLogNotices notices;
    private final Clock clock;
    private final Monotonic monotonic;
    private final RelayMetrics metrics;
    private final OfferedOffsets offered = new OfferedOffsets();
    private final ReentrantLock phase = new ReentrantLock();
    private final Mailbox mailbox;
    private final Thread thread;
    private final CompletableFuture<@Nullable Void> stopped = new CompletableFuture<>();
    private volatile boolean stopping;

    /** The id of the commands topic that the owner serves; empty: none. */
    private volatile String servedTopic = "";

    private volatile boolean madeAnew;
    private volatile OwnerStatus status;
    private volatile long drainUntilNanos;

    // Only for the owner's thread.
    private final Refusals refusals = new Refusals();
    private boolean degraded;
    private int failures;

    PartitionOwner(
            int partition,
            KafkaSettings kafka,
            TopicCheck topics,
            PartitionProcessor work,
            IntakeValve valve,
            CommandsLogNotices notices,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics) {
        this.partition = partition;
        this.kafka = kafka;
        this.topics = topics;
        this.work = work;
        this.valve = valve;
        this.notices = notices;
        this.clock = clock;
        this.monotonic = monotonic;
        this.metrics = metrics;
        this.mailbox = new Mailbox(monotonic);
        this.status = new OwnerStatus(partition, OwnerStatus.Phase.CLAIMING, clock.instant(), "");
        this.thread = Thread.ofVirtual().name("owner-" + partition).unstarted(this::own);
    }

    void start() {
        metrics.partitions(label(status.phase()), 1);
        thread.start();
    }

    /** Puts an answer into the mailbox; never waits. */
    void offer(Input input) {
        offer(MailboxItem.of(input));
    }

    /** Puts an input into the mailbox; never waits. When many commands wait already, no more are fetched from the partition. */
    void offer(MailboxItem arrival) {
        if (arrival.origin() == null || offered.isNew(arrival.origin().record().offset())) {
            valve.check(partition, mailbox.offer(arrival));
        }
    }

    /** Tells the commands topic's present id: if it is not the one that the owner serves, the claim ends. */
    void commandsTopicIs(String topicId) {
        if (!servedTopic.isEmpty() && !servedTopic.equals(topicId)) {
            madeAnew = true;
            mailbox.nudge();
        }
    }

    /**
     * Reports records that the commands topic has lost before they were read. Fetches a topic that was made anew once more if none of its
     * records was taken.
     *
     * @param start the first offset that the topic still has
     * @param position the offset that is fetched next
     */
    void compareWithLog(long start, long position) {
        if (isServing()) {
            if (offered.waitsInVain()) {
                valve.rewind(partition, before -> offered.rewound(false));
            }
            @Nullable Offsets lost = offered.lostBefore(start, position);
            if (lost != null) {
                notices.lost(partition, lost);
            }
        }
    }

    OwnerStatus status() {
        return status;
    }

    boolean isServing() {
        return status.phase() == OwnerStatus.Phase.SERVING;
    }

    /** Takes no new work from now on, and stops when no call waits for an answer, or after the given time. */
    void stop(Duration drain) {
        drainUntilNanos = monotonic.nanos() + drain.toNanos();
        phase.lock();
        try {
            stopping = true;
            if (isServing()) {
                mailbox.nudge();
            } else {
                thread.interrupt();
            }
        } finally {
            phase.unlock();
        }
    }

    /** An owner that serves is nudged and drains; any other one is interrupted and does not begin to serve. */
    private boolean beginsToServe() {
        phase.lock();
        try {
            if (!stopping) {
                enter(OwnerStatus.Phase.SERVING, "");
            }
            return !stopping;
        } finally {
            phase.unlock();
        }
    }

    /** Waits until the owner has stopped. */
    void join(Duration atMost) throws InterruptedException {
        try {
            monotonic.get(stopped, atMost);
        } catch (TimeoutException e) {
            thread.interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The end of a claim, and the pause before the next one. */
    private record Ending(OwnerStatus.Phase phase, String reason, Duration pause) {}

    private void own() {
        try {
            while (!stopping) {
                Ending ending = claimAndServe();
                mailbox.takeBack();
                if (!stopping) {
                    enter(ending.phase(), ending.reason());
                    rest(ending.pause());
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("Owner was stopped while it waited", pair(LogKey.PARTITION, partition));
        } finally {
            enter(OwnerStatus.Phase.STOPPED, "");
            stopped.complete(null);
        }
    }

    private Ending claimAndServe() throws InterruptedException {
        try {
            enter(OwnerStatus.Phase.WAITING_FOR_TOPICS, "the topics have not been checked yet");
            String topicId = topics.await();
            LedgerReader reader = new LedgerReader(kafka, partition, monotonic);
            if (degraded) {
                // A claim would fence another owner, which may own the partition rightly.
                var _ = reader.read(topicId, kafka.commandsLog(partition));
                degraded = false;
            }
            enter(OwnerStatus.Phase.CLAIMING, "");
            long begun = monotonic.nanos();
            Placement placement = new Placement(topicId, topics, notices.misplaced());
            try (Claim claim = Claim.take(reader, topicId, placement, refusals, this::offer)) {
                Duration took = Duration.ofNanos(monotonic.nanos() - begun);
                metrics.claimed(took);
                LOG.info(
                        "Partition claimed and read; it is served from now on",
                        pair(LogKey.PARTITION, partition),
                        pair(LogKey.ENTRIES, claim.restored().entries().size()),
                        pair(LogKey.OFFSET, claim.restored().position().offset()),
                        pair(LogKey.DURATION_MS, took.toMillis()));
                beginAt(topicId, claim);
                serve(claim);
                return new Ending(OwnerStatus.Phase.STOPPED, "", Duration.ZERO);
            }
        } catch (LedgerException e) {
            String reason = describe(e);
            metrics.claimLost(e.kind().name().toLowerCase(Locale.ROOT));
            return switch (e.kind()) {
                case FENCED -> {
                    warn("Another instance has claimed this partition; pausing before the next claim", reason);
                    yield new Ending(OwnerStatus.Phase.BETWEEN_CLAIMS, reason, AFTER_FENCE);
                }
                case LOST -> {
                    warn("The claim on the partition has ended; it will be claimed and read again", reason);
                    yield new Ending(OwnerStatus.Phase.BETWEEN_CLAIMS, reason, backOff(failures++));
                }
                case REFUSED -> {
                    warn("The broker refused a record; something smaller is written in its place", reason);
                    yield new Ending(OwnerStatus.Phase.BETWEEN_CLAIMS, reason, backOff(failures++));
                }
                case DEGRADED -> {
                    degraded = true;
                    warn("This partition is not served until a person has looked; the others go on", reason);
                    yield new Ending(OwnerStatus.Phase.DEGRADED, reason, WHILE_DEGRADED);
                }
            };
        } catch (RuntimeException | Error e) {
            metrics.claimLost("fault");
            LOG.error(
                    "A fault ended the claim on the partition; it will be claimed and read again",
                    e,
                    pair(LogKey.PARTITION, partition));
            return new Ending(OwnerStatus.Phase.BETWEEN_CLAIMS, e.toString(), backOff(failures++));
        }
    }

    private void warn(String message, String reason) {
        LOG.warn(message, pair(LogKey.PARTITION, partition), pair(LogKey.REASON, reason));
    }

    /** Deals with a commands topic that was made anew or has lost records, before any record is taken. */
    private void beginAt(String topicId, Claim claim) throws LedgerException {
        CommandsLog log = claim.log();
        RestoredPartition restored = claim.restored();
        madeAnew = false;
        servedTopic = topicId;
        if (restored.anew()) {
            LOG.warn(
                    "The commands topic was made anew: the partition is read from its first record on",
                    pair(LogKey.PARTITION, partition));
        } else if (log.isAheadOf(restored.position())) {
            LOG.warn(
                    "The consumer group is where it was in the commands topic before this one: the partition is read from its first record on",
                    pair(LogKey.PARTITION, partition));
        }
        if (restored.anew() || log.isAheadOf(restored.position())) {
            offered.beginAnew(log.start());
            mailbox.dropCommands();
            long begun = Math.max(log.start(), log.committed());
            valve.rewind(partition, position -> offered.rewound(position <= begun));
        }
        offered.beginAt(restored.position().offset() + 1);
        if (restored.lost() != null) {
            // The loss is told once: the next claim begins behind it.
            claim.append(List.of(claim.record(restored.position())));
            notices.lost(partition, restored.lost());
        }
    }

    private void serve(Claim claim) throws LedgerException, InterruptedException {
        PartitionProcessor.Session session = work.begin(claim);
        try {
            if (!beginsToServe()) {
                return;
            }
            PartitionProcessor.Taken taken = session.take(List.of());
            valve.check(partition, mailbox.settled(0), session.pending());
            boolean draining = false;
            while (!(draining && (session.isDrained() || monotonic.nanos() - drainUntilNanos >= 0))) {
                List<MailboxItem> arrivals = mailbox.take(BATCH, until(taken.again()), !draining);
                if (stopping && !draining) {
                    draining = true;
                    session.drain();
                }
                if (madeAnew) {
                    throw new LedgerException(LedgerException.Kind.LOST, "the commands topic was made anew");
                }
                taken = session.take(arrivals);
                failures = 0;
                valve.check(partition, mailbox.settled(taken.items()), session.pending());
            }
        } finally {
            session.end();
        }
    }

    private Duration until(Instant wake) {
        Duration wait = Duration.between(clock.instant(), wake);
        if (wait.isNegative()) {
            return Duration.ZERO;
        }
        return wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
    }

    /** Waits for the given time or for {@link #stop}; the mailbox keeps its inputs. */
    private void rest(Duration time) throws InterruptedException {
        long until = monotonic.nanos() + time.toNanos();
        for (long left = time.toNanos(); left > 0 && !stopping; left = until - monotonic.nanos()) {
            mailbox.awaitNudge(Duration.ofNanos(left));
        }
    }

    private Duration backOff(int failures) {
        long millis = Math.min(LONGEST_BACK_OFF.toMillis(), 200L << Math.min(failures, 8));
        return Duration.ofMillis(millis / 2 + Math.round(monotonic.jitter() * millis / 2.0));
    }

    private void enter(OwnerStatus.Phase phase, String detail) {
        if (status.phase() != phase) {
            metrics.partitions(label(status.phase()), -1);
            if (phase != OwnerStatus.Phase.STOPPED) {
                metrics.partitions(label(phase), 1);
            }
        }
        if (status.phase() != phase || !status.detail().equals(detail)) {
            status = new OwnerStatus(partition, phase, clock.instant(), detail);
        }
    }

    private static String label(OwnerStatus.Phase phase) {
        return phase.name().toLowerCase(Locale.ROOT);
    }

    private static String describe(Throwable e) {
        return e.getCause() == null ? String.valueOf(e.getMessage()) : e.getMessage() + ": " + e.getCause();
    }
}
