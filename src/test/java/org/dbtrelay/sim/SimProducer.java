package org.dbtrelay.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.dbtrelay.ledger.placement.PassedOn;

/** A transactional producer on the simulated broker, with the time-outs of the ledger's settings. */
class SimProducer implements Producer<byte[], byte[]> {

    private static final Duration MAX_BLOCK = Duration.ofSeconds(15);
    private static final Duration DELIVERY = Duration.ofSeconds(12);
    private static final long AGAIN = Duration.ofMillis(20).toNanos();

    final World world;
    final SimProcess process;
    final String id;
    private final List<ProducerRecord<byte[], byte[]>> batch = new ArrayList<>();
    private final List<CompletableFuture<RecordMetadata>> sends = new ArrayList<>();
    private long epoch;
    private long begunAt;
    private boolean closed;

    /** That of an observer, if it moves outside of the transaction. */
    private ProducerRecord<byte[], byte[]> cursor;

    SimProducer(World world, SimProcess process, String id) {
        this.world = world;
        this.process = process;
        this.id = id;
    }

    @Override
    public void initTransactions() {
        long until = process.time().nanos() + MAX_BLOCK.toNanos();
        Long begun = world.broker()
                .call(process, "claim", MAX_BLOCK, () -> world.broker().begin(id));
        while (begun == null) {
            if (process.time().nanos() > until) {
                throw new TimeoutException("initTransactions");
            }
            process.sleep(AGAIN);
            begun = world.broker()
                    .call(process, "claim", MAX_BLOCK, () -> world.broker().begin(id));
        }
        epoch = begun;
        world.trace().say(process.name(), "has claimed %s with epoch %d", id, epoch);
    }

    @Override
    public void beginTransaction() {
        if (closed) {
            throw new IllegalStateException("closed");
        }
        batch.clear();
        sends.clear();
        begunAt = world.scheduler().now();
    }

    @Override
    public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record) {
        CompletableFuture<RecordMetadata> sent = new CompletableFuture<>();
        int size =
                (record.key() == null ? 0 : record.key().length) + (record.value() == null ? 0 : record.value().length);
        if (size > world.plan().maxRecordBytes(record.topic())) {
            world.coverage().count("kafka", "record refused for its size");
            sent.completeExceptionally(new RecordTooLargeException(size + " bytes"));
        } else if (record.topic().equals(SimConfig.COMMANDS)
                && !Observers.isFollow(record)
                && world.mutant() == Mutant.PASSED_ON_OUTSIDE) {
            world.broker().appendAtOnce(record);
        } else if (world.mutant() == Mutant.CURSOR_OUTSIDE && Observers.isCursor(record)) {
            cursor = record;
        } else {
            if (record.topic().equals(SimConfig.COMMANDS) && world.mutant() == Mutant.ORIGIN_FORGOTTEN) {
                record.headers().remove(PassedOn.HEADER);
            }
            batch.add(record);
        }
        sends.add(sent);
        return sent;
    }

    @Override
    public void flush() {
        RuntimeException failure = null;
        try {
            List<ProducerRecord<byte[], byte[]>> all = List.copyOf(batch);
            if (cursor != null) {
                world.broker().appendCursorAtOnce(Observers.movedWith(cursor, all));
                cursor = null;
            }
            if (all.stream().anyMatch(Observers::isFollow)) {
                world.faults().pass(process, "runs found");
            }
            while (!world.broker()
                    .call(process, "write", DELIVERY, () -> world.broker().produce(id, epoch, process, begunAt, all))) {
                process.sleep(AGAIN);
            }
        } catch (KafkaException e) {
            failure = e;
        }
        for (CompletableFuture<RecordMetadata> send : sends) {
            if (failure == null) {
                send.complete(null);
            } else {
                send.completeExceptionally(failure);
            }
        }
    }

    @Override
    public void commitTransaction() {
        if (world.mutant() == Mutant.ACT_BEFORE_COMMIT) {
            process.spawn("commit", this::commitNow);
        } else {
            commitNow();
        }
    }

    private void commitNow() {
        try {
            world.broker().call(process, "commit", MAX_BLOCK, () -> {
                world.broker().commit(id, epoch);
                return true;
            });
        } catch (TimeoutException e) {
            world.coverage().count("crash", "commit outcome unknown");
            throw e;
        }
    }

    @Override
    public void close(Duration timeout) {
        closed = true;
    }

    @Override
    public void close() {
        close(Duration.ZERO);
    }

    @Override
    public void sendOffsetsToTransaction(
            Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata groupMetadata) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void abortTransaction() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void registerMetricForSubscription(KafkaMetric metric) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void unregisterMetricFromSubscription(KafkaMetric metric) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<PartitionInfo> partitionsFor(String topic) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Map<MetricName, ? extends Metric> metrics() {
        return Map.of();
    }

    @Override
    public Uuid clientInstanceId(Duration timeout) {
        throw new UnsupportedOperationException();
    }
}
