package org.dbtrelay.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.config.AbstractConfig;
import org.dbtrelay.deploy.Chart;
import org.dbtrelay.deploy.Compose;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the chart and the compose file configure, put to the relay's own check: no key is unknown, no value is wrong. */
class DeployedConfigTest {

    static List<Path> examples() {
        return Chart.examples();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void chartConfiguresTheRelay(Path values) {
        Map<String, String> configuration = Chart.configuration(values);

        // Nobody mounts the Secrets here.
        assertThat(faults(new PropertiesConfigSource(configuration, "chart", 100)))
                .extracting(ConfigFault::key)
                .allMatch(key -> key.endsWith("token-file") || key.endsWith("webhook-secret-file"));
        assertThat(configuration.keySet()).allMatch(DeployedConfigTest::isKnown);
    }

    @Test
    void composeConfiguresTheRelay() {
        Map<String, String> environment = Compose.environment("relay");

        assertThat(environment.keySet()).allMatch(name -> name.matches("(RELAY|KAFKA|QUARKUS)_[A-Z0-9_]+"));
        assertThat(faults(new EnvConfigSource(environment, 300))).isEmpty();
        assertThat(environment.keySet().stream().filter(name -> name.startsWith("QUARKUS_")))
                .allMatch(name -> text("docs/container.md").contains("`" + name));
        assertThat(environment.keySet().stream()
                        .filter(name -> name.startsWith("KAFKA_"))
                        .map(name -> name.substring("KAFKA_".length())
                                .toLowerCase(Locale.ROOT)
                                .replace('_', '.')))
                .isNotEmpty()
                .allMatch(ConsumerConfig.configNames()::contains);
    }

    /** The variables of the chart itself are in the documents. */
    @Test
    void variablesOfTheChartAreDocumented() throws IOException {
        String deployment = Files.readString(Path.of("deploy/helm/dbt-cloud-relay/templates/deployment.yaml"));

        assertThat(deployment).contains("name: QUARKUS_CONFIG_LOCATIONS");
        assertThat(Files.readString(Path.of("docs/configuration.md"))).contains("`QUARKUS_CONFIG_LOCATIONS`");
    }

    private static List<ConfigFault> faults(ConfigSource source) {
        return CheckedConfig.faults(new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .addDefaultInterceptors()
                .withSources(source));
    }

    /** The relay's keys were checked; Kafka's are its clients', and Quarkus' are those that the documents name. */
    private static boolean isKnown(String key) {
        if (key.startsWith("kafka.")) {
            Set<String> names = new HashSet<>(ConsumerConfig.configNames());
            names.add(AbstractConfig.CONFIG_PROVIDERS_CONFIG);
            names.add(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG);
            String name = key.substring("kafka.".length());
            return names.contains(name) || name.startsWith(AbstractConfig.CONFIG_PROVIDERS_CONFIG + ".directory.");
        }
        return key.startsWith("relay.")
                || Stream.of("docs/configuration.md", "docs/security.md")
                        .anyMatch(file -> text(file).contains(key));
    }

    private static String text(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
