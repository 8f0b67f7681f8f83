package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Test;

/**
 * An instance that was frozen for longer than its session wakes up with offsets that it has not committed. The commit that
 * comes before the news of the revocation fails, and the news is lost: the instance has to see for itself what it has lost, or
 * it and the new owner fence each other for ever.
 */
class LostPartitionsIT {

    private static final int PARTITIONS = 6;
    private static final Pattern FENCED = Pattern.compile("Another instance has claimed this partition");
    private static final Pattern NEWS_LOST =
            Pattern.compile("Unable to execute consumer revoked re-balance listener.*CommitFailedException");
    private static final List<String> BEFORE =
            IntStream.range(0, 12).mapToObj(i -> "before-" + i).toList();
    private static final List<String> AFTERWARDS =
            IntStream.range(0, 6).mapToObj(i -> "afterwards-" + i).toList();

    @Test
    void areGivenUpWhenTheNewsOfTheirLossIsLostToo() {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        List<String> all = IntStream.range(0, BEFORE.size() + AFTERWARDS.size())
                .mapToObj(i -> i < BEFORE.size() ? BEFORE.get(i) : AFTERWARDS.get(i - BEFORE.size()))
                .toList();
        all.forEach(id -> world.job(EmulatedJob.named(id)
                .plan(RunPlan.unending().queued(Duration.ZERO).starting(Duration.ofMillis(300)))));
        try (RelayStage stage = RelayStage.of(LostPartitionsIT.class, world)) {
            Deployment relay = stage.deployment("lost-partitions")
                    .set("relay.topics.partitions", Integer.toString(PARTITIONS))
                    .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                    // Nothing is committed by itself while the test lasts: there is always something to commit at a
                    // revocation.
                    .set("mp.messaging.incoming.commands.auto.commit.interval.ms", "600000")
                    .set("relay.connections.default.read-timeout", "5s")
                    .set("relay.ledger.visibility-lag", "1s");
            var commands = new OneRunEach(stage.dbtCloud(), relay, all);
            try (RelayProcess sleeper = relay.start().relay()) {
                IntStream.range(0, BEFORE.size()).forEach(i -> commands.send(BEFORE.get(i), i % PARTITIONS));
                commands.awaitRunning(BEFORE);
                sleeper.pause();
                try (RelayProcess other = relay.start().relay()) {
                    await().atMost(PATIENCE).until(() -> OwnedPartitions.of(other) == PARTITIONS && other.isReady());
                    sleeper.resume();
                    sleeper.process().awaitLine(NEWS_LOST, PATIENCE);

                    OwnedPartitions.awaitShared(sleeper, other, PARTITIONS);
                    int fences = fences(sleeper) + fences(other);
                    await().during(Duration.ofSeconds(15))
                            .atMost(PATIENCE)
                            .untilAsserted(() -> assertThat(fences(sleeper) + fences(other))
                                    .as("claims that are taken from each other")
                                    .isEqualTo(fences));
                    IntStream.range(0, AFTERWARDS.size()).forEach(i -> commands.send(AFTERWARDS.get(i), i));
                    commands.awaitRunning(AFTERWARDS);
                    commands.finish(all);
                    commands.assertSucceeded(all);
                    assertThat(fences(sleeper) + fences(other)).isEqualTo(fences);
                }
            }
        }
    }

    private static int fences(RelayProcess process) {
        return process.process().lines(FENCED).size();
    }
}
