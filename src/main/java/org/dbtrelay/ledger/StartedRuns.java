package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.observe.ListedRun.Standing;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;

/**
 * What the whole ledger says of runs that commands of this deployment have started or may be starting, in whatever partition, and of
 * observed runs that are followed. Only a lister reads it, and only when it has met runs that are new.
 *
 * <p>Why it can tell whose a listed run is: an intent is committed before its request is sent, so it is in the ledger before there is a
 * run. {@link #catchUp} reads up to where the ledger ends when it is called. So after a list that shows a run of ours, it has met its
 * intent, or what has become of it.
 */
@Singleton
public class StartedRuns {

    private static final RelayLog LOG = RelayLog.of(StartedRuns.class);
    private static final Duration POLL = Duration.ofMillis(200);

    private static final Duration AGAIN = Duration.ofMillis(50);

    /** The longest wait for the end of an open transaction, which the broker ends after ten seconds. */
    private static final Duration FOR_TRANSACTIONS = Duration.ofSeconds(15);

    /** A command that was written and is not in the ledger after so long is not waited for any more. */
    private static final Duration LOST = Duration.ofHours(1);

    private final KafkaSettings kafka;
    private final TopicCheck topics;
    private final Monotonic monotonic;

    /** Held while the ledger is read; no monitor, since that takes time. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<String, Start> starting = new HashMap<>();

    /** The account of each run that a command has started; null where the entry does not tell it any more. */
    private final Map<Long, @Nullable Long> started = new HashMap<>();
    /** The commands of observed runs, as far as they are of interest. */
    private final Set<String> told = new HashSet<>();

    private final Set<String> followed = new HashSet<>();
    private final Map<String, Long> written = new HashMap<>();
    private final Map<String, ObserveCursor> cursors = new HashMap<>();
    private List<TopicPartition> partitions = List.of();
    private @Nullable Consumer<byte[], byte[]> reader;
    private Map<Long, Long> floors = Map.of();

    StartedRuns(KafkaSettings kafka, TopicCheck topics, Monotonic monotonic) {
        this.kafka = kafka;
        this.topics = topics;
        this.monotonic = monotonic;
    }

    /** A start that may have led to a run. */
    private record Start(long accountId, @Nullable Long jobId, StartCall call) {
        boolean mayBe(RunSnapshot run) {
            boolean same = accountId == run.accountId() && (jobId == null || jobId == run.jobId());
            return same
                    && switch (call) {
                        case StartCall.Trigger trigger -> run.retryingRunId() == null;
                        case StartCall.Retry(long runId) -> run.retryingRunId() == null || run.retryingRunId() == runId;
                    };
        }
    }

    /**
     * Reads on, up to where the ledger ends now.
     *
     * @param above for each observed account the run id up to which runs are of no interest
     * @throws LedgerException if it cannot be read up to there; what was known before counts for nothing then
     */
    public void catchUp(Map<Long, Long> above) throws LedgerException, InterruptedException {
        lock.lockInterruptibly();
        try {
            readOn(above);
        } finally {
            lock.unlock();
        }
    }

    private void readOn(Map<Long, Long> above) throws LedgerException, InterruptedException {
        boolean read = false;
        try {
            Consumer<byte[], byte[]> from = reader(above);
            Map<TopicPartition, Long> ends = new HashMap<>();
            for (TopicPartition partition : partitions) {
                ends.put(partition, kafka.ledgerEnd(partition.partition()));
            }
            readUpTo(from, ends);
            read = true;
        } catch (KafkaException e) {
            throw Claim.failed("the ledger could not be read", e);
        } finally {
            if (!read) {
                forget();
            }
        }
        started.entrySet().removeIf(run -> !isOfInterest(run.getValue(), run.getKey()));
        told.removeIf(id -> !isOfInterest(id));
        long now = monotonic.nanos();
        written.values().removeIf(since -> now - since >= LOST.toNanos());
    }

    private void readUpTo(Consumer<byte[], byte[]> from, Map<TopicPartition, Long> ends)
            throws LedgerException, InterruptedException {
        long until = monotonic.nanos() + FOR_TRANSACTIONS.toNanos();
        while (ends.entrySet().stream().anyMatch(end -> from.position(end.getKey()) < end.getValue())) {
            boolean nothing = true;
            for (ConsumerRecord<byte[], byte[]> record : from.poll(POLL)) {
                nothing = false;
                understand(record);
            }
            if (!nothing) {
                until = monotonic.nanos() + FOR_TRANSACTIONS.toNanos();
            } else if (monotonic.nanos() - until >= 0) {
                throw new LedgerException(
                        LedgerException.Kind.LOST,
                        "the ledger could not be read to its end; a transaction may be open");
            } else {
                monotonic.pause(AGAIN);
            }
        }
    }

    private Consumer<byte[], byte[]> reader(Map<Long, Long> above) throws LedgerException {
        int known = topics.status().partitions();
        if (known == 0) {
            throw new LedgerException(LedgerException.Kind.LOST, "no broker has told the number of partitions yet");
        }
        if (reader != null && (known != partitions.size() || goesBack(above))) {
            forget();
        }
        floors = Map.copyOf(above);
        if (reader == null) {
            partitions = IntStream.range(0, known)
                    .mapToObj(partition -> new TopicPartition(kafka.topics().ledger(), partition))
                    .toList();
            reader = kafka.tail();
            reader.assign(partitions);
            reader.seekToBeginning(partitions);
        }
        return reader;
    }

