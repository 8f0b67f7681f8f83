package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Test;

/** The packaged application: nothing of the tests is in it, and a small heap is enough. */
class PackageIT {

    private static final Path APPLICATION = Path.of(System.getProperty(RelayProcess.JAR_PROPERTY))
            .toAbsolutePath()
            .getParent();

    /** Classes of the broker, of the emulator and of test libraries; kafka-clients, which has org.apache.kafka.*, is fine. */
    private static final List<String> FORBIDDEN = List.of(
            "kafka/",
            "org/apache/kafka/server/",
            "org/apache/kafka/controller/",
            "org/apache/kafka/coordinator/",
            "org/apache/kafka/metadata/",
            "org/apache/kafka/raft/",
            "org/apache/kafka/storage/",
            "com/adobe/testing/",
            "org/springframework/",
            "org/dbtrelay/emulator/",
            "org/dbtrelay/testkit/",
            "org/dbtrelay/demo/",
            "org/dbtrelay/it/",
            "org/junit/",
            "org/assertj/",
            "org/awaitility/",
            "org/hamcrest/",
            "io/restassured/",
            "com/tngtech/archunit/",
            "com/github/tomakehurst/wiremock/",
            "scala/");

    /** The first source of an instruction that copies from the context, and not from another stage. */
    private static final Pattern COPIED =
            Pattern.compile("^COPY(?:\\s+--(?!from=)\\S+)*\\s+(?!--)(\\S+)", Pattern.MULTILINE);

    @Test
    void holdsNothingOfTheTests() {
        List<Path> jars = jars();
        List<String> classes = jars.stream().flatMap(PackageIT::classes).toList();

        assertThat(classes)
                .as("the right jars were read")
                .contains(
                        "org/dbtrelay/run/decide/RunMachine.class",
                        "org/apache/kafka/clients/producer/KafkaProducer.class");
        assertThat(classes)
                .filteredOn(name -> FORBIDDEN.stream().anyMatch(name::startsWith) && !isOfKafkaClients(name))
                .isEmpty();
    }

    @Test
    void theImageCopiesWhatPackagingMakes() throws IOException {
        Path dockerfile = Path.of("src", "main", "docker", "Dockerfile");

        assertThat(COPIED.matcher(Files.readString(dockerfile)).results().map(copy -> copy.group(1)))
                .contains("target/bom.json")
                .allSatisfy(source -> assertThat(Path.of(source)).exists());
    }

    @Test
    void servesWithAHeapOf128Megabytes() {
        try (RelayStage stage = RelayStage.of(PackageIT.class, World.standard())) {
            Deployment relay = stage.deployment("small-heap");
            relay.builder().option("-Xmx128m").option("-XX:+ExitOnOutOfMemoryError");
            relay.start();
            long job = stage.dbtCloud().world().jobNamed("Build with docs").id();

            relay.send(job, trigger("small-heap", job));

            relay.reader().awaitEvent("run.succeeded", "small-heap", PATIENCE);
            relay.reader().await(2, event -> event.is("artifact.ready", "small-heap"), PATIENCE);
            assertThat(relay.relay().stop()).isZero();
            assertThat(relay.relay().lines())
                    .noneMatch(line -> line.contains(" ERROR ") || line.contains("OutOfMemory"));
        }
    }

    /** A few classes of kafka-clients are in packages that the broker uses as well. */
    private static boolean isOfKafkaClients(String name) {
        return Stream.of(
                        "org/apache/kafka/server/policy/",
                        "org/apache/kafka/server/quota/",
                        "org/apache/kafka/server/authorizer/",
                        "org/apache/kafka/server/telemetry/")
                .anyMatch(name::startsWith);
    }

    private static List<Path> jars() {
        try (Stream<Path> files = Files.walk(APPLICATION)) {
            return files.filter(file -> file.toString().endsWith(".jar")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> classes(Path jar) {
        try (var file = new JarFile(jar.toFile())) {
            return file.stream().map(ZipEntry::getName).filter(name -> name.endsWith(".class")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
