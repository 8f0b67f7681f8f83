package org.dbtrelay.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.testkit.EmbeddedKafka;
import org.dbtrelay.testkit.emulator.DbtCloudEmulator;
import org.dbtrelay.testkit.emulator.World;

/** What the tests of a class share: a broker, a stand-in for dbt Cloud, and a directory under {@code target/it}. */
final class RelayStage implements AutoCloseable {

    /** How long a test waits for something that comes within a second or two on a quiet machine. */
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Path directory;
    private final EmbeddedKafka kafka;
    private final DbtCloudEmulator dbtCloud;
    private final List<Deployment> deployments = new ArrayList<>();

    private RelayStage(Path directory, EmbeddedKafka kafka, DbtCloudEmulator dbtCloud) {
        this.directory = directory;
        this.kafka = kafka;
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
                EmbeddedKafka.temporaryIn(directory).start(),
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

    EmbeddedKafka kafka() {
        return kafka;
    }

    DbtCloudEmulator dbtCloud() {
        return dbtCloud;
    }

    /** A deployment of the relay on this stage; not started. Its name must be new here. */
    Deployment deployment(String name) {
        var deployment = Deployment.of(
                name, directory, kafka.bootstrapServers(), dbtCloud.baseUrl(), dbtCloud.accountId(), dbtCloud.token());
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
            kafka.close();
        }
    }
}