    /** Whether runs are of interest now that were not before. */
    private boolean goesBack(Map<Long, Long> above) {
        return above.entrySet().stream()
                .anyMatch(each -> each.getValue() < floors.getOrDefault(each.getKey(), Long.MAX_VALUE));
    }

    private boolean isOfInterest(@Nullable Long accountId, long runId) {
        return accountId == null
                ? floors.values().stream().anyMatch(floor -> runId > floor)
                : runId > floors.getOrDefault(accountId, Long.MAX_VALUE);
    }

    private boolean isOfInterest(String observedId) {
        String[] parts = observedId.split("/", -1);
        return isOfInterest(Long.valueOf(parts[1]), Long.parseLong(parts[2]));
    }

    /** A record that cannot be read is of a partition that is degraded: its commands start nothing. */
    private void understand(ConsumerRecord<byte[], byte[]> record) {
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        byte @Nullable [] value = record.value();
        try {
            if (key.startsWith(Claim.CURSOR_PREFIX) && value != null) {
                cursors.merge(key, EntryCodec.readCursor(value), (one, two) -> one.above() > two.above() ? one : two);
            } else if (key.startsWith(Claim.COMMAND_PREFIX)) {
                String id = key.substring(Claim.COMMAND_PREFIX.length());
                learn(id, value == null ? null : EntryCodec.readEntry(value));
            }
        } catch (LedgerException e) {
            // What was known of its command stands: whoever may have been starting a run may still be.
            LOG.debug("A ledger record cannot be read by the observer", pair(LogKey.KEY, key));
        }
    }

    private void learn(String id, @Nullable RunEntry entry) {
        starting.remove(id);
        if (Origin.of(id) == Origin.OBSERVED) {
            written.remove(id);
            if (isOfInterest(id)) {
                told.add(id);
            }
            if (entry != null && entry.unfinished()) {
                followed.add(id);
            } else {
                followed.remove(id);
            }
            return;
        }
        if (entry == null) {
            return;
        }
        earlier(entry).forEach(runId -> ours(entry, runId));
        switch (entry.state()) {
            case RunState.Starting state -> starts(id, entry.openCommand(), state.call());
            case RunState.Searching state -> starts(id, entry.openCommand(), state.call());
            case RunState.WithRun state -> started(entry, state.run().runId());
            case RunState.Finished state -> started(entry, state.runId());
            case RunState.Waiting waiting -> {}
            case RunState.Retrying retrying -> {}
            case RunState.Joined joined -> {}
        }
    }

    /** The runs of a command that have failed and were followed by another; a retry's run carries no marker. */
    private static List<Long> earlier(RunEntry entry) {
        @Nullable RunSnapshot failed = entry.failedRun();
        return failed == null
                ? entry.strays()
                : Stream.concat(Stream.of(failed.runId()), entry.strays().stream())
                        .toList();
    }

    private void starts(String id, ResolvedCommand command, StartCall call) {
        starting.put(id, new Start(command.accountId(), command.jobId(), call));
    }

    private void started(RunEntry entry, @Nullable Long runId) {
        if (entry.started() && runId != null) {
            ours(entry, runId);
        }
    }

    private void ours(RunEntry entry, Long runId) {
        @Nullable
        Long accountId = entry.resolved() == null
                ? started.get(runId)
                : Long.valueOf(entry.resolved().accountId());
        if (isOfInterest(accountId, runId)) {
            started.put(runId, accountId);
        }
    }

    /** Whose a run is, by what was read last. */
    public Standing of(RunSnapshot run) {
        return locked(() -> standing(run));
    }

    private Standing standing(RunSnapshot run) {
        if (told.contains(Origin.idOf(run.accountId(), run.runId()))) {
            return Standing.TOLD;
        }
        if (started.containsKey(run.runId())) {
            return Standing.OURS;
        }
        return starting.values().stream().anyMatch(start -> start.mayBe(run)) ? Standing.OPEN : Standing.OTHERS;
    }

    /** The commands for observed runs that were written; they count as followed until the ledger says what has become of them. */
    public void wrote(Collection<String> commandIds) {
        long now = monotonic.nanos();
        locked(() -> {
            commandIds.stream().filter(id -> !told.contains(id)).forEach(id -> written.put(id, now));
            return written;
        });
    }

    /** The number of observed runs that are followed now. */
    public int followed() {
        return locked(() -> followed.size() + written.size());
    }

    /** The cursor of an observed connection in whatever partition, the furthest if there are several; empty: there is none. */
    public Optional<ObserveCursor> cursor(String connection, long accountId) {
        return locked(() -> Optional.ofNullable(cursors.get(Claim.cursorKey(connection, accountId))));
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** Nobody needs it any more for now. */
    public void close() {
        locked(() -> {
            forget();
            return written;
        });
    }

    /** Whoever reads the ledger now may be at it for long, and the process ends anyway. */
    @PreDestroy
    void stop() {
        if (lock.tryLock()) {
            try {
                forget();
            } finally {
                lock.unlock();
            }
        }
    }

    private void forget() {
        if (reader != null) {
            reader.close();
            reader = null;
        }
        starting.clear();
        started.clear();
        told.clear();
        followed.clear();
        cursors.clear();
        floors = Map.of();
    }
}
