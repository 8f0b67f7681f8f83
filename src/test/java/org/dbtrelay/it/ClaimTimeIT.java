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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An owner dies by kill -9: the next one serves within 2 s beyond the session with 10,000 commands in the ledger, and within
 * 4 s with 100,000.
 */
class ClaimTimeIT {

    private static final Duration LONG = Duration.ofMinutes(6);
    private static final Duration SESSION = Duration.ofSeconds(6);
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS");
    private static final Pattern CLAIMED =
            Pattern.compile("^(\\S+ \\S+) .*Partition claimed and read;.* entries=(\\d+) .*duration_ms=(\\d+)");

    @ParameterizedTest
    @CsvSource({"10000, 2", "100000, 4"})
    void isSoonAfterTheSession(int entries, int secondsBeyond) {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        try (RelayStage stage = RelayStage.of(ClaimTimeIT.class, world)) {
            Deployment relay = stage.deployment("claim-time")
                    .set("relay.topics.partitions", "1")
                    .set("mp.messaging.incoming.commands.session.timeout.ms", Long.toString(SESSION.toMillis()));
            relay.builder().option("-XX:TieredStopAtLevel=4");
            try (RelayProcess owner = relay.start().relay();
                    RelayProcess next = relay.start().relay()) {
                rememberIds(relay, entries);
                Instant killed = Clock.systemUTC().instant();
                owner.kill();
                Matcher claim = next.process().awaitLine(CLAIMED, PATIENCE);
                Instant claimed = LocalDateTime.parse(claim.group(1), TIME)
                        .atZone(ZoneId.systemDefault())
                        .toInstant();
                Duration took = Duration.between(killed, claimed);
                System.out.printf(
                        "ClaimTimeIT: %s entries, served %s after kill -9, of which the claim took %s ms%n",
                        claim.group(2), took, claim.group(3));
                assertThat(Integer.parseInt(claim.group(2))).isGreaterThanOrEqualTo(entries);
                assertThat(took).isLessThanOrEqualTo(SESSION.plusSeconds(secondsBeyond));
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
