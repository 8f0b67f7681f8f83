package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.common.config.TopicConfig;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The session of an instance does not end while it lives, however busy its machine and its garbage collector are: two
 * instances with many remembered ids and the default session, twice as many spinning threads as cores, and a full
 * collection of both heaps every second.
 */
@Tag("soak")
@Tag("bench")
@Tag("alone")
class BusySessionIT {

    private static final Duration LASTING = Duration.ofSeconds(Integer.getInteger("busy.seconds", 90));
    private static final int PARTITIONS = 6;
    private static final int REMEMBERED = 600_000;
    private static final Pattern CLAIMED = Pattern.compile("Partition claimed and read");

    @Test
    void outlastsABusyMachineAndLongCollections() throws InterruptedException {
        try (RelayStage stage = RelayStage.of(BusySessionIT.class, World.standard())) {
            Deployment relay = stage.deployment("busy").set("relay.topics.partitions", Integer.toString(PARTITIONS));
            relay.builder().option("-Xmx512m").option("-XX:+UseSerialGC").option("-XX:TieredStopAtLevel=4");
            relay.clients().createTopic(relay.topic("commands"), PARTITIONS, Map.of());
            relay.clients()
                    .createTopic(
                            relay.topic("ledger"),
                            PARTITIONS,
                            Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));
            LedgerFill.remember(relay, PARTITIONS, REMEMBERED);
            RelayProcess first = relay.start().relay();
            RelayProcess second = relay.start().relay();
            List<RelayProcess> both = List.of(first, second);
            await().atMost(PATIENCE).until(() -> claims(List.of(second)) == PARTITIONS / 2);
            int claims = claims(both);

            AtomicBoolean enough = new AtomicBoolean();
            List<Thread> busy = IntStream.range(0, 2 * Runtime.getRuntime().availableProcessors())
                    .mapToObj(_ -> Thread.ofPlatform().start(() -> {
                        while (!enough.get()) {
                            Thread.onSpinWait();
                        }
                    }))
                    .toList();
            long job = stage.dbtCloud().world().jobNamed("Build with docs").id();
            int sent = 0;
            int collections = 0;
            try {
                for (long until = System.nanoTime() + LASTING.toNanos(); System.nanoTime() < until; ) {
                    relay.send("busy-" + sent, trigger("busy-" + sent++, job));
                    for (RelayProcess one : both) {
                        Jcmd.ask(one, "GC.run");
                        collections++;
                    }
                    await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
                }
            } finally {
                enough.set(true);
                for (Thread one : busy) {
                    one.join();
                }
            }
            Figures.row(
                    "claims lost by two instances on a busy machine, in %d s with %d full collections"
                            .formatted(LASTING.toSeconds(), collections),
                    Integer.toString(claims(both) - claims));
            assertThat(claims(both)).as("no rebalance").isEqualTo(claims);
            assertThat(both).allMatch(RelayProcess::isAlive);
        }
    }

    private static int claims(List<RelayProcess> relays) {
        return relays.stream()
                .mapToInt(relay -> relay.process().lines(CLAIMED).size())
                .sum();
    }
}
