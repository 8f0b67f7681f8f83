package org.dbtrelay.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Headers;

/**
 * Kafka's logs and its transaction coordinator, as far as the relay leans on them: epochs that fence, the last stable offset,
 * markers that are written some time after a transaction was decided, transactions that the broker ends because they take too
 * long, requests and answers that get lost.
 */
final class SimBroker {

    private static final long TRANSACTION_TIMEOUT = Duration.ofSeconds(10).toNanos();

    private final World world;
    private final Map<String, SimLog> logs = new TreeMap<>();
    private final Map<String, Coordinator> coordinators = new HashMap<>();
    private final List<Transaction> decided = new ArrayList<>();
    private final List<Consumer<Transaction>> listeners = new ArrayList<>();
    private long downUntil;
    private int transactions;

    SimBroker(World world) {
        this.world = world;
    }

    /** A record, or the marker that ends a transaction. */
    @SuppressWarnings("ArrayRecordComponent")
    record SimRecord(
            long offset,
            byte[] key,
            byte[] value,
            Headers headers,
            long timestamp,
            Transaction transaction,
            boolean marker) {}

    /** A topic's partition. */
    static final class SimLog {
        final String topic;
        final int partition;
        final List<SimRecord> records = new ArrayList<>();

        SimLog(String topic, int partition) {
            this.topic = topic;
            this.partition = partition;
        }

        long end() {
            return records.size();
        }

        /** Up to here everything is decided. */
        long lastStable() {
            for (SimRecord record : records) {
                if (record.transaction() != null
                        && !record.marker()
                        && !record.transaction().isSettledIn(this)) {
                    return record.offset();
                }
            }
            return end();
        }

        void append(
                byte[] key, byte[] value, Headers headers, long timestamp, Transaction transaction, boolean marker) {
            records.add(new SimRecord(records.size(), key, value, headers, timestamp, transaction, marker));
        }
    }

    /** A transaction of one producer. */
    static final class Transaction {
        final int number;
        final String id;
        final SimProcess process;
        final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        final List<SimLog> unsettled = new ArrayList<>();
        final long begunAt;
        boolean ended;
        boolean committed;
        long decidedAt;

        Transaction(int number, String id, SimProcess process, long begunAt) {
            this.number = number;
            this.id = id;
            this.process = process;
            this.begunAt = begunAt;
        }

        boolean isSettledIn(SimLog log) {
            return ended && !unsettled.contains(log);
        }
    }

    private static final class Coordinator {
        long epoch;
        Transaction current;
    }

    /** A fault of the brokers or of the way to them: nothing arrives until then. */
    void downFor(long nanos) {
        downUntil = Math.max(downUntil, world.scheduler().now() + nanos);
    }

    boolean isDown() {
        return world.scheduler().now() < downUntil;
    }

    /** Hears of every transaction at the moment at which its commit is decided. */
    void onCommit(Consumer<Transaction> listener) {
        listeners.add(listener);
    }

    SimLog log(String topic, int partition) {
        return logs.computeIfAbsent(topic + "-" + partition, key -> new SimLog(topic, partition));
    }

    List<Transaction> committed() {
        return decided;
    }

    /** All that a reader of committed records sees of a topic's partition. */
    List<SimRecord> readCommitted(String topic, int partition) {
        SimLog log = log(topic, partition);
        return log.records.subList(0, (int) log.lastStable()).stream()
                .filter(it -> !it.marker() && (it.transaction() == null || it.transaction().committed))
                .toList();
    }

    boolean isSettled() {
        return coordinators.values().stream().allMatch(it -> it.current == null);
    }

    // requests

    /** A request of a process; it and its answer take time or get lost. */
    <T> T call(SimProcess process, String what, Duration patience, Supplier<T> server) {
        world.faults().pass(process, what + " sent");
        CompletableFuture<T> answer = new CompletableFuture<>();
        Faults.Way way = world.faults().wayToBroker(process, what);
        if (way.arrives()) {
            world.scheduler().after(way.there(), () -> serve(way, answer, server));
        }
        try {
            T value = process.time().get(answer, patience);
            world.faults().pass(process, what + " answered");
            return value;
        } catch (java.util.concurrent.TimeoutException e) {
            throw new TimeoutException("no answer: " + what);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
        }
    }

