package org.dbtrelay.ledger;

import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.NotificationOptions;
import jakarta.enterprise.util.TypeLiteral;
import java.lang.annotation.Annotation;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.intake.IntakeValve;
import org.dbtrelay.ledger.kafka.CommandsLog;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.Offsets;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.ledger.placement.Placement;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.decide.Input;

/** The real owners of one process, on clients of Kafka that somebody else makes. */
public final class SimLedger {

    /** A reader of a ledger partition that holds these records. */
    public static Consumer<byte[], byte[]> reader(
            TopicPartition partition, List<ProducerRecord<byte[], byte[]>> records) {
        MockConsumer<byte[], byte[]> reader = new MockConsumer<>("earliest");
        reader.updateBeginningOffsets(Map.of(partition, 0L));
        reader.updateEndOffsets(Map.of(partition, (long) records.size()));
        reader.schedulePollTask(() -> {
            for (int i = 0; i < records.size(); i++) {
                ProducerRecord<byte[], byte[]> record = records.get(i);
                reader.addRecord(new ConsumerRecord<>(
                        partition.topic(), partition.partition(), i, record.key(), record.value()));
            }
        });
        return reader;
    }

    /** The clients, and what the brokers tell of the commands topic. */
    public interface Clients {
        /** The transactional producer of a ledger partition. */
        Producer<byte[], byte[]> producer(int partition);

        /** A reader of the ledger. */
        Consumer<byte[], byte[]> reader(int partition);

        /** End of the commands partition, and what the group has committed; an unchecked Kafka exception if no broker answers. */
        long[] endAndCommitted(int partition);

        /** Where the commands partition begins. */
        default long commandsStart(int partition) {
            return 0;
        }

        /** The end of the ledger partition, decided or not. */
        default long ledgerEnd(int partition) {
            return 0;
        }

        /** The id of the cluster. */
        default String clusterId() {
            return "cluster";
        }

        /** The id of the commands topic. */
        String topicId();

        /** How many partitions the commands topic has. */
        int partitions();

        /** How many partitions keys are spread over. */
        default int partitionsOfKeys() {
            return partitions();
        }

        /** Whether the brokers tell that the relay may write to the commands topic. */
        default boolean mayWriteCommands() {
            return true;
        }
    }

    private final Owners owners;
    private final StartedRuns startedRuns;

    /** Wires the real objects. */
    public SimLedger(
            Clients clients,
            RelayConfig config,
            PartitionProcessor work,
            KafkaClientService channel,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics,
            java.util.function.Consumer<Owners.OwnedPartitions> changes) {
        KafkaSettings kafka = new Settings(clients, config);
        TopicCheck topics = topics(clients, kafka, clock);
        this.startedRuns = new StartedRuns(kafka, topics, monotonic);
        this.owners = new Owners(
                kafka,
                topics,
                work,
                new IntakeValve(channel, kafka, config, metrics),
                new CommandsLogNotices(metrics, clock),
                clock,
                monotonic,
                metrics,
                new Changes(changes));
    }

    /** A claim on partition 0, without its owner. */
    public static Claim claim(
            Clients clients, RelayConfig config, Clock clock, java.util.function.Consumer<Input> inbox)
            throws LedgerException, InterruptedException {
        KafkaSettings kafka = new Settings(clients, config);
        return Claim.take(
                new LedgerReader(kafka, 0, new Monotonic()),
                clients.topicId(),
                new Placement(
                        clients.topicId(),
                        topics(clients, kafka, clock),
                        new CommandsLogNotices(SimMetrics.none(), clock).misplaced()),
                new Refusals(),
                inbox);
    }

    private static TopicCheck topics(Clients clients, KafkaSettings kafka, Clock clock) {
        return new TopicCheck(kafka, clock) {
            @Override
            public String await() {
                return clients.topicId();
            }

            @Override
            public Status status() {
                return new Status(List.of(), clients.partitionsOfKeys(), clients.mayWriteCommands(), clock.instant());
            }
        };
    }

    private static final class Settings extends KafkaSettings {
        private final Clients clients;

        Settings(Clients clients, RelayConfig config) {
            super(Map.of(), config);
            this.clients = clients;
        }

        @Override
        public Producer<byte[], byte[]> producer(int partition) {
            return clients.producer(partition);
        }

        @Override
        public Consumer<byte[], byte[]> reader(int partition) {
            return clients.reader(partition);
        }

        @Override
        public Consumer<byte[], byte[]> tail() {
            return clients.reader(0);
        }

        @Override
        public String clusterId() {
            return clients.clusterId();
        }

        @Override
        public long ledgerEnd(int partition) {
            return clients.ledgerEnd(partition);
        }

        @Override
        public long commandsStart(int partition) {
            return clients.commandsStart(partition);
        }

        @Override
        public Offsets hiddenCommands(int partition) {
            long end = clients.endAndCommitted(partition)[0];
            return new Offsets(end, end);
        }

        @Override
        public CommandsLog commandsLog(int partition) throws LedgerException {
            try {
                long[] both = clients.endAndCommitted(partition);
                return new CommandsLog(clients.commandsStart(partition), both[0], both[1]);
            } catch (org.apache.kafka.common.KafkaException e) {
                throw new LedgerException(
                        LedgerException.Kind.LOST, "the brokers do not tell of the commands topic", e);
            }
        }
    }

    /** Owners of some partition, which take nothing. */
    public static Owners ownersThatDropAll() {
        return new Owners(null, null, null, null, null, null, null, null, null) {
            @Override
            public void offerToAll(Input input) {}

            @Override
            public void tick() {}

            @Override
            public boolean ownsPartitions() {
                return true;
            }
        };
    }

    /** The real owners. */
    public Owners owners() {
        return owners;
    }

    /** What a lister reads of the ledger. */
    public StartedRuns startedRuns() {
        return startedRuns;
    }

    /** The group gave partitions. */
    public void assigned(Collection<Integer> partitions) {
        owners.assigned(partitions);
    }

    /** The group took partitions away; waits until their owners have stopped. */
    public void revoked(Collection<Integer> partitions) {
        owners.revoked(partitions);
    }

    /** The process has been told to stop. */
    public void beginStop() {
        owners.onStop(new ShutdownDelayInitiatedEvent());
    }

    /** The process stops in order. */
    public void shutdown() {
        owners.onShutdown(new ShutdownEvent());
    }

    private record Changes(java.util.function.Consumer<Owners.OwnedPartitions> listener)
            implements Event<Owners.OwnedPartitions> {
        @Override
        public void fire(Owners.OwnedPartitions change) {
            listener.accept(change);
        }

        @Override
        public <U extends Owners.OwnedPartitions> CompletionStage<U> fireAsync(U event) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U extends Owners.OwnedPartitions> CompletionStage<U> fireAsync(U event, NotificationOptions options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Event<Owners.OwnedPartitions> select(Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U extends Owners.OwnedPartitions> Event<U> select(Class<U> subtype, Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U extends Owners.OwnedPartitions> Event<U> select(TypeLiteral<U> subtype, Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }
    }
}
