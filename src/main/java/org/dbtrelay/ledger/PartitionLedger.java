package org.dbtrelay.ledger;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
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
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.run.state.RunEntry;

/**
 * One claim on one ledger partition, from the fence to the close. Not for several threads.
 *
 * <p>Claiming fences the owner before and settles the transaction that it may have left open; only then is everything read, by
 * {@link LedgerReader}. After any failure the claim is over.
 */
final class PartitionLedger implements AutoCloseable {

    static final String COMMAND_PREFIX = "c:";
    static final String POSITION_KEY = "p:";

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
            throw failed(ledger.whyNotClaimed(e), e);
        }
    }

    private String whyNotClaimed(KafkaException failure) {
        return switch (failure) {
            case TransactionalIdAuthorizationException _ ->
                "Kafka does not let the relay's user Write transactional id '" + topic + "-" + partition
                        + "'; add the ACL";
            case UnsupportedVersionException _ ->
                "this Kafka has no transactions, without which the relay does not work; docs/kafka.md tells of services";
            default -> "the ledger partition could not be claimed";
        };
    }

    /**
     * Commits the records as one: all of them count, or none. Every send is awaited before the commit, because committing
     * right behind the sends was seen to kill producers.
     *
     * @throws LedgerException whatever happened; it is not known whether the records count, and the claim is over
     */
    void append(List<ProducerRecord<byte[], byte[]>> records) throws LedgerException {
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

    /** The record of an entry. It goes to the partition of its command's number, not by hash. */
    ProducerRecord<byte[], byte[]> entry(RunEntry entry) {
        return new ProducerRecord<>(topic, partition, key(entry.commandId()), EntryCodec.write(entry));
    }

    /** The record that deletes an entry. */
    ProducerRecord<byte[], byte[]> tombstone(String commandId) {
        return new ProducerRecord<>(topic, partition, key(commandId), null);
    }

    /** The record of the position. */
    ProducerRecord<byte[], byte[]> position(Position position) {
        return new ProducerRecord<>(
                topic, partition, POSITION_KEY.getBytes(StandardCharsets.UTF_8), EntryCodec.write(position));
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
