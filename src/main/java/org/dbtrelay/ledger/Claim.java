package org.dbtrelay.ledger;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.entry.Position;
import org.dbtrelay.ledger.kafka.CommandsLog;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.placement.Placement;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * A claim on one partition, from the fence to the close. Only {@link #inbox} is for other threads than the owner's.
 *
 * <p>Claiming fences the previous owner and settles the transaction that it may have left open; only then does the relay read the
 * ledger. After any failure the claim is over.
 */
public final class Claim implements AutoCloseable {

    static final String COMMAND_PREFIX = "c:";
    static final String POSITION_KEY = "p:";
    static final String CURSOR_PREFIX = "o:";

    private final KafkaSettings kafka;
    private final int partition;
    private final String topic;
    private final Producer<byte[], byte[]> producer;
    private final CommandsLog log;
    private final RestoredPartition restored;
    private final Placement placement;
    private final Refusals refusals;
    private final Consumer<Input> inbox;

    private Claim(
            LedgerReader reader,
            Producer<byte[], byte[]> producer,
            CommandsLog log,
            RestoredPartition restored,
            Placement placement,
            Refusals refusals,
            Consumer<Input> inbox) {
        this.kafka = reader.kafka();
        this.partition = reader.partition();
        this.topic = kafka.topics().ledger();
        this.producer = producer;
        this.log = log;
        this.restored = restored;
        this.placement = placement;
        this.refusals = refusals;
        this.inbox = inbox;
    }

    /**
     * Takes the partition from its previous owner, and reads it.
     *
     * @param topicId Kafka's id of the commands topic
     * @throws LedgerException if no broker answers, the broker refuses, or a record cannot be understood
     */
    static Claim take(
            LedgerReader reader, String topicId, Placement placement, Refusals refusals, Consumer<Input> inbox)
            throws LedgerException, InterruptedException {
        KafkaSettings kafka = reader.kafka();
        Producer<byte[], byte[]> producer = kafka.producer(reader.partition());
        boolean taken = false;
        try {
            fence(producer, kafka.topics().ledger() + "-" + reader.partition());
            CommandsLog log = kafka.commandsLog(reader.partition());
            Claim claim = new Claim(reader, producer, log, reader.read(topicId, log), placement, refusals, inbox);
            taken = true;
            return claim;
        } finally {
            if (!taken) {
                close(producer);
            }
        }
    }

    private static void fence(Producer<byte[], byte[]> producer, String transactionalId) throws LedgerException {
        try {
            producer.initTransactions();
        } catch (KafkaException e) {
            throw failed(whyNotClaimed(e, transactionalId), e);
        }
    }

    private static String whyNotClaimed(KafkaException failure, String transactionalId) {
        return switch (failure) {
            case TransactionalIdAuthorizationException _ ->
                "Kafka does not let the relay's user Write transactional id '" + transactionalId + "'; add the ACL";
            case UnsupportedVersionException _ ->
                "this Kafka has no transactions, without which the relay does not work; docs/kafka.md tells of services";
            default -> "the ledger partition could not be claimed";
        };
    }

    /** The number of the partition. */
    public int partition() {
        return partition;
    }

    /** The state that was read from the ledger. */
    public RestoredPartition restored() {
        return restored;
    }

    /** The commands topic as the brokers described it when the ledger was read. */
    CommandsLog log() {
        return log;
    }

    /** Takes answers: never blocks, from any thread, also after the claim has ended. */
    public Consumer<Input> inbox() {
        return inbox;
    }

    /** The partitions to which records of the commands topic belong. */
    public Placement placement() {
        return placement;
    }

    /** The records of the partition that the brokers have refused, in this claim or an earlier one. */
    public Refusals refusals() {
        return refusals;
    }

    /**
     * Commits a batch as one transaction: all of its records count, or none. Every send is awaited before the commit, because a
     * commit right behind the sends was seen to kill producers.
     *
     * @param records of the ledger, and ready ones of events and dead letters
     * @throws LedgerException if anything fails; nobody knows whether the records count, and the claim is over
     */
    public void append(List<ProducerRecord<byte[], byte[]>> records) throws LedgerException {
        List<Future<RecordMetadata>> sends = new ArrayList<>(records.size());
        try {
            producer.beginTransaction();
            for (ProducerRecord<byte[], byte[]> record : records) {
                sends.add(producer.send(record));
            }
            producer.flush();
            for (Future<RecordMetadata> send : sends) {
                send.get();
            }
            producer.commitTransaction();
        } catch (ExecutionException e) {
            throw notWritten(e.getCause() == null ? e : e.getCause(), records, sends);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("the ledger could not be written", e);
        } catch (KafkaException | IllegalStateException e) {
            throw notWritten(e, records, sends);
        }
    }

    /** Each record has an answer of its own, so that the one at fault is known, whatever it was sent together with. */
    private LedgerException notWritten(
            Throwable failure, List<ProducerRecord<byte[], byte[]>> records, List<Future<RecordMetadata>> sends) {
        List<ProducerRecord<byte[], byte[]>> refused = new ArrayList<>();
        for (int i = 0; i < sends.size(); i++) {
            if (sends.get(i).state() == Future.State.FAILED
                    && isRefusal(records.get(i), sends.get(i).exceptionNow())) {
                refused.add(records.get(i));
            }
        }
        LedgerException failed = failed("the ledger could not be written", failure);
        return refused.isEmpty() || failed.kind() == LedgerException.Kind.FENCED
                ? failed
                : new LedgerException(
                        LedgerException.Kind.REFUSED,
                        "topic '" + refused.getFirst().topic() + "' does not take a record",
                        failure,
                        refused);
    }

    /**
     * A compacted topic calls a record without a key invalid. To write to the commands topic is a right that the relay can do
     * without, and where it is missing all records of the transaction may have the same answer.
     */
    private boolean isRefusal(ProducerRecord<byte[], byte[]> record, Throwable failure) {
        String commands = kafka.topics().commands();
        if (failure instanceof TopicAuthorizationException missing
                && missing.unauthorizedTopics().contains(commands)) {
            return record.topic().equals(commands);
        }
        return failure instanceof RecordTooLargeException
                || failure instanceof RecordBatchTooLargeException
                || failure instanceof InvalidRecordException;
    }

    /** The ledger record of a command's new state. It goes to the claimed partition, not by the hash of its key. */
    public ProducerRecord<byte[], byte[]> record(RunEntry entry) {
        return new ProducerRecord<>(topic, partition, key(entry.commandId()), EntryCodec.write(entry));
    }

    /** The ledger record that deletes a command's entry. */
    public ProducerRecord<byte[], byte[]> tombstone(String commandId) {
        return new ProducerRecord<>(topic, partition, key(commandId), null);
    }

    /** The ledger record of the position in the commands topic. */
    public ProducerRecord<byte[], byte[]> record(Position position) {
        return new ProducerRecord<>(
                topic, partition, POSITION_KEY.getBytes(StandardCharsets.UTF_8), EntryCodec.write(position));
    }

    /** The ledger record of the cursor of an observed connection. */
    public ProducerRecord<byte[], byte[]> record(ObserveCursor cursor) {
        return new ProducerRecord<>(
                topic,
                partition,
                cursorKey(cursor.connection(), cursor.accountId()).getBytes(StandardCharsets.UTF_8),
                EntryCodec.write(cursor));
    }

    /** The cursor of an observed connection, if this partition has it; null: it has not. */
    public @Nullable ObserveCursor cursor(String connection, long accountId) {
        return restored.cursors().get(cursorKey(connection, accountId));
    }

    static String cursorKey(String connection, long accountId) {
        return CURSOR_PREFIX + accountId + "/" + connection;
    }

    private static byte[] key(String commandId) {
        return (COMMAND_PREFIX + commandId).getBytes(StandardCharsets.UTF_8);
    }

    static LedgerException failed(String message, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ProducerFencedException || cause instanceof InvalidProducerEpochException) {
                return new LedgerException(LedgerException.Kind.FENCED, message, failure);
            }
        }
        return new LedgerException(LedgerException.Kind.LOST, message, failure);
    }

    /** Leaves at once: the next claim settles an open transaction. */
    @Override
    public void close() {
        close(producer);
    }

    private static void close(Producer<byte[], byte[]> producer) {
        try {
            producer.close(Duration.ZERO);
        } catch (InterruptException e) {
            // The producer is closed all the same; the thread stays interrupted, so its next wait ends.
            Thread.currentThread().interrupt();
        }
    }
}
