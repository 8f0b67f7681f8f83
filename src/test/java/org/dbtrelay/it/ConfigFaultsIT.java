package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged application with a faulty configuration: it says so, briefly and wholly, and does nothing else. */
class ConfigFaultsIT {

    private static final String JAR = System.getProperty("relay.jar");

    @TempDir
    Path directory;

    @Test
    void oneLineForEachFaultAndNothingStarted() throws Exception {
        Path file = directory.resolve("config").resolve("application.properties");
        Files.createDirectories(file.getParent());
        Files.writeString(file, """
                relay.connections.default.account-id=none
                relay.polll.interval=5s
                %prod.relay.commands.max-age=8d
                %dev.relay.commands.max-age=9d
                """);
        Files.writeString(directory.resolve(".env"), "RELAY_RUN_IF_RUNNING=wait\n");

        try (ServerSocket kafka = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Ended ended = run(
                    Map.of("RELAY_TOPICS_LEDGER", "dbt ledger"),
                    "-Dkafka.bootstrap.servers=127.0.0.1:" + kafka.getLocalPort(),
                    "-Drelay.poll.interval=abc");

            assertThat(ended.errors()).isEqualTo("""
                    The relay was not started: its configuration has 8 faults.
                    relay.commands.max-age: 8d is not at least an hour shorter than relay.ledger.retention, 8d; \
                    an old command could start its job again after its id was forgotten
                    relay.connections.default.account-id: its value is not a whole number (from %1$s)
                    relay.connections.default.host: missing; \
                    it must be the access URL of the account, such as https://ab123.us1.dbt.com
                    relay.connections.default.token: missing; \
                    either this or relay.connections.default.token-file must be given
                    relay.poll.interval: 'abc' is not a duration, such as 30s, 5m, 24h, 7d or PT30S \
                    (from a system property)
                    relay.polll.interval: there is no such key; did you mean relay.poll.interval? (from %1$s)
                    relay.run.if-running: 'wait' is not one of queue, reuse, skip, replace (from %2$s)
                    relay.topics.ledger: 'dbt ledger' is no name for a Kafka topic: \
                    1 to 249 characters of A-Z, a-z, 0-9, '.', '_' and '-'
                    """.formatted(uri(file), uri(directory.resolve(".env"))));
            assertThat(ended.output()).isEmpty();
            assertThat(ended.exitCode()).isEqualTo(1);

            kafka.setSoTimeout(1);
            assertThatThrownBy(kafka::accept).as("nobody called Kafka").isInstanceOf(SocketTimeoutException.class);
        }
    }

    private Ended run(Map<String, String> environment, String... properties) throws IOException, InterruptedException {
        File errors = directory.resolve("errors").toFile();
        File output = directory.resolve("output").toFile();
        ProcessBuilder command = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString())
                .directory(directory.toFile())
                .redirectError(errors)
                .redirectOutput(output);
        command.command().addAll(List.of(properties));
        command.command().addAll(List.of("-jar", Path.of(JAR).toAbsolutePath().toString()));
        command.environment().keySet().removeIf(name -> name.startsWith("RELAY_") || name.startsWith("QUARKUS_"));
        command.environment().putAll(environment);

        Process process = command.start();
        try {
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).as("it ended").isTrue();
            return new Ended(process.exitValue(), Files.readString(output.toPath()), Files.readString(errors.toPath()));
        } finally {
            process.destroyForcibly();
        }
    }

    /** As the configuration's source names it: {@code file:/…}. */
    private static String uri(Path file) {
        return file.toUri().toString().replace("file:///", "file:/");
    }

    private record Ended(int exitCode, String output, String errors) {}
}
