package org.dbtrelay.ledger;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.dbtrelay.run.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * One claim on one ledger partition, from the fence to the close. Not for several threads.
 *
 * <p>Claiming fences the owner before and settles the transaction that it may have left open; only then is the end of the
 * partition asked for and everything up to it read. After any failure the claim is over.
 */
final class PartitionLedger implements AutoCloseable {

    private static final String COMMAND_PREFIX = "c:";
    private static final String POSITION_KEY = "p:";

    private final KafkaSettings kafka;
    private final String topic;
    private final int partition;
    private final Producer<byte[], byte[]> producer;

    private PartitionLedger(KafkaSettings kafka, int partition) {
        this.kafka = kafka;
        this.topic = kafka.topics().ledger();
        this.partition = partition;
        this.producer = kafka.producer(partition);
    }

    /**
     * Takes the partition from whoever has it.
     *
     * @throws LedgerException if no broker answers, or the broker refuses
     */
    static PartitionLedger claim(KafkaSettings kafka, int partition) throws LedgerException {
        PartitionLedger ledger = new PartitionLedger(kafka, partition);
        try {
            ledger.producer.initTransactions();
            return ledger;
        } catch (KafkaException e) {
            ledger.close();
            throw failed(
                    e instanceof TransactionalIdAuthorizationException
                            ? "Kafka does not let the relay's user Write transactional id '" + ledger.topic + "-"
                                    + partition + "'; add the ACL"
                            : "the ledger partition could not be claimed",
                    e);
        }
    }

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
        TopicPartition ledger = new TopicPartition(topic, partition);
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
            throw failed("the ledger partition could not be read", e);
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
            if (key.equals(POSITION_KEY)) {
                return value == null ? null : EntryCodec.readPosition(value);
            }
            if (!key.startsWith(COMMAND_PREFIX)) {
                throw new LedgerException(LedgerException.Kind.DEGRADED, "a ledger record with an unknown key");
            }
            String commandId = key.substring(COMMAND_PREFIX.length());
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

    /**
     * Commits the records as one: all of them count, or none. Every send is awaited before the commit, because committing
     * right behind the sends was seen to kill producers.
     *
     * @throws LedgerException whatever happened; it is not known whether the records count, and the claim is over
     */
    void append(List<ProducerRecord<byte[], byte[]>> records) throws LedgerException {
        try {
            producer.beginTransaction();
            List<Future<RecordMetadata>> sends = new ArrayList<>(records.size());
            for (ProducerRecord<byte[], byte[]> record : records) {
                sends.add(producer.send(record));
            }
            producer.flush();
            for (Future<RecordMetadata> send : sends) {
                send.get();
            }
            producer.commitTransaction();
        } catch (ExecutionException e) {
            throw failed("the ledger could not be written", e.getCause() == null ? e : e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("the ledger could not be written", e);
        } catch (KafkaException | IllegalStateException e) {
            throw failed("the ledger could not be written", e);
        }
    }

    /** The record of an entry. It goes to the partition of its command's number, not by hash. */
    ProducerRecord<byte[], byte[]> entry(RunEntry entry) {
        return new ProducerRecord<>(
                topic, partition, key(entry.commandId()), EntryCodec.write(entry, kafka.writeVersion()));
    }

    /** The record that deletes an entry. */
    ProducerRecord<byte[], byte[]> tombstone(String commandId) {
        return new ProducerRecord<>(topic, partition, key(commandId), null);
    }

    /** The record of the position. */
    ProducerRecord<byte[], byte[]> position(Position position) {
        return new ProducerRecord<>(
                topic,
                partition,
                POSITION_KEY.getBytes(StandardCharsets.UTF_8),
                EntryCodec.write(position, kafka.writeVersion()));
    }

    private static byte[] key(String commandId) {
        return (COMMAND_PREFIX + commandId).getBytes(StandardCharsets.UTF_8);
    }

    private static LedgerException failed(String message, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ProducerFencedException || cause instanceof InvalidProducerEpochException) {
                return new LedgerException(LedgerException.Kind.FENCED, message, failure);
            }
            if (cause instanceof RecordTooLargeException || cause instanceof RecordBatchTooLargeException) {
                return new LedgerException(LedgerException.Kind.REFUSED, message, failure);
            }
        }
        return new LedgerException(LedgerException.Kind.LOST, message, failure);
    }

    /** Leaves at once: what is under way is settled by the next claim. */
    @Override
    public void close() {
        try {
            producer.close(Duration.ZERO);
        } catch (InterruptException e) {
            // It has closed all the same; the thread stays marked, and whoever waits next ends.
            Thread.currentThread().interrupt();
        }
    }
}
