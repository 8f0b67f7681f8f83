package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ContainerImage;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The image, built and run: as nobody, on a read-only root, with JSON for a log, and what its AOT cache brings. {@code ./mvnw
 * verify -Pcontainer}; on a machine that cannot build images it is skipped and says why.
 */
class ContainerIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern STATUS =
            Pattern.compile("^(Uid|Gid|VmRSS|RssAnon|VmHWM):\\s+(\\d+)", Pattern.MULTILINE);

    /** What the JVM finds by itself in a container of 256 MiB, which is no container here: so a heap of 128 MiB. */
    private static final String SMALL =
            ("-XX:MaxRAM=256m -XX:+UseSerialGC " + System.getProperty("container.options", "")).strip();

    private static final Duration STOP = Duration.ofSeconds(25);
    private static final int STARTS = Integer.getInteger("container.starts", 5);

    private static ContainerImage image;
    private static RelayStage stage;

    @BeforeAll
    static void build() {
        Optional<String> whyNot = ContainerImage.whyNot();
        assumeTrue(whyNot.isEmpty(), () -> "No image can be built here: " + whyNot.orElseThrow());
        try {
            image = ContainerImage.build();
        } catch (ContainerImage.CannotBuild e) {
            assumeTrue(false, "No image can be built here: " + e.getMessage());
        }
        stage = RelayStage.of(ContainerIT.class, World.standard());
    }

    @AfterAll
    static void end() {
        if (stage != null) {
            stage.close();
            ContainerImage.clean();
        }
    }

    @Test
    void saysWhatItIs() throws IOException {
        JsonNode config = image.config();
        assertThat(config.path("User").asText()).isEqualTo("185:0");
        assertThat(config.path("WorkingDir").asText()).isEqualTo("/opt/dbt-cloud-relay");
        assertThat(config.path("ExposedPorts").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("8080/tcp", "9000/tcp");
        assertThat(image.entrypoint()).startsWith("java").noneMatch(argument -> argument.endsWith("sh"));
        JsonNode labels = config.path("Labels");
        assertThat(labels.path("org.opencontainers.image.title").asText()).isEqualTo("dbt-cloud-relay");
        assertThat(labels.path("org.opencontainers.image.licenses").asText()).isEqualTo("Apache-2.0");
        assertThat(labels.path("org.opencontainers.image.version").asText()).isNotBlank();

        JsonNode sbom = JSON.readTree(
                image.root().resolve("opt/dbt-cloud-relay/sbom.json").toFile());
        assertThat(sbom.path("bomFormat").asText()).isEqualTo("CycloneDX");
        assertThat(sbom.path("components"))
                .anyMatch(part -> part.path("name").asText().equals("kafka-clients"));

        try (Stream<Path> files = Files.walk(image.root().resolve("opt/dbt-cloud-relay"))) {
            assertThat(files.toList())
                    .hasSizeGreaterThan(100)
                    .allSatisfy(file -> assertThat(Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS))
                            .as("%s is root's, so the relay cannot change itself", file)
                            .isEqualTo(0));
        }
    }

    @Test
    void runsAsNobodyOnAReadOnlyRootAndStopsInOrder() throws IOException {
        Deployment relay = deployment("read-only", image.entrypoint(), SMALL);
        relay.start();
        RelayProcess process = relay.relay();
        long job = stage.dbtCloud().world().jobNamed("Build with docs").id();

        assertThat(process.get(process.managementUrl().resolve("/q/health/live"))
                        .statusCode())
                .isEqualTo(200);
        relay.send(job, trigger("in-a-container", job));
        relay.reader().awaitEvent("run.succeeded", "in-a-container", PATIENCE);
        relay.reader().await(2, event -> event.is("artifact.ready", "in-a-container"), PATIENCE);

        assertThat(status(process, "Uid")).isEqualTo(185);
        assertThat(status(process, "Gid")).isZero();
        Path own = Path.of("/proc", Long.toString(process.process().pid()));
        assertThat(Files.readString(own.resolve("mounts")))
                .as("the root directory")
                .containsPattern("(?m)^\\S+ / \\S+ (\\S+,)?ro(,|\\s)");
        try (Stream<Path> files = Files.walk(own.resolve("root/var/lib/dbt-cloud-relay"))) {
            assertThat(files.map(file -> file.getFileName().toString())).contains("manifest.json", "run_results.json");
        }

        long began = System.nanoTime();
        assertThat(process.stop()).as("exit code after SIGTERM").isZero();
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        assertThat(took).isLessThan(STOP);
        report("exit code 0 after %.1f s", took.toMillis() / 1e3);
        List<String> lines = process.lines();
        assertThat(lines).noneMatch(line -> line.contains(stage.dbtCloud().token()));
        List<JsonNode> log = new ArrayList<>();
        for (String line : lines) {
            // The JVM's own word on JAVA_TOOL_OPTIONS.
            if (!line.startsWith("Picked up ")) {
                log.add(JSON.readTree(line));
            }
        }
        assertThat(log)
                .as("every line is JSON")
                .isNotEmpty()
                .allMatch(line -> line.has("timestamp") && line.has("level"));
        assertThat(log)
                .anyMatch(line -> line.path("message").asText().startsWith("Run started ")
                        && line.path("mdc").path("command_id").asText().equals("in-a-container")
                        && !line.path("mdc").path("run_id").asText().isEmpty());
        assertThat(log).noneMatch(line -> line.path("level").asText().equals("ERROR"));
    }

    /** With {@code AOTMode=on} a JVM whose cache does not fit refuses to start. */
    @Test
    void theCacheFitsWhatItIsRunWith() {
        for (String options : List.of(SMALL + " -XX:AOTMode=on", "-Xmx512m -XX:+UseSerialGC -XX:AOTMode=on")) {
            Deployment relay = deployment("fits" + options.length(), image.entrypoint(), options);
            relay.start();
            assertThat(relay.relay().stop()).isZero();
        }
    }

    @Test
    void theCacheMakesItStartFaster() throws IOException {
        List<String> without = image.entrypoint().stream()
                .filter(argument -> !argument.startsWith("-XX:AOTCache"))
                .toList();
        Measured plain = new Measured();
        Measured cached = new Measured();
        Deployment one = deployment("plain", without, SMALL);
        Deployment other = deployment("cached", image.entrypoint(), SMALL);
        // The topics are made, and files are in memory.
        measure(one, new Measured());
        measure(other, new Measured());
        for (int i = 0; i < STARTS; i++) {
            measure(one, plain);
            measure(other, cached);
        }
        report("without the AOT cache: %s", plain);
        report("with the AOT cache:    %s", cached);
        assertThat(median(cached.up)).isLessThan(median(plain.up));
    }

    private static final class Measured {
        final List<Double> up = new ArrayList<>();
        final List<Double> ready = new ArrayList<>();
        final List<Double> megabytes = new ArrayList<>();
        final List<Double> anonymous = new ArrayList<>();

        @Override
        public String toString() {
            return "256 MiB, median of %d: live after %.2f s, ready after %.2f s, RSS %.0f MiB when ready, %.0f MiB of it not of files"
                    .formatted(up.size(), median(up), median(ready), median(megabytes), median(anonymous));
        }
    }

    private static void measure(Deployment relay, Measured measured) throws IOException {
        long began = System.nanoTime();
        RelayProcess process = relay.launch();
        process.process().awaitLine(Pattern.compile("Management interface listening"), PATIENCE);
        double up = (System.nanoTime() - began) / 1e9;
        process.awaitReady(PATIENCE);
        measured.up.add(up);
        measured.ready.add((System.nanoTime() - began) / 1e9);
        measured.megabytes.add(status(process, "VmRSS") / 1024.0);
        measured.anonymous.add(status(process, "RssAnon") / 1024.0);
        assertThat(process.stop()).isZero();
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static Deployment deployment(String name, List<String> entrypoint, String jvm) {
        Deployment relay = stage.deployment(name).set("relay.artifacts.directory", "/var/lib/dbt-cloud-relay");
        relay.builder().launchedBy(settings -> image.command(settings, jvm, entrypoint));
        return relay;
    }

    private static long status(RelayProcess process, String field) throws IOException {
        String status = Files.readString(
                Path.of("/proc", Long.toString(process.process().pid()), "status"));
        Matcher line = STATUS.matcher(status);
        while (line.find()) {
            if (line.group(1).equals(field)) {
                return Long.parseLong(line.group(2));
            }
        }
        throw new AssertionError("no " + field + " in " + status);
    }

    private static void report(String what, Object... values) {
        System.out.printf("ContainerIT: " + what + "%n", values);
    }
}
