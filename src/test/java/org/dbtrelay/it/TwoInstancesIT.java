package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.util.List;
import java.util.stream.IntStream;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Test;

/** Two processes share the partitions; one dies with runs in flight, the other one goes on with them, and a new one gets its share. */
class TwoInstancesIT {

    private static final List<String> IDS =
            IntStream.range(0, 15).mapToObj(i -> "shared-" + i).toList();

    @Test
    void oneDiesAndTheOtherTakesOver() {
        World world = OneRunEach.unending(IDS);
        try (RelayStage stage = RelayStage.of(TwoInstancesIT.class, world)) {
            Deployment relay = stage.deployment("shared")
                    .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                    .set("relay.connections.default.read-timeout", "5s")
                    .set("relay.ledger.visibility-lag", "2s");
            var commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
            List<String> inFlight = IDS.subList(0, 6);
            List<String> justSent = IDS.subList(6, 12);
            List<String> afterwards = IDS.subList(12, 15);
            try (RelayProcess first = relay.start().relay();
                    RelayProcess second = relay.start().relay()) {
                OwnedPartitions.awaitShared(first, second, 3);
                commands.send(inFlight);
                commands.awaitRunning(inFlight);

                commands.send(justSent);
                RelayProcess larger = OwnedPartitions.of(first) > OwnedPartitions.of(second) ? first : second;
                RelayProcess survivor = larger == first ? second : first;
                larger.kill();
                commands.finish(inFlight.subList(0, 3));
                commands.awaitRunning(justSent);
                await().atMost(PATIENCE).until(() -> OwnedPartitions.of(survivor) == 3);
                commands.finish(IDS.subList(3, 9));

                RelayProcess third = relay.start().relay();
                OwnedPartitions.awaitShared(survivor, third, 3);
                commands.send(afterwards);
                commands.awaitRunning(afterwards);
                commands.finish(IDS.subList(9, 15));
                commands.assertSucceeded(IDS);
                assertThat(relay.history().commandIds()).containsExactlyInAnyOrderElementsOf(IDS);
                assertThat(survivor.isAlive()).isTrue();
                assertThat(third.isAlive()).isTrue();
            }
        }
    }
}
