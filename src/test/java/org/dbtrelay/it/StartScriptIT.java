package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.dbtrelay.testkit.ChildProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The start script as it lies in the package, with the packaged application. */
class StartScriptIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** The relay comes as far as its configuration, which is missing. */
    @Test
    void startsTheRelayWhereTheJavaOnThePathIsOld(@TempDir Path directory) throws IOException {
        assumeThat(File.separatorChar).as("the script is for a POSIX shell").isEqualTo('/');
        Path old = Files.writeString(
                Files.createDirectories(directory.resolve("old/bin")).resolve("java"),
                "#!/bin/sh\necho 'openjdk version \"17.0.12\" 2024-07-16' >&2\n");
        Files.setPosixFilePermissions(old, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path script = Path.of(System.getProperty("relay.jar")).resolveSibling("bin/dbt-cloud-relay");

        try (var relay = ChildProcess.start(
                "dbt-cloud-relay",
                List.of(script.toString()),
                Map.of(
                        "PATH",
                        old.getParent() + File.pathSeparator + System.getenv("PATH"),
                        // As it would be found: the JDK of this build is one that is new enough, wherever it lies.
                        "JAVA_HOME",
                        System.getProperty("java.home")),
                directory.resolve("relay.log"))) {
            assertThat(relay.awaitExit(LIMIT)).isEqualTo(1);
            assertThat(String.join("\n", relay.lines())).contains("relay.connections");
        }
    }
}
