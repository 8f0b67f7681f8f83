package org.dbtrelay.ledger;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.flow.SimFlow;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.state.RunEntry;

/** Topics without a broker, which do not take every record: what was committed on them, transaction by transaction. */
final class MockTopics {

    private static final String LEDGER = "dbt.relay.ledger";

    /** What they do not take, and how they say so. */
    volatile Predicate<ProducerRecord<byte[], byte[]>> refused = record -> false;

    /** What makes the whole transaction fail, with the same answer for each of its records. */
    volatile Predicate<ProducerRecord<byte[], byte[]>> refusedTogether = record -> false;

    volatile RuntimeException refusal = new RecordTooLargeException("too large");

    /** How many partitions the commands topic has, and whether brokers tell that it may be written to. */
    volatile int partitions = 1;

    volatile boolean mayWrite = true;

    private final List<List<ProducerRecord<byte[], byte[]>>> transactions = new CopyOnWriteArrayList<>();
    private final List<ProducerRecord<byte[], byte[]>> ledger = new CopyOnWriteArrayList<>();

    /** Puts a record into the ledger. */
    void add(ProducerRecord<byte[], byte[]> record) {
        ledger.add(record);
    }

    List<List<ProducerRecord<byte[], byte[]>>> transactions() {
        return transactions;
    }

    /** What is committed on a topic. */
    List<ProducerRecord<byte[], byte[]>> written(String topic) {
        return transactions.stream()
                .flatMap(List::stream)
                .filter(record -> record.topic().equals(topic))
                .toList();
    }

    /** The real owners and the real flow, on these topics. */
    Owners owners(int partitions) {
        this.partitions = partitions;
        RelayConfig config = config();
        SimFlow flow = new SimFlow(
                config,
                Policies.of(config),
                null,
                Clock.systemUTC(),
                new PartitionOwnerTest.Hurried(),
                SimMetrics.none(),
                new SimFlow.Observer() {
                    @Override
                    public void decided(RunEntry before, Input input, Decision decision) {}
                });
        return new SimLedger(
                        new Clients(),
                        config,
                        flow.work(),
                        PartitionOwnerTest.channel(),
                        Clock.systemUTC(),
                        new PartitionOwnerTest.Hurried(),
                        SimMetrics.none(),
                        change -> {})
                .owners();
    }

    private final class Clients implements SimLedger.Clients {
        @Override
        public Producer<byte[], byte[]> producer(int partition) {
            return new Topics();
        }

        @Override
        public Consumer<byte[], byte[]> reader(int partition) {
            return SimLedger.reader(new TopicPartition(LEDGER, partition), ledger);
        }

        @Override
        public long[] endAndCommitted(int partition) {
            return new long[] {1_000, 0};
        }

        @Override
        public String topicId() {
            return "commands-topic";
        }

        @Override
        public int partitions() {
            return partitions;
        }

        @Override
        public boolean mayWriteCommands() {
            return mayWrite;
        }
    }

    /** Topics that do not take every record. */
    private final class Topics extends MockProducer<byte[], byte[]> {
        private final List<ProducerRecord<byte[], byte[]>> sent = new ArrayList<>();
        private final List<CompletableFuture<RecordMetadata>> together = new ArrayList<>();
        private boolean failed;

        Topics() {
            super(true, null, new ByteArraySerializer(), new ByteArraySerializer());
        }

        @Override
        public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record) {
            sent.add(record);
            if (refused.test(record)) {
                failed = true;
                return CompletableFuture.failedFuture(refusal);
            }
            CompletableFuture<RecordMetadata> answer = new CompletableFuture<>();
            together.add(answer);
            var _ = super.send(record);
            return answer;
        }

        @Override
        public synchronized void flush() {
            super.flush();
            if (sent.stream().anyMatch(refusedTogether)) {
                failed = true;
                together.forEach(each -> each.completeExceptionally(refusal));
            } else {
                together.forEach(each -> each.complete(null));
            }
        }

        @Override
        public synchronized void commitTransaction() {
            if (failed) {
                throw new IllegalStateException("a record was refused");
            }
            super.commitTransaction();
            transactions.add(List.copyOf(sent));
            ledger.addAll(sent.stream()
                    .filter(record -> record.topic().equals(LEDGER))
                    .toList());
            sent.clear();
            together.clear();
        }
    }

    private static RelayConfig config() {
        return TestConnections.config(Map.of(
                "relay.name", "steps",
                "relay.connections.default.host", "https://cloud.example",
                "relay.connections.default.account-id", "1",
                "relay.connections.default.token", "dbtc_none"));
    }
}
