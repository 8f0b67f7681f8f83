package org.dbtrelay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process from its beginning, with the test class path instead of the packaged application. */
class RelayTest {

    @Test
    void endsWithTheFaultsOfItsConfiguration(@TempDir Path directory) throws IOException, InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        ProcessBuilder command = new ProcessBuilder(
                        java.toString(),
                        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                        "-Drelay.poll.interval=abc",
                        "-Drelay.polll.interval=5s",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Relay.class.getName())
                .directory(directory.toFile())
                .redirectErrorStream(true);
        command.environment().keySet().removeIf(name -> name.startsWith("RELAY_") || name.startsWith("QUARKUS_"));

        Process process = command.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(1);
        assertThat(output).isEqualTo("""
                The relay was not started: its configuration has 3 faults.
                relay.connections: no connection is configured; at least one is needed, with \
                relay.connections.default.host, relay.connections.default.account-id and \
                relay.connections.default.token or .token-file
                relay.poll.interval: 'abc' is not a duration, such as 30s, 5m, 24h, 7d or PT30S (from a system property)
                relay.polll.interval: there is no such key; did you mean relay.poll.interval? (from a system property)
                """);
    }
}
