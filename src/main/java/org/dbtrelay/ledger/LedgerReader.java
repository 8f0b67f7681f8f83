package org.dbtrelay.ledger;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.run.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * Reads one ledger partition. After a claim this is what is true, because nobody else writes any more; without one it is a look
 * that disturbs nobody.
 */
record LedgerReader(KafkaSettings kafka, int partition) {

    /**
     * Reads everything that is committed.
     *
     * @param commandsTopicId Kafka's id of the commands topic as it is now
     * @param log what the brokers say of the commands topic, to be held against the position
     * @throws LedgerException if no broker answers, or a record cannot be understood
     */
    Restored read(String commandsTopicId, CommandsLog log) throws LedgerException {
        ConcurrentMap<String, RunEntry> entries = new ConcurrentHashMap<>();
        @Nullable Position position = null;
        TopicPartition ledger = new TopicPartition(kafka.topics().ledger(), partition);
        try (Consumer<byte[], byte[]> reader = kafka.reader(partition)) {
            reader.assign(List.of(ledger));
            reader.seekToBeginning(List.of(ledger));
            Long end = reader.endOffsets(List.of(ledger)).get(ledger);
            if (end == null) {
                throw new LedgerException(LedgerException.Kind.LOST, "the broker gave no end of the ledger partition");
            }
            for (long at = reader.position(ledger); at < end; ) {
                for (ConsumerRecord<byte[], byte[]> record :
                        reader.poll(KafkaSettings.BROKER_PATIENCE).records(ledger)) {
                    position = apply(record, entries, position);
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
            throw PartitionLedger.failed("the ledger partition could not be read", e);
        }
        Position starting = CommandsLog.startingPosition(position, commandsTopicId, log, partition);
        return new Restored(entries, underOurName(starting, entries.values()));
    }

    /**
     * A start in doubt is looked for by a marker with the deployment's name. One that another name has begun would not be
     * found, and be begun again.
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

    /** A record that cannot be understood is never guessed at: it may be a command in flight. An operator can skip it. */
    private @Nullable Position apply(
            ConsumerRecord<byte[], byte[]> record, Map<String, RunEntry> entries, @Nullable Position position)
            throws LedgerException {
        if (kafka.skips(partition, record.offset())) {
            return position;
        }
        try {
            String key = new String(record.key(), StandardCharsets.UTF_8);
            byte @Nullable [] value = record.value();
            if (key.equals(PartitionLedger.POSITION_KEY)) {
                return value == null ? null : EntryCodec.readPosition(value);
            }
            if (!key.startsWith(PartitionLedger.COMMAND_PREFIX)) {
                throw new LedgerException(LedgerException.Kind.DEGRADED, "a ledger record with an unknown key");
            }
            String commandId = key.substring(PartitionLedger.COMMAND_PREFIX.length());
            if (value == null) {
                entries.remove(commandId);
            } else {
                RunEntry entry = EntryCodec.readEntry(value);
                // A map keeps the key that it has: the text of the id would be there twice.
                entries.remove(commandId);
                entries.put(entry.commandId(), entry);
            }
            return position;
        } catch (LedgerException e) {
            throw new LedgerException(
                    LedgerException.Kind.DEGRADED,
                    e.getMessage() + "; relay.ledger.skip=" + partition + "@" + record.offset() + " would skip it",
                    e.getCause());
        }
    }
}
