package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.EmbeddedKafka;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Test;

/**
 * dbt Cloud is away for hours, in small: as many commands as may be unfinished are accepted, further ones wait in Kafka, and when
 * it comes back all are worked off.
 */
class DbtCloudAwayIT {

    private static final int MAX_PENDING = 10;
    private static final List<String> ACCEPTED =
            IntStream.range(0, MAX_PENDING).mapToObj(i -> "accepted-" + i).toList();
    private static final List<String> WAITING =
            IntStream.range(0, 3 * MAX_PENDING).mapToObj(i -> "waiting-" + i).toList();

    /** For longer than the relay waits between two tries at first. */
    private static final Duration AWAY = Duration.ofSeconds(5);

    @Test
    void commandsWaitAndAreWorkedOff() throws IOException {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        Stream.concat(ACCEPTED.stream(), WAITING.stream())
                .forEach(id -> world.job(EmulatedJob.named(id)
                        .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofMillis(500)))));
        Path directory = RelayStage.newDirectory(DbtCloudAwayIT.class);
        try (Socket nobodyListens = new Socket();
                EmbeddedKafka kafka = EmbeddedKafka.temporaryIn(directory).start()) {
            nobodyListens.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = nobodyListens.getLocalPort();
            try (Deployment relay = Deployment.of(
                            "away",
                            directory,
                            kafka.bootstrapServers(),
                            "http://127.0.0.1:" + port,
                            World.ACCOUNT_ID,
                            "the-token")
                    .set("relay.topics.partitions", "1")
                    .set("relay.artifacts.paths", "manifest.json")
                    .set("relay.commands.max-pending", Integer.toString(MAX_PENDING))) {
                RelayProcess process = relay.launch();
                process.process().awaitLine(Pattern.compile("Partition claimed"), PATIENCE);
                send(relay, world, ACCEPTED);
                ACCEPTED.forEach(id -> relay.reader().awaitEvent("command.accepted", id, PATIENCE));
                process.process().awaitLine(Pattern.compile("Partition paused.*max-pending"), PATIENCE);
                // It is paused by the next poll, which comes within 200 ms.
                await().pollDelay(Duration.ofSeconds(2)).until(() -> true);

                send(relay, world, WAITING);
                await().during(AWAY)
                        .atMost(AWAY.plus(PATIENCE))
                        .pollInterval(Duration.ofSeconds(1))
                        .untilAsserted(() -> assertThat(live(process)).isEqualTo(200));
                assertThat(relay.history().commandIds()).containsExactlyInAnyOrderElementsOf(ACCEPTED);
                awaitAcknowledged(relay, MAX_PENDING);

                nobodyListens.close();
                try (DbtCloudEmulator back = DbtCloudEmulator.builder()
                        .world(world)
                        .token("the-token")
                        .port(port)
                        .start()) {
                    var commands = new OneRunEach(
                            back,
                            relay,
                            Stream.concat(ACCEPTED.stream(), WAITING.stream()).toList());
                    WAITING.forEach(id -> relay.reader().awaitEvent("artifact.ready", id, PATIENCE));
                    commands.assertSucceeded(ACCEPTED);
                    commands.assertSucceeded(WAITING);
                    process.awaitReady(PATIENCE);
                    awaitAcknowledged(relay, ACCEPTED.size() + WAITING.size());
                    relay.close();
                }
            }
        }
    }

    private static void send(Deployment relay, World world, List<String> ids) {
        for (String id : ids) {
            long job = world.jobNamed(id).id();
            relay.send(job, Deployment.trigger(id, job));
        }
    }

    private static int live(RelayProcess process) throws IOException {
        return process.get(process.managementUrl().resolve("/q/health/live")).statusCode();
    }

    /** Waits until the group has committed that offset: the first record that has not been acknowledged. */
    private static void awaitAcknowledged(Deployment relay, long offset) {
        var partition = new TopicPartition(relay.topic("commands"), 0);
        try (Admin admin = relay.clients().admin()) {
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(admin.listConsumerGroupOffsets(relay.name())
                                    .partitionsToOffsetAndMetadata()
                                    .get())
                            .hasEntrySatisfying(
                                    partition,
                                    committed -> assertThat(committed.offset()).isEqualTo(offset)));
        }
    }
}
