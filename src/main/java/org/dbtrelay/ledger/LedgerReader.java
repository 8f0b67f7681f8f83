package org.dbtrelay.ledger;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.entry.Position;
import org.dbtrelay.ledger.kafka.CommandsLog;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.Offsets;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * Reads one ledger partition. After a claim the result is the present state, because nobody else writes any more; without a claim
 * the read disturbs no owner.
 */
record LedgerReader(KafkaSettings kafka, int partition, Monotonic monotonic) {

    private static final RelayLog LOG = RelayLog.of(LedgerReader.class);

    /** The longest wait for the end of an open transaction; then the claim is given up and begun anew. */
    private static final Duration FOR_TRANSACTIONS = Duration.ofSeconds(15);

    private static final Duration AGAIN = Duration.ofMillis(200);

    /**
     * Reads everything that is committed.
     *
     * @param commandsTopicId Kafka's id of the commands topic as it is now
     * @param log the state of the commands topic by its brokers, to compare with the position
     * @throws LedgerException if no broker answers, or a record cannot be understood
     */
    RestoredPartition read(String commandsTopicId, CommandsLog log) throws LedgerException, InterruptedException {
        ConcurrentMap<String, RunEntry> entries = new ConcurrentHashMap<>();
        Map<String, ObserveCursor> cursors = new HashMap<>();
        @Nullable Position position = null;
        TopicPartition ledger = new TopicPartition(kafka.topics().ledger(), partition);
        try (Consumer<byte[], byte[]> reader = kafka.reader(partition)) {
            reader.assign(List.of(ledger));
            reader.seekToBeginning(List.of(ledger));
            long end = end(reader, ledger);
            for (long at = reader.position(ledger); at < end; ) {
                for (ConsumerRecord<byte[], byte[]> record :
                        reader.poll(KafkaSettings.BROKER_PATIENCE).records(ledger)) {
                    position = apply(record, entries, cursors, position);
                }
                long reached = reader.position(ledger);
                if (reached == at) {
                    throw new LedgerException(
                            LedgerException.Kind.LOST,
                            "the broker gave nothing more before the end of the ledger partition");
                }
                at = reached;
            }
        } catch (KafkaException e) {
            throw Claim.failed("the ledger partition could not be read", e);
        }
        return goingOn(entries, cursors, position, commandsTopicId, log);
    }

    private RestoredPartition goingOn(
            ConcurrentMap<String, RunEntry> entries,
            Map<String, ObserveCursor> cursors,
            @Nullable Position position,
            String topicId,
            CommandsLog log)
            throws LedgerException, InterruptedException {
        long places =
                entries.values().stream().mapToLong(RunEntry::offset).max().orElse(-1);
        Position starting = log.startingPosition(position, topicId, places, partition);
        boolean anew = position != null && !position.topicId().equals(topicId);
        // At the first read of a topic nothing was missed that the topic had before.
        @Nullable Offsets lost = position == null ? null : log.lostBehind(starting);
        Position behind = lost == null ? starting : starting.movedTo(lost.to() - 1);
        return new RestoredPartition(
                entries, ofCluster(underOurName(behind, entries.values()), entries.values()), cursors, lost, anew);
    }

    /**
     * The end of the partition, once no transaction is open. An open transaction hides every record behind its beginning, committed or
     * not, so the visible part would be an old state.
     */
    private long end(Consumer<byte[], byte[]> reader, TopicPartition ledger)
            throws LedgerException, InterruptedException {
        long whole = kafka.ledgerEnd(partition);
        long until = monotonic.nanos() + FOR_TRANSACTIONS.toNanos();
        while (true) {
            @Nullable Long seen = reader.endOffsets(List.of(ledger)).get(ledger);
            if (seen == null) {
                throw new LedgerException(LedgerException.Kind.LOST, "the broker gave no end of the ledger partition");
            }
            if (seen >= whole) {
                return seen;
            }
            if (monotonic.nanos() - until >= 0) {
                throw new LedgerException(
                        LedgerException.Kind.LOST,
                        "somebody's open transaction hides the ledger partition from offset " + seen + " to " + whole
                                + ": it is not served until that has ended; kafka-transactions.sh find-hanging tells whose"
                                + " it is, and abort ends it");
            }
            monotonic.pause(AGAIN);
        }
    }

