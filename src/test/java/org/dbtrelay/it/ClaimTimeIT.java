package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An owner dies by kill -9: the next one serves within 2 s beyond the session with 10,000 commands in the ledger, and within
 * 4 s with 100,000. An owner is stopped: the next one serves at once.
 */
@Tag("soak")
@Tag("bench")
@Tag("alone")
class ClaimTimeIT {

    private static final Duration LONG = Duration.ofMinutes(6);

    /** The default. */
    private static final Duration SESSION = Duration.ofSeconds(10);

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS");
    private static final Pattern CLAIMED =
            Pattern.compile("^(\\S+ \\S+) .*Partition claimed and read;.* entries=(\\d+) .*duration_ms=(\\d+)");

    @ParameterizedTest
    @CsvSource({"10000, 2", "100000, 4"})
    void isSoonAfterTheSession(int entries, int secondsBeyond) {
        Claim claim = claimAfter("kill -9", entries, RelayProcess::kill);
        assertThat(claim.after()).isLessThanOrEqualTo(SESSION.plusSeconds(secondsBeyond));
    }

    @Test
    void isAtOnceAfterAStop() {
        Claim claim =
                claimAfter("SIGTERM", 10_000, owner -> assertThat(owner.stop()).isZero());
        assertThat(claim.after()).isLessThanOrEqualTo(Duration.ofSeconds(2));
    }

    /** A claim of all entries by the other instance. */
    private record Claim(Duration after, long entries) {}

    private static Claim claimAfter(String how, int entries, Consumer<RelayProcess> end) {
        try (RelayStage stage = RelayStage.of(ClaimTimeIT.class, World.jaffleShop())) {
            Deployment relay = stage.deployment("claim-time").set("relay.topics.partitions", "1");
            relay.builder().option("-XX:TieredStopAtLevel=4");
            try (RelayProcess owner = relay.start().relay();
                    RelayProcess next = relay.start().relay()) {
                rememberIds(relay, entries);
                Instant ended = Clock.systemUTC().instant();
                end.accept(owner);
                Matcher claimed = next.process().awaitLine(CLAIMED, PATIENCE);
                Instant served = LocalDateTime.parse(claimed.group(1), TIME)
                        .atZone(ZoneId.systemDefault())
                        .toInstant();
                Claim claim = new Claim(Duration.between(ended, served), Long.parseLong(claimed.group(2)));
                Figures.row(
                        "%,d entries, served again after %s (session: %d s)"
                                .formatted(entries, how, SESSION.toSeconds()),
                        "%.1f s, of which the claim took %s ms"
                                .formatted(claim.after().toMillis() / 1000.0, claimed.group(3)));
                assertThat(claim.entries()).isGreaterThanOrEqualTo(entries);
                return claim;
            }
        }
    }

    /** Commands that need no call of dbt Cloud: they are rejected, and remembered. */
    private static void rememberIds(Deployment relay, int entries) {
        try (KafkaProducer<byte[], byte[]> producer = relay.clients().newProducer(Map.of())) {
            for (int i = 0; i < entries; i++) {
                String id = "remembered-" + i;
                var _ = producer.send(new ProducerRecord<>(
                        relay.topic("commands"),
                        Deployment.bytes(id),
                        Deployment.bytes(
                                "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": 1, \"connection\": \"nobody\"}"
                                        .formatted(id))));
            }
            producer.flush();
        }
        await().atMost(LONG)
                .until(() -> relay.reader()
                                .events(event -> event.type().equals("command.rejected"))
                                .size()
                        == entries);
    }
}
