package org.dbtrelay.testkit;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.dbtrelay.emulator.PrivateCa;

/**
 * A real Kafka broker (KRaft, broker and controller in one node) in this JVM, on a free port of 127.0.0.1. It keeps its
 * port and its data over {@link #stop()} and {@link #start()}, so that a test can take the broker away and give it back.
 *
 * <p>Starting and stopping is for one thread; what needs a running broker may be called from several.
 */
public final class EmbeddedKafka implements AutoCloseable {

    private static final String OAUTHBEARER_MODULE =
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
    private static final int NODE_ID = 1;
    private static final int PORT_ATTEMPTS = 5;
    private static final int LOWEST_PORT = 15_000;
    private static final int HIGHEST_PORT = 32_000;

    private final Path dataDirectory;
    private final boolean temporary;
    private final Map<String, String> furtherSettings = new LinkedHashMap<>();
    private final List<String> scramUsers = new ArrayList<>();
    private boolean mayHalt;
    private int brokerPort;
    private int securePort;
    private int controllerPort;
    private KafkaRaftServer server;
    private KafkaClients clients;

    private EmbeddedKafka(Path dataDirectory, boolean temporary, int brokerPort) {
        this.dataDirectory = dataDirectory;
        this.temporary = temporary;
        this.brokerPort = brokerPort;
    }

    /** A broker on a new directory under {@code target}, which {@link #close()} deletes; not started yet. */
    public static EmbeddedKafka temporary() {
        return temporaryIn(Path.of("target", "kafka"));
    }

