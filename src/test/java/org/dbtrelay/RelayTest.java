package org.dbtrelay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process from its beginning, with the test class path instead of the packaged application. */
class RelayTest {

    private record Ended(int exitValue, String output) {}

    private static Ended started(Path directory, Map<String, String> properties)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                "-cp",
                System.getProperty("java.class.path")));
        properties.forEach((key, value) -> command.add("-D" + key + "=" + value));
        command.add(Relay.class.getName());
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment
                .keySet()
                .removeIf(name -> name.startsWith("RELAY_") || name.startsWith("QUARKUS_") || name.startsWith("AWS_"));
        environment.put("AWS_EC2_METADATA_DISABLED", "true");
        environment.put("AWS_CONFIG_FILE", directory.resolve("none").toString());
        environment.put("AWS_SHARED_CREDENTIALS_FILE", directory.resolve("none").toString());

        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Ended(process.exitValue(), output);
    }

    @Test
    void endsWithTheFaultsOfItsConfiguration(@TempDir Path directory) throws IOException, InterruptedException {
        Ended ended = started(directory, Map.of("relay.poll.interval", "abc", "relay.polll.interval", "5s"));

        assertThat(ended.exitValue()).isEqualTo(1);
        assertThat(ended.output()).isEqualTo("""
                The relay was not started: its configuration has 3 faults.
                relay.connections: no connection is configured; at least one is needed, with \
                relay.connections.default.host, relay.connections.default.account-id and \
                relay.connections.default.token or .token-file
                relay.poll.interval: 'abc' is not a duration, such as 30s, 5m, 24h, 7d or PT30S (from a system property)
                relay.polll.interval: there is no such key; did you mean relay.poll.interval? (from a system property)
                """);
    }

    @Test
    void aBucketWithoutARegionIsAFaultLikeAnyOther(@TempDir Path directory) throws IOException, InterruptedException {
        Ended ended = started(
                directory,
                Map.of(
                        "relay.connections.default.host", "https://ab123.us1.dbt.com",
                        "relay.connections.default.account-id", "4238",
                        "relay.connections.default.token", "dbtc_nobodys",
                        "relay.artifacts.store", "s3",
                        "relay.artifacts.bucket", "artifacts"));

        assertThat(ended.exitValue()).isEqualTo(1);
        assertThat(ended.output()).isEqualTo("""
                The relay was not started: its configuration has 1 fault.
                relay.artifacts.region: missing, and the AWS SDK finds none either (AWS_REGION, profile, instance); \
                relay.artifacts.store=s3 needs the bucket's region, such as eu-west-1
                """);
    }
}
