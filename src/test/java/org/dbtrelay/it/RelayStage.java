package org.dbtrelay.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.EmbeddedKafka;
import org.dbtrelay.testkit.ForkedKafka;

/** What the tests of a class share: a broker, a stand-in for dbt Cloud, and a directory under {@code target/it}. */
final class RelayStage implements AutoCloseable {

    /** How long a test waits for something that comes within a second or two on a quiet machine. */
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Path directory;
    private final Broker broker;
    private final DbtCloudEmulator dbtCloud;
    private final List<Deployment> deployments = new ArrayList<>();

    /** Kafka of the tests' own version, or of another one. */
    private sealed interface Broker extends AutoCloseable {

        @Override
        void close();

        String bootstrapServers();

        Path dataDirectory();

        record Own(EmbeddedKafka kafka) implements Broker {
            @Override
            public void close() {
                kafka.close();
            }

            @Override
            public String bootstrapServers() {
                return kafka.bootstrapServers();
            }

            @Override
            public Path dataDirectory() {
                return kafka.dataDirectory();
            }
        }

        record Other(ForkedKafka kafka, Path dataDirectory) implements Broker {
            @Override
            public void close() {
                kafka.close();
            }

            @Override
            public String bootstrapServers() {
                return kafka.bootstrapServers();
            }
        }

        /** The version is given with {@code -Pbroker}. */
        static Broker in(Path directory) {
            String other = System.getProperty("kafka.broker", "");
            if (other.isEmpty()) {
                return new Own(EmbeddedKafka.temporaryIn(directory).start());
            }
            Path data = directory.resolve("broker");
            return new Other(ForkedKafka.ofVersion(other, data).start(), data);
        }
    }

    private RelayStage(Path directory, Broker broker, DbtCloudEmulator dbtCloud) {
        this.directory = directory;
        this.broker = broker;
        this.dbtCloud = dbtCloud;
    }

    /** A stage for the tests of this class, with broker and emulator running; the emulator on the system's clock. */
    static RelayStage of(Class<?> test, World world) {
        return of(test, world, Clock.systemUTC());
    }

    /** A stage with runs that live on this clock. */
    static RelayStage of(Class<?> test, World world, Clock clock) {
        Path directory = newDirectory(test);
        return new RelayStage(
                directory,
                Broker.in(directory),
                DbtCloudEmulator.builder().world(world).clock(clock).start());
    }

    /** A stage whose broker and emulator the test makes itself, or starts later. */
    static Path newDirectory(Class<?> test) {
        try {
            return Files.createTempDirectory(
                    Files.createDirectories(Path.of("target", "it").toAbsolutePath()), test.getSimpleName() + "-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path directory() {
        return directory;
    }

    /** The broker in this JVM. */
    EmbeddedKafka kafka() {
        return switch (broker) {
            case Broker.Own(EmbeddedKafka kafka) -> kafka;
            case Broker.Other other ->
                throw new IllegalStateException("This test runs with Kafka's own version only, not with " + other);
        };
    }

    /** Where the broker writes. */
    Path kafkaDirectory() {
        return broker.dataDirectory();
    }

    DbtCloudEmulator dbtCloud() {
        return dbtCloud;
    }

    /** A deployment of the relay on this stage; not started. Its name must be new here. */
    Deployment deployment(String name) {
        var deployment = Deployment.of(
                name, directory, broker.bootstrapServers(), dbtCloud.baseUrl(), dbtCloud.accountId(), dbtCloud.token());
        deployments.add(deployment);
        return deployment;
    }

    /** Ends everything, the relays first. */
    @Override
    public void close() {
        try {
            deployments.forEach(Deployment::close);
        } finally {
            dbtCloud.close();
            broker.close();
        }
    }
}