    /** A broker on a new directory under this one, which {@link #close()} deletes; not started yet. */
    public static EmbeddedKafka temporaryIn(Path parent) {
        try {
            return new EmbeddedKafka(Files.createTempDirectory(Files.createDirectories(parent), "broker-"), true, 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A broker on this directory, which is made if absent, used as it is if it holds a broker's data, and kept; not started yet. */
    public static EmbeddedKafka in(Path dataDirectory) {
        return new EmbeddedKafka(dataDirectory, false, 0);
    }

    /** As {@link #in(Path)}, on a given port of 127.0.0.1; 0 lets the first {@link #start()} choose a free one. */
    public static EmbeddedKafka in(Path dataDirectory, int port) {
        return new EmbeddedKafka(dataDirectory, false, port);
    }

    /** Sets a key of the broker's configuration, before it is started. */
    public EmbeddedKafka set(String key, String value) {
        furtherSettings.put(key, value);
        return this;
    }

    /** Lets Kafka halt the JVM as it does otherwise, where that is its own; and does without a class that other versions do not have. */
    EmbeddedKafka mayHalt() {
        mayHalt = true;
        return this;
    }

    /**
     * Adds a second listener, before the first start: TLS, SCRAM-SHA-512 and ACLs, by which nobody may do anything until told
     * otherwise. Clients of the first listener, those of the test, may do everything.
     */
    public EmbeddedKafka secured(PrivateCa ca, String user, String password) {
        securePort = freePort();
        scramUsers.add("SCRAM-SHA-512=[name=%s,password=%s]".formatted(user, password));
        set("listener.name.secure.ssl.keystore.type", "PKCS12");
        set("listener.name.secure.ssl.keystore.location", ca.serverKeyStore().toString());
        set("listener.name.secure.ssl.keystore.password", PrivateCa.PASSWORD);
        set("listener.name.secure.ssl.key.password", PrivateCa.PASSWORD);
        set("listener.name.secure.sasl.enabled.mechanisms", "SCRAM-SHA-512,OAUTHBEARER");
        set(
                "listener.name.secure.scram-sha-512.sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required;");
        set("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
        set("super.users", "User:ANONYMOUS");
        return this;
    }

    /** Lets the users of the tokens that this endpoint gives in by the listener that {@link #secured} has added, too. */
    public EmbeddedKafka trusting(TokenEndpoint tokens) {
        String ofTokens = "listener.name.secure.oauthbearer.";
        set(ofTokens + "sasl.jaas.config", OAUTHBEARER_MODULE + " required;");
        set(
                ofTokens + "sasl.server.callback.handler.class",
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler");
        set("sasl.oauthbearer.expected.audience", TokenEndpoint.AUDIENCE);
        set("sasl.oauthbearer.jwks.endpoint.url", tokens.keys().toUri().toString());
        // Of this JVM; a relay is another one.
        System.setProperty(
                "org.apache.kafka.sasl.oauthbearer.allowed.urls",
                tokens.keys().toUri().toString());
        return this;
    }

    /** {@code 127.0.0.1:<port>} of the listener that {@link #secured} has added. */
    public String secureBootstrapServers() {
        return "127.0.0.1:" + securePort;
    }

    /**
     * Starts the broker and returns when it serves clients. The first start chooses the port, later ones keep it.
     *
     * @throws IllegalStateException if it runs already, or cannot start; then nothing of it is left running
     */
    public EmbeddedKafka start() {
        if (server != null) {
            throw new IllegalStateException("The broker runs already on " + bootstrapServers());
        }
        BrokerLogs.onlyWarnings();
        if (!mayHalt) {
            // Kafka's answer to a fatal fault is to halt the JVM: here that would end the tests without a word.
            Exit.setHaltProcedure((status, message) -> {
                throw new IllegalStateException("The broker wanted to halt the JVM: " + message);
            });
        }
        boolean portIsOurs = brokerPort == 0;
        RuntimeException last = null;
        for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
            // The controller's port is nobody's business but ours, so each start may take another one.
            controllerPort = freePort();
            if (portIsOurs) {
                brokerPort = freePort();
            }
            try {
                format();
                server = startServer();
                return this;
            } catch (RuntimeException e) {
                // Somebody may have taken the port between the choice and the binding.
                last = e;
            }
        }
        throw new IllegalStateException("The broker did not start on port " + brokerPort, last);
    }

    /** Stops the broker in good order and keeps its data and its port. Does nothing if it does not run. */
    public void stop() {
        closeClients();
        if (server != null) {
            shutDown(server);
            server = null;
        }
    }

    /** Stops the broker and starts it again with the same data on the same port. */
    public EmbeddedKafka restart() {
        stop();
        return start();
    }

    /** Stops the broker; the data goes if the directory was a temporary one. */
    @Override
    public void close() {
        stop();
        if (temporary) {
            deleteRecursively(dataDirectory);
        }
    }

    public boolean isRunning() {
        return server != null;
    }

    /** {@code 127.0.0.1:<port>}, the same over restarts; known from the first {@link #start()} on. */
    public String bootstrapServers() {
        if (brokerPort == 0) {
            throw new IllegalStateException("The broker has not been started yet, so it has no port");
        }
        return "127.0.0.1:" + brokerPort;
    }

    public Path dataDirectory() {
        return dataDirectory;
    }

    /** What talks to this broker; see there for more than the shortcuts below. Closed by {@link #stop()}. */
    public synchronized KafkaClients clients() {
        if (clients == null) {
            clients = new KafkaClients(bootstrapServers());
        }
        return clients;
    }

    /** {@link KafkaClients#admin()} */
    public Admin admin() {
        return clients().admin();
    }

    /** {@link KafkaClients#createTopics(int, String...)} */
    public void createTopics(int partitions, String... names) {
        clients().createTopics(partitions, names);
    }

    /** {@link KafkaClients#createTopic(String, int, Map)} */
    public void createTopic(String name, int partitions, Map<String, String> settings) {
        clients().createTopic(name, partitions, settings);
    }

    /** {@link KafkaClients#produce(String, String, String)} */
    public RecordMetadata produce(String topic, String key, String value) {
        return clients().produce(topic, key, value);
    }

    /** {@link KafkaClients#produce(ProducerRecord)} */
    public RecordMetadata produce(ProducerRecord<byte[], byte[]> message) {
        return clients().produce(message);
    }

    /** {@link KafkaClients#newProducer(Map)} */
    public KafkaProducer<byte[], byte[]> newProducer(Map<String, Object> settings) {
        return clients().newProducer(settings);
    }

    private synchronized void closeClients() {
        if (clients != null) {
            clients.close();
            clients = null;
        }
    }

    private void format() {
        // Formatting twice is refused, and would give the cluster another id.
        if (Files.exists(dataDirectory.resolve("meta.properties"))) {
            return;
        }
        try {
            Files.createDirectories(dataDirectory);
            new Formatter()
                    .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
                    .setNodeId(NODE_ID)
                    .setClusterId(Uuid.randomUuid().toString())
                    .setControllerListenerName("CONTROLLER")
                    .setMetadataLogDirectory(dataDirectory.toString())
                    .addDirectory(dataDirectory.toString())
                    .setScramArguments(scramUsers)
                    .run();
        } catch (Exception e) {
            throw new IllegalStateException("The broker's directory could not be formatted: " + dataDirectory, e);
        }
    }

    private KafkaRaftServer startServer() {
        var candidate = new KafkaRaftServer(new KafkaConfig(settings(), false), Time.SYSTEM);
        try {
            candidate.startup();
            return candidate;
        } catch (RuntimeException | Error e) {
            // A failed start leaves threads and sockets behind.
            shutDown(candidate);
            throw e;
        }
    }

    private static void shutDown(KafkaRaftServer server) {
        server.shutdown();
        server.awaitShutdown();
    }

    /** Small and quick rather than fast under load: few threads, few internal partitions, a 2 MiB cleaner buffer instead of 128. */
    private Properties settings() {
        var settings = new Properties();
        settings.put("process.roles", "broker,controller");
        settings.put("node.id", Integer.toString(NODE_ID));
        settings.put("log.dirs", dataDirectory.toString());
        String broker = "BROKER://127.0.0.1:" + brokerPort;
        String advertised = securePort == 0 ? broker : broker + ",SECURE://127.0.0.1:" + securePort;
        settings.put("listeners", advertised + ",CONTROLLER://127.0.0.1:" + controllerPort);
        settings.put("advertised.listeners", advertised);
        settings.put("listener.security.protocol.map", "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL");
        settings.put("inter.broker.listener.name", "BROKER");
        settings.put("controller.listener.names", "CONTROLLER");
        settings.put("controller.quorum.voters", "%d@127.0.0.1:%d".formatted(NODE_ID, controllerPort));
        settings.put("server.max.startup.time.ms", "60000");
        // After kill -9 the controller holds the dead broker's registration for this long; the default is 9 s.
        settings.put("broker.session.timeout.ms", "3000");
        settings.put("broker.heartbeat.interval.ms", "500");
        settings.put("auto.create.topics.enable", "false");
        settings.put("default.replication.factor", "1");
        settings.put("min.insync.replicas", "1");
        settings.put("offsets.topic.replication.factor", "1");
        settings.put("offsets.topic.num.partitions", "4");
        settings.put("transaction.state.log.replication.factor", "1");
        settings.put("transaction.state.log.min.isr", "1");
        settings.put("transaction.state.log.num.partitions", "4");
        settings.put("share.coordinator.state.topic.replication.factor", "1");
        settings.put("share.coordinator.state.topic.min.isr", "1");
        settings.put("share.coordinator.state.topic.num.partitions", "1");
        settings.put("group.initial.rebalance.delay.ms", "0");
        settings.put("group.coordinator.threads", "1");
        settings.put("num.network.threads", "2");
        settings.put("num.io.threads", "2");
        settings.put("background.threads", "2");
        settings.put("log.cleaner.dedupe.buffer.size", "2097152");
        settings.put("log.cleaner.io.buffer.size", "262144");
        settings.put("log.index.size.max.bytes", "1048576");
        settings.put("metric.reporters", "");
        settings.putAll(furtherSettings);
        return settings;
    }

    /**
     * A port that is free now and, being below those that systems give to outgoing connections (from 32768 on Linux), will
     * not be taken by some connection while the broker is away, not even by a client's own attempts to reach it.
     */
    private static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(LOWEST_PORT, HIGHEST_PORT);
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException e) {
                // Taken: the next round draws another one.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static void deleteRecursively(Path directory) {
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : new ArrayList<>(tree.toList()).reversed()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
