package org.dbtrelay.ledger.kafka;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.dbtrelay.config.LineageTopic;
import org.dbtrelay.config.Policies;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * The Kafka clients that the ledger makes for itself. They start from the same {@code kafka.*} configuration as the channels,
 * so that addresses, TLS and SASL are the same everywhere.
 */
@Singleton
public class KafkaSettings {

    private static final RelayLog LOG = RelayLog.of(KafkaSettings.class);

    /** The longest wait of a read for a broker; then the claim is given up and begun anew. */
    public static final Duration BROKER_PATIENCE = Duration.ofSeconds(15);

    /** The longest wait of a check of the topics: short, because only then is an outage reported. */
    private static final Duration READ_PATIENCE = Duration.ofSeconds(5);

    private final Map<String, Object> base;
    private final RelayConfig.Topics topics;
    private final Set<String> skipped;
    private final String group;
    private final String deployment;
    private final boolean passesHintsOn;
    private final Optional<String> lineageTopic;
    private @Nullable Admin admin;

    public KafkaSettings(@Identifier("default-kafka-broker") Map<String, Object> base, RelayConfig config) {
        this.base = Map.copyOf(base);
        this.topics = config.topics();
        this.skipped = Set.copyOf(config.ledger().skip().orElse(List.of()));
        this.passesHintsOn = config.connections().values().stream()
                .anyMatch(connection -> connection.webhookSecret().isPresent()
                        || connection.webhookSecretFile().isPresent()
                        || connection.webhook().manage());
        this.lineageTopic = LineageTopic.used(config);
        this.group = Policies.consumerGroup(config);
        this.deployment = Policies.deployment(config);
        KafkaChecks.overruled(base.keySet())
                .forEach(name -> LOG.warn(
                        "A setting of Kafka's clients has no effect: the relay sets it itself",
                        pair(LogKey.KEY, "kafka." + name)));
    }

    /** The name of this deployment, as it stands in markers. */
    public String deployment() {
        return deployment;
    }

    /** The consumer group of the commands channel. */
    public String group() {
        return group;
    }

    /** Whether {@code relay.ledger.skip} names a ledger record. */
    public boolean skips(int partition, long offset) {
        return skipped.contains(partition + "@" + offset);
    }

    /** The names of the topics. */
    public RelayConfig.Topics topics() {
        return topics;
    }