    private <T> void serve(Faults.Way way, CompletableFuture<T> answer, Supplier<T> server) {
        if (isDown()) {
            return;
        }
        Runnable reply;
        try {
            T value = server.get();
            reply = () -> answer.complete(value);
        } catch (RuntimeException e) {
            reply = () -> answer.completeExceptionally(e);
        }
        if (way.returns()) {
            world.scheduler().after(way.back(), reply);
        }
    }

    /** Null as long as the transaction before is being ended. */
    Long begin(String id) {
        Coordinator coordinator = coordinators.computeIfAbsent(id, key -> new Coordinator());
        if (coordinator.current != null) {
            if (!coordinator.current.ended) {
                coordinator.epoch++;
                end(coordinator, false);
            }
            return null;
        }
        return ++coordinator.epoch;
    }

    /** Appends records to the producer's open transaction, which it opens; false: the one before is not settled yet. */
    boolean produce(
            String id, long epoch, SimProcess process, long begunAt, List<ProducerRecord<byte[], byte[]>> records) {
        Coordinator coordinator = fenced(id, epoch);
        Transaction transaction = coordinator.current;
        if (transaction == null) {
            transaction = new Transaction(++transactions, id, process, begunAt);
            coordinator.current = transaction;
            Transaction opened = transaction;
            world.scheduler().after(TRANSACTION_TIMEOUT, () -> {
                if (coordinator.current == opened && !opened.ended) {
                    coordinator.epoch++;
                    end(coordinator, false);
                    world.trace().say("broker", "ends transaction %d, which took too long", opened.number);
                }
            });
        } else if (transaction.ended) {
            return false;
        }
        for (ProducerRecord<byte[], byte[]> record : records) {
            SimLog log = log(record.topic(), record.partition() == null ? 0 : record.partition());
            log.append(
                    record.key(),
                    record.value(),
                    record.headers(),
                    SimTime.EPOCH.toEpochMilli() + world.scheduler().now() / 1_000_000,
                    transaction,
                    false);
            transaction.records.add(record);
            if (!transaction.unsettled.contains(log)) {
                transaction.unsettled.add(log);
            }
        }
        return true;
    }

    /** Appends a record that belongs to no transaction. */
    void appendAtOnce(ProducerRecord<byte[], byte[]> record) {
        world.truth().passedOn(record);
        append(record);
    }

    /** The same, for the cursor of an observer. */
    void appendCursorAtOnce(ProducerRecord<byte[], byte[]> record) {
        world.observers().cursor(record);
        append(record);
    }

    private void append(ProducerRecord<byte[], byte[]> record) {
        log(record.topic(), record.partition())
                .append(
                        record.key(),
                        record.value(),
                        record.headers(),
                        SimTime.EPOCH.toEpochMilli() + world.scheduler().now() / 1_000_000,
                        null,
                        false);
    }

    /** Decides for the commit. */
    void commit(String id, long epoch) {
        Coordinator coordinator = fenced(id, epoch);
        if (coordinator.current == null) {
            return;
        }
        if (coordinator.current.ended) {
            throw new InvalidProducerEpochException("the transaction has ended");
        }
        end(coordinator, true);
    }

    private Coordinator fenced(String id, long epoch) {
        Coordinator coordinator = coordinators.get(id);
        if (coordinator == null || coordinator.epoch != epoch) {
            world.coverage().count("kafka", "fenced");
            throw new ProducerFencedException("there is a newer producer with the transactional id " + id);
        }
        return coordinator;
    }

    private void end(Coordinator coordinator, boolean commit) {
        Transaction transaction = coordinator.current;
        transaction.ended = true;
        transaction.committed = commit;
        transaction.decidedAt = world.scheduler().now();
        if (commit) {
            decided.add(transaction);
            world.trace().say("broker", "commits transaction %d of %s", transaction.number, transaction.process.name());
            listeners.forEach(listener -> listener.accept(transaction));
        } else {
            world.trace().say("broker", "aborts transaction %d of %s", transaction.number, transaction.process.name());
        }
        if (transaction.unsettled.isEmpty()) {
            coordinator.current = null;
        }
        for (SimLog log : List.copyOf(transaction.unsettled)) {
            world.scheduler().after(world.faults().markerDelay(), () -> {
                transaction.unsettled.remove(log);
                log.append(null, null, null, 0, transaction, true);
                if (transaction.unsettled.isEmpty()) {
                    coordinator.current = null;
                }
            });
        }
    }
}
