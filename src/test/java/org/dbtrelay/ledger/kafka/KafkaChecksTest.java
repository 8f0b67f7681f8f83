package org.dbtrelay.ledger.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.dbtrelay.config.ConfigFault;
import org.dbtrelay.config.KafkaKey;
import org.dbtrelay.config.RelayConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

public class KafkaChecksTest {

    private static final String SCRAM =
            "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"s3cr3t\";";
    private static final String TOKEN =
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required ;";

    /** Settings of Kafka's clients that nobody's rule is touched by. A new one of a new Kafka has to be put somewhere. */
    private static final List<String> FREE = Arrays.asList("""
            auto.include.jmx.reporter batch.size bootstrap.servers buffer.memory check.crcs client.dns.lookup client.rack
            compression.gzip.level compression.lz4.level compression.type compression.zstd.level config.providers
            connections.max.idle.ms default.api.timeout.ms enable.metrics.push exclude.internal.topics fetch.max.bytes
            fetch.max.wait.ms fetch.min.bytes max.partition.fetch.bytes max.poll.interval.ms
            max.request.size metadata.max.age.ms metadata.max.idle.ms metadata.recovery.rebootstrap.trigger.ms
            metadata.recovery.strategy metric.reporters metrics.num.samples metrics.recording.level metrics.sample.window.ms
            partitioner.adaptive.partitioning.enable partitioner.availability.timeout.ms receive.buffer.bytes
            reconnect.backoff.max.ms reconnect.backoff.ms request.timeout.ms retry.backoff.max.ms retry.backoff.ms
            security.protocol security.providers send.buffer.bytes share.acknowledgement.mode
            socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms""".split("\\s+"));

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            acks                                  | 1                | 'the relay writes in transactions; only all is possible'
            acks                                  | 0                | 'the relay writes in transactions; only all is possible'
            enable.idempotence                    | false            | 'the relay writes in transactions; only true is possible'
            max.in.flight.requests.per.connection | 6                | only 1 to 5 is possible
            retries                               | 0                | only 1 or more is possible
            transactional.id                      | mine             | the relay calls its transactions by ledger partition
            transaction.two.phase.commit.enable   | true             | the relay ends its transactions itself
            isolation.level                       | read_uncommitted | only read_committed is possible
            enable.auto.commit                    | true             | only false is possible
            group.id                              | mine             | the consumer group is called after relay.name
            group.instance.id                     | mine             | take each other's place
            group.protocol                        | consumer         | only classic is possible
            group.remote.assignor                 | uniform          | the classic protocol
            key.serializer                        | a.B              | the relay reads and writes bytes itself
            value.serializer                      | a.B              | the relay reads and writes bytes itself
            key.deserializer                      | a.B              | the relay reads and writes bytes itself
            value.deserializer                    | a.B              | the relay reads and writes bytes itself
            interceptor.classes                   | a.B              | an interceptor
            partitioner.class                     | a.B              | all events of a command must be in one partition
            partitioner.ignore.keys               | true             | all events of a command must be in one partition
            bootstrap.controllers                 | b:9093           | set kafka.bootstrap.servers
            """)
    void tellsTheKeyAndTheRule(String name, String value, String rule) {
        assertThat(lines(Map.of(name, value)))
                .singleElement()
                .asString()
                .startsWith("kafka." + name + ": '" + value + "' cannot be: ")
                .contains(rule)
                .endsWith(". Leave it out (from a test)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "acks=all",
                "acks=-1",
                "enable.idempotence=true",
                "enable.idempotence=TRUE",
                "max.in.flight.requests.per.connection=5",
                "retries=2147483647",
                "isolation.level=read_committed",
                "enable.auto.commit=false",
                "group.protocol=CLASSIC",
                "compression.type=zstd",
                "heap.opts=-Xmx1g",
                "service.host=10.0.0.1",
                "ssl.truststore.location=${file:/nowhere:x}",
            })
    void acceptsWhatBreaksNoRule(String setting) {
        String[] parts = setting.split("=", 2);
        assertThat(lines(Map.of(parts[0], parts[1]))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            compression.type        | brotli    | brotli
            fetch.max.bytes         | a         | Not a number of type INT
            security.protocol       | TLS       | SSL
            ssl.truststore.location | /no/where | does not exist, or cannot be read
            ssl.engine.factory.class | a.B      | a.B
            """)
    void tellsWhatKafkaWouldRefuse(String name, String value, String wrong) {
        assertThat(lines(Map.of(name, value)))
                .singleElement()
                .asString()
                .startsWith("kafka." + name + ": ")
                .contains(wrong);
    }

    @Test
    void tellsAllFaultsAtOnceAndNoSecret() {
        assertThat(lines(Map.of(
                        "security.protocol", "SASL_SSL",
                        "sasl.jaas.config", "password=s3cr3t",
                        "acks", "1",
                        "group.id", "x")))
                .hasSize(3)
                .noneMatch(line -> line.contains("s3cr3t"));
    }

    @Test
    void wantsALoginModuleThatIsThere() {
        assertThat(lines(Map.of("security.protocol", "SASL_SSL")))
                .containsExactly("kafka.sasl.jaas.config: missing; with SASL it says who the relay is");
        assertThat(lines(Map.of("security.protocol", "SASL_SSL", "sasl.jaas.config", SCRAM)))
                .isEmpty();
        assertThat(lines(Map.of(
                        "security.protocol", "SASL_SSL", "sasl.jaas.config", "org.example.OddLoginModule required;")))
                .containsExactly("kafka.sasl.jaas.config: there is no login module "
                        + "org.example.OddLoginModule here; docs/kafka.md tells how to add a jar to the "
                        + "relay (from a test)");
    }

    @Test
    void takesNoTokensThatNobodyHasSigned() {
        Map<String, String> settings = new HashMap<>(
                Map.of("security.protocol", "SASL_SSL", "sasl.mechanism", "OAUTHBEARER", "sasl.jaas.config", TOKEN));
        assertThat(lines(settings))
                .singleElement()
                .asString()
                .startsWith("kafka.sasl.login.callback.handler.class: missing; ");
        settings.put(
                "sasl.login.callback.handler.class",
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler");
        assertThat(lines(settings)).isEmpty();
    }

    @Test
    void leavesTheChannelsAsTheyAre() {
        assertThat(KafkaChecks.faults(List.of(
                        channel("commands", "isolation.level", "read_uncommitted"),
                        channel("commands", "session.timeout.ms", "6000"))))
                .extracting(ConfigFault::line)
                .containsExactly("mp.messaging.incoming.commands.isolation.level: it is a part of how the relay works; "
                        + "leave it out (from a test)");
    }

    /** Each setting that Kafka's clients have is under a rule, overruled, about TLS or SASL, or of nobody's concern. */
    @Test
    void knowsAllSettings() {
        Set<String> all = new HashSet<>();
        all.addAll(ProducerConfig.configNames());
        all.addAll(ConsumerConfig.configNames());
        all.addAll(AdminClientConfig.configNames());
        all.removeIf(name -> name.matches("(sasl|ssl|internal)\\..*"));
        all.removeAll(KafkaChecks.overruled(all));
        all.removeIf(name -> lines(Map.of(name, "!")).stream().anyMatch(line -> line.contains("cannot be: ")));
        assertThat(FREE).containsAll(all);
    }

    /** Whatever a shared environment sets: what is accepted makes no client impossible. */
    @Test
    void clientsCanBeMadeWithAllThatIsOverruled() {
        Map<String, Object> base = new HashMap<>();
        KafkaChecks.overruled(ProducerConfig.configNames()).forEach(name -> base.put(name, "3600000"));
        KafkaChecks.overruled(ConsumerConfig.configNames()).forEach(name -> base.put(name, "3600000"));
        base.put("allow.auto.create.topics", "true");
        base.put("auto.offset.reset", "none");
        base.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor");
        base.put("enable.idempotence", "true");
        base.put("acks", "all");
        base.put("retries", "1");
        base.put("request.timeout.ms", "3600000");
        base.put("group.id", "of Quarkus");
        base.put("bootstrap.servers", "127.0.0.1:9");
        KafkaSettings settings = new KafkaSettings(base, config());

        settings.producer(0).close(Duration.ZERO);
        settings.reader(0).close();
        settings.hintProducer().close(Duration.ZERO);
        settings.controlProducer().close(Duration.ZERO);
        settings.broadcastReader("hints").close();
        assertThat(settings.admin()).isNotNull();
        settings.close();
    }

    @Test
    void letsKafkaGetTokensFromWhereTheConfigurationSays(@TempDir Path directory) throws IOException {
        String urls = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
        String files = "org.apache.kafka.sasl.oauthbearer.allowed.files";
        Path file = Files.writeString(directory.resolve("key"), "key");
        String before = System.clearProperty(urls);
        try {
            KafkaChecks.allowTokenSources(List.of(
                    key("sasl.oauthbearer.token.endpoint.url", "https://id.example.com/token"),
                    key("sasl.oauthbearer.assertion.private.key.file", file.toString())));
            assertThat(System.getProperty(urls)).isEqualTo("https://id.example.com/token");
            assertThat(System.getProperty(files)).isEqualTo(file.toString());

            KafkaChecks.allowTokenSources(List.of(key("sasl.oauthbearer.token.endpoint.url", "https://other")));
            assertThat(System.getProperty(urls)).as("set already").isEqualTo("https://id.example.com/token");
        } finally {
            System.clearProperty(files);
            System.clearProperty(urls);
            if (before != null) {
                System.setProperty(urls, before);
            }
        }
    }

    public static RelayConfig config() {
        return new SmallRyeConfigBuilder()
                .withMapping(RelayConfig.class)
                .addDiscoveredConverters()
                .withSources(new PropertiesConfigSource(
                        Map.of(
                                "relay.connections.default.host", "https://ab123.us1.dbt.com",
                                "relay.connections.default.account-id", "1",
                                "relay.connections.default.token", "x"),
                        "test",
                        100))
                .build()
                .getConfigMapping(RelayConfig.class);
    }

    private static List<String> lines(Map<String, String> settings) {
        return KafkaChecks.faults(settings.entrySet().stream()
                        .map(setting -> key(setting.getKey(), setting.getValue()))
                        .toList())
                .stream()
                .map(ConfigFault::line)
                .toList();
    }

    private static KafkaKey key(String name, String value) {
        return new KafkaKey("kafka." + name, name, value, " (from a test)", true);
    }

    private static KafkaKey channel(String channel, String name, String value) {
        return new KafkaKey("mp.messaging.incoming." + channel + "." + name, name, value, " (from a test)", false);
    }
}
