package org.dbtrelay.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.vertx.http.HttpServer;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.ledger.kafka.TopicCheck;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is there, by what the topic says. */
class InstancesTest {

    private static final URI ONE = URI.create("http://10.0.0.1:8080");
    private static final URI TWO = URI.create("https://two.example");

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-29T10:00:00Z");
    private final RelayConfig config = TestConnections.config(Map.of(
            "relay.connections.default.host",
            "https://example.com",
            "relay.connections.default.account-id",
            "1",
            "relay.connections.default.token",
            TestConnections.TOKEN,
            "relay.api.advertised-url",
            "http://10.0.0.9:0"));
    private final KafkaSettings kafka = new KafkaSettings(Map.of(), config);
    private final Instances instances = new Instances(
            config,
            new ListeningAt(8080),
            new ControlTopic(kafka, new TopicCheck(kafka, clock), () -> null, () -> null, () -> null),
            clock);

    @Test
    void anInstanceIsThereAsLongAsItSaysSo() {
        instances.known();
        says("b", TWO);
        says("a", ONE);
        assertThat(instances.others()).containsExactly(ONE, TWO);

        clock.advance(Instances.GONE.minusSeconds(1));
        says("a", ONE);
        clock.advance(Duration.ofSeconds(1));
        assertThat(instances.others()).containsExactly(ONE);

        instances.read("instance/a", null, clock.instant());
        assertThat(instances.others()).isEmpty();
    }

    @Test
    void ofTheTimeBeforeTheTimeOfTheRecordCounts() {
        says("old", ONE, clock.instant().minus(Instances.GONE));
        says("young", TWO, clock.instant().minusSeconds(5));

        assertThat(instances.others()).containsExactly(TWO);
    }

    @Test
    void afterwardsTheTimeAtWhichItWasReadCounts() {
        instances.known();
        says("its clock is wrong", ONE, Instant.EPOCH);

        assertThat(instances.others()).containsExactly(ONE);
    }

    @Test
    void anInstanceAtThisAddressIsThisOneBeforeItsRestart() {
        instances.known();
        says("a", URI.create("http://10.0.0.9:8080"));

        assertThat(instances.others()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{}", "{\"url\": 1}", "{\"url\": \"no url\"}", "[]"})
    void whatCannotBeReadIsNoAddress(String value) {
        instances.known();
        instances.read("instance/a", value.getBytes(UTF_8), clock.instant());

        assertThat(instances.others()).isEmpty();
    }

    private record ListeningAt(int port) implements HttpServer {

        @Override
        public int getPort() {
            return port;
        }

        @Override
        public int getSecurePort() {
            return -1;
        }

        @Override
        public int getManagementPort() {
            return -1;
        }

        @Override
        public URI getLocalBaseUri() {
            return URI.create("http://127.0.0.1:" + port);
        }
    }

    private void says(String id, URI url) {
        says(id, url, clock.instant());
    }

    private void says(String id, URI url, Instant at) {
        instances.read("instance/" + id, ControlRecord.json(Map.of("version", 1, "url", url)), at);
    }
}
