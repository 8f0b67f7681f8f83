package org.dbtrelay.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dbtrelay.testkit.ChildProcess;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code mvnw} with a Maven that only says what it was started with. */
class MvnwTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String QUIET = "-Dorg.slf4j.simpleLogger.log.io.quarkus.maven.BuildMojo=error";

    @TempDir
    Path directory;

    @BeforeEach
    void putMaven() throws IOException {
        assumeThat(File.separatorChar).as("the script is for a POSIX shell").isEqualTo('/');
        Path maven = Files.writeString(directory.resolve("mvn"), "#!/bin/sh\necho \"maven [$MAVEN_OPTS] $*\"\n");
        Files.setPosixFilePermissions(maven, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Else nothing is to be seen for minutes: Maven is silent with -q, and while it fetches libraries. */
    @Test
    void saysAtOnceWhatTakesLong() {
        assertThat(said("-q", "-Pemulator", "-Demulator.tls").getFirst())
                .startsWith("Compiling the emulator")
                .contains("fetches libraries");
        assertThat(said("-Pdemo").getFirst()).startsWith("Packaging the relay").contains("fetches libraries");
        assertThat(said("verify")).singleElement().asString().startsWith("maven []");
    }

    /** A warning of Quarkus' that is not true would be a newcomer's first impression; a build for others hides none. */
    @Test
    void keepsAnUntrueWarningOutOfTheDemo() {
        assertThat(said("-Pdemo", "-Ddemo.once").getLast()).contains("[" + QUIET + " ]", "-Pdemo -Ddemo.once");
        assertThat(said("package").getLast()).doesNotContain(QUIET);
    }

    private List<String> said(String... arguments) {
        var command = new ArrayList<>(List.of(Path.of("mvnw").toAbsolutePath().toString()));
        command.addAll(List.of(arguments));
        Map<String, String> environment = Map.of(
                "PATH",
                directory + File.pathSeparator + System.getenv("PATH"),
                "JAVA_HOME",
                System.getProperty("java.home"),
                "MAVEN_OPTS",
                "");
        try (var mvnw = ChildProcess.start("mvnw", command, environment, directory.resolve("mvnw.log"))) {
            assertThat(mvnw.awaitExit(LIMIT)).isZero();
            return List.copyOf(mvnw.lines());
        }
    }
}