    /**
     * An unclear start is searched by a marker with the deployment's name. A start of another name would not be found, and would be
     * repeated.
     */
    private Position underOurName(Position position, Collection<RunEntry> entries) throws LedgerException {
        String ours = kafka.deployment();
        @Nullable String other = position.deployment();
        if (other != null && !other.equals(ours) && entries.stream().anyMatch(RunEntry::unfinished)) {
            throw new LedgerException(
                    LedgerException.Kind.DEGRADED,
                    "the ledger partition has unfinished commands of the deployment '" + other + "', and this one is '"
                            + ours + "': set relay.name=" + other
                            + " until they are finished, or give this one a ledger of its own");
        }
        return position.of(ours);
    }

    /** The cluster in which a ledger begins stays in its markers. One that a build before has begun gets it once nothing is in doubt. */
    private Position ofCluster(Position position, Collection<RunEntry> entries)
            throws LedgerException, InterruptedException {
        return position.cluster() != null || entries.stream().anyMatch(RunEntry::unfinished)
                ? position
                : position.inCluster(kafka.clusterId());
    }

    /** A record that cannot be understood is never guessed at: it may be a command in flight. An operator can skip it. */
    private @Nullable Position apply(
            ConsumerRecord<byte[], byte[]> record,
            Map<String, RunEntry> entries,
            Map<String, ObserveCursor> cursors,
            @Nullable Position position)
            throws LedgerException {
        boolean skips = kafka.skips(partition, record.offset());
        try {
            @Nullable Position next = understand(record, entries, cursors, position);
            if (skips) {
                LOG.warn(
                        "A ledger record that relay.ledger.skip names can be read, and is not skipped",
                        pair(LogKey.PARTITION, partition),
                        pair(LogKey.OFFSET, record.offset()));
            }
            return next;
        } catch (LedgerException e) {
            String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
            if (skips) {
                LOG.warn(
                        "A ledger record that cannot be read is skipped, as relay.ledger.skip says: its command is forgotten",
                        pair(LogKey.PARTITION, partition),
                        pair(LogKey.OFFSET, record.offset()),
                        pair(LogKey.KEY, key),
                        pair(LogKey.REASON, e.getMessage()));
                if (key.startsWith(Claim.COMMAND_PREFIX)) {
                    // Its earlier state is not its present one.
                    entries.remove(key.substring(Claim.COMMAND_PREFIX.length()));
                }
                return position;
            }
            throw new LedgerException(
                    LedgerException.Kind.DEGRADED,
                    e.getMessage() + "; relay.ledger.skip=" + partition + "@" + record.offset() + " would skip it",
                    e.getCause());
        }
    }

    private static @Nullable Position understand(
            ConsumerRecord<byte[], byte[]> record,
            Map<String, RunEntry> entries,
            Map<String, ObserveCursor> cursors,
            @Nullable Position position)
            throws LedgerException {
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        byte @Nullable [] value = record.value();
        if (key.equals(Claim.POSITION_KEY)) {
            return value == null ? null : EntryCodec.readPosition(value);
        }
        if (key.startsWith(Claim.CURSOR_PREFIX)) {
            if (value == null) {
                cursors.remove(key);
            } else {
                cursors.put(key, EntryCodec.readCursor(value));
            }
            return position;
        }
        if (!key.startsWith(Claim.COMMAND_PREFIX)) {
            throw new LedgerException(LedgerException.Kind.DEGRADED, "a ledger record with an unknown key");
        }
        String commandId = key.substring(Claim.COMMAND_PREFIX.length());
        if (value == null) {
            entries.remove(commandId);
        } else {
            RunEntry entry = EntryCodec.readEntry(value);
            // A map keeps the key that it has: the text of the id would be there twice.
            entries.remove(commandId);
            entries.put(entry.commandId(), entry);
        }
        return position;
    }
}
