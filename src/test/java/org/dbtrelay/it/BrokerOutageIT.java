package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.dbtrelay.testkit.ForkedKafka;
import org.dbtrelay.testkit.RelayProcess;
import org.dbtrelay.testkit.emulator.DbtCloudEmulator;
import org.dbtrelay.testkit.emulator.EmulatedJob;
import org.dbtrelay.testkit.emulator.Endpoint;
import org.dbtrelay.testkit.emulator.RunPlan;
import org.dbtrelay.testkit.emulator.World;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The broker dies, or answers nobody for a while, in the middle of work: the relay stays alive, does nothing that it could not
 * record, and goes on by itself.
 */
class BrokerOutageIT {

    private static final int JOBS_OF_A_TEST = 9;

    /** The send window, 5 s, with room for a slow machine: an intent recorded before the outage has been sent by then, or never will be. */
    private static final Duration WINDOW = Duration.ofSeconds(7);

    private static DbtCloudEmulator dbtCloud;
    private static ForkedKafka kafka;
    private static Path directory;

    @BeforeAll
    static void start() {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        for (String test : List.of("killed", "frozen")) {
            ids(test)
                    .forEach(id -> world.job(EmulatedJob.named(id)
                            .plan(RunPlan.unending().queued(Duration.ZERO).starting(Duration.ofMillis(300)))));
        }
        directory = RelayStage.newDirectory(BrokerOutageIT.class);
        dbtCloud = DbtCloudEmulator.builder().world(world).start();
        kafka = ForkedKafka.in(directory.resolve("kafka")).start();
    }

    @AfterAll
    static void end() {
        dbtCloud.close();
        kafka.close();
    }

    @Test
    void killedAndStartedAgainOnItsData() {
        goThrough("killed", Duration.ofSeconds(15), ForkedKafka::kill, ForkedKafka::start);
    }

    @Test
    void frozenForLongerThanACommitMayTake() {
        goThrough("frozen", Duration.ofSeconds(20), ForkedKafka::pause, ForkedKafka::resume);
    }

    private static void goThrough(
            String name, Duration outage, Consumer<ForkedKafka> begin, Consumer<ForkedKafka> end) {
        List<String> ids = ids(name);
        List<String> inFlight = ids.subList(0, 4);
        List<String> justSent = ids.subList(4, 8);
        List<String> afterwards = ids.subList(8, JOBS_OF_A_TEST);
        try (Deployment relay = Deployment.of(
                        name,
                        directory,
                        kafka.bootstrapServers(),
                        dbtCloud.baseUrl(),
                        dbtCloud.accountId(),
                        dbtCloud.token())
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.ledger.visibility-lag", "2s")) {
            var commands = new OneRunEach(dbtCloud, relay, ids);
            RelayProcess process = relay.start().relay();
            commands.send(inFlight);
            commands.awaitRunning(inFlight);

            commands.send(justSent);
            // Answers of triggers arrive, or have just been committed, when the broker goes.
            await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() ->
                            justSent.stream().anyMatch(id -> !commands.runs(id).isEmpty()));
            begin.accept(kafka);
            commands.finish(inFlight.subList(0, 2));
            assertStaysAlive(process, WINDOW);
            long triggers = dbtCloud.count(Endpoint.TRIGGER);
            assertStaysAlive(process, outage.minus(WINDOW));
            assertThat(dbtCloud.count(Endpoint.TRIGGER))
                    .as("requests to trigger a job while nothing could be recorded")
                    .isEqualTo(triggers);
            end.accept(kafka);

            commands.send(afterwards);
            commands.awaitRunning(ids);
            commands.finish(ids.subList(2, ids.size()));
            commands.assertSucceeded(ids);
            assertThat(relay.history().commandIds()).containsExactlyElementsOf(ids);
            process.awaitReady(PATIENCE);
        }
    }

    private static void assertStaysAlive(RelayProcess process, Duration time) {
        await().during(time)
                .atMost(time.plus(PATIENCE))
                .pollInterval(Duration.ofSeconds(1))
                .untilAsserted(() -> assertThat(live(process)).isEqualTo(200));
    }

    private static int live(RelayProcess process) throws IOException {
        return process.get(process.managementUrl().resolve("/q/health/live")).statusCode();
    }

    private static List<String> ids(String test) {
        return IntStream.range(0, JOBS_OF_A_TEST).mapToObj(i -> test + "-" + i).toList();
    }
}