    /**
     * The only producer for a ledger partition. Its transactional id names topic and partition, so a new owner takes over the id and
     * fences the previous owner. It does not name the consumer group, so that two deployments that share a
     * ledger by mistake fence each other loudly.
     */
    public Producer<byte[], byte[]> producer(int partition) {
        Map<String, Object> settings = client("ledger-" + partition);
        settings.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, topics.ledger() + "-" + partition);
        settings.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 10_000);
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, (int) BROKER_PATIENCE.toMillis());
        settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 12_000);
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        return ofRecords(settings);
    }

    /** A reader of committed records that belongs to no group. */
    public Consumer<byte[], byte[]> reader(int partition) {
        return committedReader("ledger-reader-" + partition);
    }

    /** The same, for all partitions of the ledger together. */
    public Consumer<byte[], byte[]> tail() {
        return committedReader("ledger-tail");
    }

    private Consumer<byte[], byte[]> committedReader(String purpose) {
        Map<String, Object> settings = client(purpose);
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2_000);
        // A close waits for the pending fetch, and behind the end of the partition there is nothing to fetch.
        settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 20);
        // All partitions of an instance are read at the same time, and a broker sends ahead.
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 2 * 1024 * 1024);
        settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
        return consumer(settings, BROKER_PATIENCE);
    }

    /** Whether any connection takes webhooks, so there may be hints for other instances. */
    public boolean passesHintsOn() {
        return passesHintsOn;
    }

    /** A producer for hints; it gives up after ten seconds, because a late hint is worthless. */
    public Producer<byte[], byte[]> hintProducer() {
        Map<String, Object> settings = client("hints");
        settings.put(ProducerConfig.ACKS_CONFIG, "1");
        settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, false);
        // The first hint waits for the topic's metadata, which takes more than a second on a busy machine.
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
        settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 10_000);
        return ofNotes(settings);
    }

    /** A producer for the control topic: a person waits for its confirmation, but not for long. */
    public Producer<byte[], byte[]> controlProducer() {
        Map<String, Object> settings = client("control");
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 2_000);
        settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 3_000);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 4_000);
        return ofNotes(settings);
    }

    /**
     * The producer for replays of dead letters. There is one for all instances: its transactional id names the ledger, as those of the
     * partitions do, so a new one fences the one before.
     */
    public Producer<byte[], byte[]> replayProducer() {
        Map<String, Object> settings = client("replay");
        settings.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, topics.ledger() + "-replay");
        settings.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 10_000);
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 8_000);
        settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 4_000);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 8_000);
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        return ofRecords(settings);
    }

    /** The topic of lineage events; empty if the relay writes none. */
    public Optional<String> lineageTopic() {
        return lineageTopic;
    }

    /** The consumer group that tells lineage of the relay's own events. */
    public String lineageGroup() {
        return group + "-lineage";
    }

    /** A reader of the relay's own events that shares them with the other instances. */
    public Consumer<byte[], byte[]> lineageConsumer() {
        Map<String, Object> settings = client("lineage");
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, lineageGroup());
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 100);
        settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 4 * 1024 * 1024);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 512 * 1024);
        settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 10_000);
        settings.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 1_000);
        settings.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName());
        return consumer(settings, BROKER_PATIENCE);
    }

    /** The producer of lineage events; it belongs to no transaction. */
    public Producer<byte[], byte[]> lineageProducer() {
        Map<String, Object> settings = client("lineage-events");
        settings.put(ProducerConfig.ACKS_CONFIG, "all");
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, (int) BROKER_PATIENCE.toMillis());
        settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 30_000);
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 5);
        return ofRecords(settings);
    }

    /** A reader of committed records of a topic for one request: it belongs to no group, and holds little at a time. */
    public Consumer<byte[], byte[]> openReader(String topic) {
        Map<String, Object> settings = client(topic + "-reader");
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 500);
        settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 20);
        settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 4 * 1024 * 1024);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 1024 * 1024);
        settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
        return consumer(settings, READ_PATIENCE);
    }

    /**
     * What a topic is like.
     *
     * @param id Kafka's own, which a topic of the same name that is made anew does not have
     */
    public record Shape(String id, int partitions) {}

    /** What a topic is like now. */
    public Shape shape(String topic) throws LedgerException, InterruptedException {
        try {
            TopicDescription found = Objects.requireNonNull(admin().describeTopics(List.of(topic))
                            .topicNameValues()
                            .get(topic))
                    .get();
            return new Shape(found.topicId().toString(), found.partitions().size());
        } catch (ExecutionException e) {
            throw new LedgerException(LedgerException.Kind.LOST, "the brokers do not tell of a topic", e.getCause());
        }
    }

    /** The end of a partition, with what open transactions hide. */
    public long endOf(TopicPartition partition) throws LedgerException, InterruptedException {
        return CommandsLog.offset(admin(), partition, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED);
    }

    /** A reader of a {@link BroadcastTopic} that belongs to no group. */
    Consumer<byte[], byte[]> broadcastReader(String topic) {
        Map<String, Object> settings = client(topic + "-reader");
        // A kill switch does not wait for the transaction of a replay that lies before it.
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
        settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
        return consumer(settings, BROKER_PATIENCE);
    }

    /** Asks the brokers for the offsets of a partition of the commands topic. */
    public CommandsLog commandsLog(int partition) throws LedgerException, InterruptedException {
        return CommandsLog.of(admin(), group, commands(partition));
    }

    /** The end of a ledger partition, open transactions included. */
    public long ledgerEnd(int partition) throws LedgerException, InterruptedException {
        TopicPartition ledger = new TopicPartition(topics.ledger(), partition);
        return CommandsLog.offset(admin(), ledger, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED);
    }

    /** The first offset that a partition of the commands topic still has. */
    public long commandsStart(int partition) throws LedgerException, InterruptedException {
        return CommandsLog.offset(admin(), commands(partition), OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED);
    }

    /** The records of a partition of the commands topic that an open transaction hides. */
    public Offsets hiddenCommands(int partition) throws LedgerException, InterruptedException {
        long seen =
                CommandsLog.offset(admin(), commands(partition), OffsetSpec.latest(), IsolationLevel.READ_COMMITTED);
        long whole =
                CommandsLog.offset(admin(), commands(partition), OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED);
        return new Offsets(seen, whole);
    }

    /** Kafka's id of the cluster, which needs no right. */
    public String clusterId() throws LedgerException, InterruptedException {
        try {
            @Nullable String id = admin().describeCluster().clusterId().get();
            if (id == null) {
                throw new LedgerException(
                        LedgerException.Kind.LOST,
                        "the brokers do not tell of the cluster's id, which markers of runs need");
            }
            return id;
        } catch (ExecutionException e) {
            throw new LedgerException(
                    LedgerException.Kind.LOST, "the brokers do not tell of the cluster's id", e.getCause());
        }
    }

    private TopicPartition commands(int partition) {
        return new TopicPartition(topics.commands(), partition);
    }

    /** A client that asks about topics and groups. It stays connected, because a claim has no time to connect first; only this class closes
     * it. */
    synchronized Admin admin() {
        if (admin == null) {
            admin = newAdmin();
        }
        return admin;
    }

    @PreDestroy
    synchronized void close() {
        if (admin != null) {
            admin.close(Duration.ZERO);
        }
    }

    private Admin newAdmin() {
        Map<String, Object> settings = client("topics");
        settings.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) READ_PATIENCE.toMillis());
        settings.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) READ_PATIENCE.toMillis());
        return Admin.create(settings);
    }

    /** A producer of records as large as their topic takes: its own limit decides, not the client's. */
    private static Producer<byte[], byte[]> ofRecords(Map<String, Object> settings) {
        settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 8L * 1024 * 1024);
        settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 8 * 1024 * 1024);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** A producer of the small records of a {@link BroadcastTopic}. */
    private static Producer<byte[], byte[]> ofNotes(Map<String, Object> settings) {
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 1024L * 1024);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** A consumer that commits nothing and makes no topic by itself. */
    private static Consumer<byte[], byte[]> consumer(Map<String, Object> settings, Duration patience) {
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        settings.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) patience.toMillis());
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private Map<String, Object> client(String purpose) {
        Map<String, Object> settings = new HashMap<>(base);
        settings.put("client.id", group + "-" + purpose);
        return settings;
    }
}
