package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.msk.auth.iam.IAMLoginModule;

/** The packaged application with a faulty configuration: it says so, briefly and wholly, and does nothing else. */
class ConfigFaultsIT {

    private static final String JAR =
            Path.of(System.getProperty("relay.jar")).toAbsolutePath().toString();

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
                    Map.of("RELAY_TOPICS_LEDGER", "dbt ledger", "KAFKA_ACKS", "1", "KAFKA_GROUP_ID", "mine"),
                    "-Dkafka.bootstrap.servers=127.0.0.1:" + kafka.getLocalPort(),
                    "-Drelay.poll.interval=abc");

            assertThat(ended.errors()).isEqualTo("""
                    The relay was not started: its configuration has 10 faults.
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
                    kafka.acks: '1' cannot be: the relay writes in transactions; only all is possible. Leave it out \
                    (from the environment variable KAFKA_ACKS)
                    kafka.group.id: 'mine' cannot be: the consumer group is called after relay.name; set that. \
                    Leave it out (from the environment variable KAFKA_GROUP_ID)
                    """.formatted(uri(file), uri(directory.resolve(".env"))));
            assertThat(ended.output()).isEmpty();
            assertThat(ended.exitCode()).isEqualTo(1);

            kafka.setSoTimeout(1);
            assertThatThrownBy(kafka::accept).as("nobody called Kafka").isInstanceOf(SocketTimeoutException.class);
        }
    }

    /** By {@code docs/kafka.md}: the login module is a line without its jar, and is there with it; nothing else is missing. */
    @Test
    void loginModuleOfAJarOfOnesOwn() throws Exception {
        String[] iam = {
            "-Dkafka.security.protocol=SASL_SSL",
            "-Dkafka.sasl.mechanism=AWS_MSK_IAM",
            "-Dkafka.sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required;",
            "-Dkafka.sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler"
        };
        assertThat(run(Map.of(), iam).errors())
                .contains(
                        "kafka.sasl.jaas.config: there is no login module software.amazon.msk.auth.iam.IAMLoginModule here; "
                                + "docs/kafka.md tells how to add a jar to the relay",
                        "kafka.sasl.client.callback.handler.class: ");
        List<String> withJar = List.of("-cp", JAR + File.pathSeparator + iamJar(), RelayProcess.MAIN_CLASS);
        assertThat(run(withJar, Map.of(), iam).errors())
                .contains("The relay was not started", "relay.connections: ")
                .doesNotContain("kafka.");
        assertThat(Files.readString(Path.of("docs/kafka.md")))
                .contains(iamJar().getFileName().toString(), RelayProcess.MAIN_CLASS);
    }

    /** Amazon's library by itself: its other libraries are those of the package. */
    static Path iamJar() {
        try {
            return Path.of(IAMLoginModule.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private Ended run(Map<String, String> environment, String... properties) throws IOException, InterruptedException {
        return run(List.of("-jar", JAR), environment, properties);
    }

    private Ended run(List<String> application, Map<String, String> environment, String... properties)
            throws IOException, InterruptedException {
        File errors = directory.resolve("errors").toFile();
        File output = directory.resolve("output").toFile();
        ProcessBuilder command = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString())
                .directory(directory.toFile())
                .redirectError(errors)
                .redirectOutput(output);
        command.command().addAll(List.of(properties));
        command.command().addAll(application);
        command.environment().keySet().removeIf(name -> name.matches("(RELAY|QUARKUS|KAFKA)_.*"));
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
