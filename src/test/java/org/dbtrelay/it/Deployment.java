package org.dbtrelay.it;

import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.dbtrelay.testkit.EventHistory;
import org.dbtrelay.testkit.KafkaClients;
import org.dbtrelay.testkit.ReceivedEvent;
import org.dbtrelay.testkit.RelayProcess;
import org.dbtrelay.testkit.TopicReader;

/**
 * A deployment of the relay: topics, a name and an artifact store of its own, so that several can use one broker and one
 * account; and its process, which can be killed and started again. Settings are quick ones for tests.
 */
public final class Deployment implements AutoCloseable {

    private final String name;
    private final Path directory;
    private final KafkaClients clients;
    private final TopicReader reader;
    private final RelayProcess.Builder builder;
    private RelayProcess relay;

    private Deployment(
            String name,
            Path directory,
            String bootstrapServers,
            RelayProcess.Builder builder,
            UnaryOperator<ReceivedEvent> kept) {
        this.name = name;
        this.directory = directory;
        this.clients = new KafkaClients(bootstrapServers);
        this.reader = TopicReader.keeping(
                kept, bootstrapServers, topic("run.events"), topic("artifact.events"), topic("commands.dlq"));
        this.builder = builder;
    }

    /** A deployment that is not started; nothing has to be there yet. */
    public static Deployment of(
            String name, Path directory, String bootstrapServers, String host, long accountId, String token) {
        return of(name, directory, bootstrapServers, host, accountId, token, UnaryOperator.identity());
    }

    /** A deployment of which so much is read that its reader keeps only what {@code kept} makes of each record. */
    public static Deployment of(
            String name,
            Path directory,
            String bootstrapServers,
            String host,
            long accountId,
            String token,
            UnaryOperator<ReceivedEvent> kept) {
        Path own = directory.resolve(name);
        RelayProcess.Builder builder = RelayProcess.named(name)
                .outputDirectory(own)
                // Starts twice as fast; on two cores the compiler would be the busiest part of a short test.
                .option("-XX:TieredStopAtLevel=1")
                .set(Map.of(
                        "kafka.bootstrap.servers",
                        bootstrapServers,
                        "relay.name",
                        name,
                        "relay.topics.create",
                        "true",
                        "relay.topics.partitions",
                        "3",
                        "relay.connections.default.host",
                        host,
                        "relay.connections.default.account-id",
                        Long.toString(accountId),
                        "relay.connections.default.token",
                        token,
                        "relay.poll.interval",
                        "1s"))
                .set(Map.of(
                        "relay.artifacts.store",
                        "file",
                        "relay.artifacts.directory",
                        own.resolve("artifacts").toString(),
                        "relay.api.open",
                        "true"));
        var deployment = new Deployment(name, own, bootstrapServers, builder, kept);
        for (String topic :
                new String[] {"commands", "run-events", "artifact-events", "dead-letters", "ledger", "hints", "control"
                }) {
            String suffix = topic.equals("dead-letters") ? "commands.dlq" : topic.replace('-', '.');
            builder.set("relay.topics." + topic, deployment.topic(suffix));
        }
        return deployment;
    }

    /** Sets a key for processes that are started after this. */
    public Deployment set(String key, String value) {
        builder.set(key, value);
        return this;
    }

    /** The builder of its processes, for what only one test needs. */
    public RelayProcess.Builder builder() {
        return builder;
    }

    /** The name of one of its topics: {@code commands}, {@code run.events}, {@code artifact.events}, {@code commands.dlq}, {@code ledger}. */
    public String topic(String suffix) {
        return name + "." + suffix;
    }

    public String name() {
        return name;
    }

    public Path artifacts() {
        return directory.resolve("artifacts");
    }

    /** Starts a process and waits until it is ready. */
    public Deployment start() {
        launch().awaitReady(PATIENCE);
        return this;
    }

    /** Starts a process and returns at once. */
    public RelayProcess launch() {
        relay = builder.start();
        return relay;
    }

    /** Its newest process. */
    RelayProcess relay() {
        return relay;
    }

    /** Reads its events and dead letters from the beginning. */
    public TopicReader reader() {
        return reader;
    }

    /** Writes a record to the commands topic and waits until the broker has it. */
    public RecordMetadata send(String key, String command) {
        return clients.produce(topic("commands"), key, command);
    }

    /** As {@link #send(String, String)}, keyed by the job as producers are advised to. */
    public RecordMetadata send(long jobId, String command) {
        return send(Long.toString(jobId), command);
    }

    /** Writes a record to a partition of the commands topic, with a key that belongs there. */
    public RecordMetadata sendTo(int partition, String command) {
        String topic = topic("commands");
        return send(new ProducerRecord<>(topic, partition, clients.keyOf(topic, partition), bytes(command)));
    }

    /** Writes any record, which has to name the commands topic itself. */
    public RecordMetadata send(ProducerRecord<byte[], byte[]> message) {
        return clients.produce(message);
    }

    /** The plainest command that triggers a job. */
    public static String trigger(String commandId, long jobId) {
        return "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": %d}".formatted(commandId, jobId);
    }

    public KafkaClients clients() {
        return clients;
    }

    /** All that has been told up to now. */
    public EventHistory history() {
        reader.awaitEnd(PATIENCE);
        return EventHistory.of(reader.events());
    }

    public static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        if (relay != null) {
            relay.close();
        }
        try {
            reader.close();
        } finally {
            clients.close();
        }
    }
}
