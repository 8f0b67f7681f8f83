package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.EmbeddedKafka;
import org.junit.jupiter.api.Test;

/**
 * A relay that had nothing to do for longer than brokers remember transactional ids (a week, unless configured otherwise; here
 * a second): the next command finds its id forgotten, and the owner goes on.
 */
class ExpiredTransactionalIdsIT {

    private static final List<String> IDS =
            IntStream.range(0, 9).mapToObj(i -> "expired-" + i).toList();

    @Test
    void theOwnerGoesOn() {
        World world = OneRunEach.unending(IDS);
        Path directory = RelayStage.newDirectory(ExpiredTransactionalIdsIT.class);
        try (EmbeddedKafka kafka = EmbeddedKafka.temporaryIn(directory)
                        .set("transactional.id.expiration.ms", "1000")
                        .set("transaction.remove.expired.transaction.cleanup.interval.ms", "500")
                        .set("producer.id.expiration.ms", "1000")
                        .set("producer.id.expiration.check.interval.ms", "500")
                        .start();
                DbtCloudEmulator dbtCloud =
                        DbtCloudEmulator.builder().world(world).start();
                Deployment relay = Deployment.of(
                        "expired",
                        directory,
                        kafka.bootstrapServers(),
                        dbtCloud.baseUrl(),
                        dbtCloud.accountId(),
                        dbtCloud.token());
                Admin admin = kafka.admin()) {
            relay.set("relay.connections.default.read-timeout", "5s").set("relay.ledger.visibility-lag", "1s");
            var commands = new OneRunEach(dbtCloud, relay, IDS);
            relay.start();
            for (int turn = 0; turn < 3; turn++) {
                List<String> now = IDS.subList(turn * 3, turn * 3 + 3);
                commands.send(now);
                commands.awaitRunning(now);
                // The runs are in flight, and nothing new is to be told of them.
                await().atMost(PATIENCE)
                        .until(() -> admin.listTransactions().all().get().isEmpty());
            }
            commands.finish(IDS);
            commands.assertSucceeded(IDS);
            assertThat(relay.relay().isAlive()).isTrue();
            relay.relay().awaitReady(PATIENCE);
        }
    }
}
