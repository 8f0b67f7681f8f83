package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;

/**
 * Owns one partition: one virtual thread that claims it, reads it, and then takes what its mailbox holds. There is one way
 * back from everything, be it a crash of the owner before, a fence, a time-out of a commit or a broker that went away: drop
 * the memory, claim again, read again.
 */
final class PartitionOwner {

    private static final RelayLog LOG = RelayLog.of(PartitionOwner.class);

    /** A true zombie that was fenced learns of its loss within this time, and does not fight back. */
    private static final Duration AFTER_FENCE = Duration.ofSeconds(5);

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);
    private static final Duration LONGEST_BACK_OFF = Duration.ofSeconds(30);
    private static final int BATCH = 500;

    private final int partition;
    private final KafkaSettings kafka;
    private final TopicCheck topics;
    private final PartitionWork work;
    private final IntakeValve valve;
    private final Clock clock;
    private final Monotonic monotonic;
    private final RelayMetrics metrics;
    private final Mailbox mailbox = new Mailbox();
    private final Thread thread;
    private volatile boolean stopping;
    private volatile OwnerStatus status;
    private volatile long drainUntilNanos;

    PartitionOwner(
            int partition,
            KafkaSettings kafka,
            TopicCheck topics,
            PartitionWork work,
            IntakeValve valve,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics) {
        this.partition = partition;
        this.kafka = kafka;
        this.topics = topics;
        this.work = work;
        this.valve = valve;
        this.clock = clock;
        this.monotonic = monotonic;
        this.metrics = metrics;
        this.status = new OwnerStatus(partition, OwnerStatus.Phase.CLAIMING, clock.instant(), "");
        this.thread = Thread.ofVirtual().name("owner-" + partition).unstarted(this::own);
    }

    void start() {
        thread.start();
    }

    /** Puts an input in; never waits. When many commands wait already, no more are fetched from the partition. */
    void offer(Arrival arrival) {
        valve.check(partition, mailbox.offer(arrival));
    }

    OwnerStatus status() {
        return status;
    }

    /** Takes no new work from now on, and stops when the calls on the wire have been answered, or after the given time. */
    void stop(Duration drain) {
        drainUntilNanos = monotonic.nanos() + drain.toNanos();
        stopping = true;
        if (status.phase() == OwnerStatus.Phase.SERVING) {
            mailbox.nudge();
        } else {
            thread.interrupt();
        }
    }

    /** Waits until the owner has stopped. */
    void join(Duration atMost) throws InterruptedException {
        if (!thread.join(atMost)) {
            thread.interrupt();
        }
    }

    private void own() {
        int failures = 0;
        try {
            while (!stopping) {
                boolean fenced = false;
                String reason;
                try {
                    enter(OwnerStatus.Phase.WAITING_FOR_TOPICS, "the topics have not been checked yet");
                    String topicId = topics.await();
                    enter(OwnerStatus.Phase.CLAIMING, "");
                    long begun = monotonic.nanos();
                    try (PartitionLedger ledger = PartitionLedger.claim(kafka, partition)) {
                        Restored restored = ledger.read(topicId);
                        Duration took = Duration.ofNanos(monotonic.nanos() - begun);
                        metrics.claimed(took);
                        LOG.info(
                                "Partition claimed and read; it is served from now on",
                                pair(LogKey.PARTITION, partition),
                                pair(LogKey.ENTRIES, restored.entries().size()),
                                pair(LogKey.OFFSET, restored.position().offset()),
                                pair(LogKey.DURATION_MS, took.toMillis()));
                        failures = 0;
                        serve(new Claim(partition, restored, ledger, input -> offer(Arrival.of(input))));
                    }
                    continue;
                } catch (LedgerException e) {
                    fenced = e.isFenced();
                    reason = describe(e);
                    metrics.claimLost(fenced ? "fenced" : "failed");
                    LOG.warn(
                            fenced
                                    ? "Another instance has claimed this partition; pausing before the next claim"
                                    : "The claim on the partition has ended; it will be claimed and read again",
                            pair(LogKey.PARTITION, partition),
                            pair(LogKey.REASON, reason));
                } catch (RuntimeException e) {
                    reason = e.toString();
                    metrics.claimLost("fault");
                    LOG.error(
                            "A fault ended the claim on the partition; it will be claimed and read again",
                            e,
                            pair(LogKey.PARTITION, partition));
                }
                mailbox.takeBack();
                if (!stopping) {
                    enter(OwnerStatus.Phase.BETWEEN_CLAIMS, reason);
                    rest(fenced ? AFTER_FENCE : backOff(failures++));
                }
            }
        } catch (InterruptedException e) {
            LOG.warn("Owner was interrupted before it had stopped", pair(LogKey.PARTITION, partition));
        } finally {
            enter(OwnerStatus.Phase.STOPPED, "");
        }
    }

    private void serve(Claim claim) throws LedgerException, InterruptedException {
        PartitionWork.Session session = work.begin(claim);
        try {
            enter(OwnerStatus.Phase.SERVING, "");
            Instant wake = session.take(List.of());
            boolean draining = false;
            while (!(draining && (session.isDrained() || monotonic.nanos() - drainUntilNanos >= 0))) {
                List<Arrival> arrivals = mailbox.take(BATCH, until(wake), !draining);
                if (stopping && !draining) {
                    draining = true;
                    session.drain();
                }
                wake = session.take(arrivals);
                valve.check(partition, mailbox.settled());
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

    /** Waits for the time to pass or for {@link #stop}; arrivals stay where they are. */
    private void rest(Duration time) throws InterruptedException {
        long until = monotonic.nanos() + time.toNanos();
        for (long left = time.toNanos(); left > 0 && !stopping; left = until - monotonic.nanos()) {
            mailbox.awaitNudge(Duration.ofNanos(left));
        }
    }

    private static Duration backOff(int failures) {
        long millis = Math.min(LONGEST_BACK_OFF.toMillis(), 200L << Math.min(failures, 8));
        return Duration.ofMillis(millis / 2 + ThreadLocalRandom.current().nextLong(millis / 2 + 1));
    }

    private void enter(OwnerStatus.Phase phase, String detail) {
        if (status.phase() != phase || !status.detail().equals(detail)) {
            status = new OwnerStatus(partition, phase, clock.instant(), detail);
        }
    }

    private static String describe(Throwable e) {
        return e.getCause() == null ? String.valueOf(e.getMessage()) : e.getMessage() + ": " + e.getCause();
    }
}
