package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Moments.COMMIT;
import static org.dbtrelay.it.Moments.TRIGGER;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.Breakpoints;
import org.dbtrelay.testkit.ForkedKafka;
import org.dbtrelay.testkit.RelayProcess;
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
        World world = World.jaffleShop();
        for (List<String> ids : List.of(ids("killed"), ids("frozen"), List.of("unknown-intent", "unknown-answer"))) {
            ids.forEach(id -> world.job(EmulatedJob.named(id)
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

    /**
     * The request to commit stands in the frozen broker's socket when the relay gives up waiting for its answer: the broker will
     * read it when it wakes, or abort the transaction for its age.
     */
    @Test
    void commitsOfWhichNobodyKnowsWhetherTheyCount() {
        List<String> ids = List.of("unknown-intent", "unknown-answer");
        var breakpoints = Breakpoints.in(directory.resolve("breakpoints"), COMMIT, TRIGGER);
        try (Deployment relay = deployment("unknown")) {
            breakpoints.setIn(relay.builder());
            var commands = new OneRunEach(dbtCloud, relay, ids);
            RelayProcess process = relay.start().relay();
            var answered = breakpoints.atReturnOf(TRIGGER);
            commands.send("unknown-answer", 1);
            answered.await(process, PATIENCE);
            var inAnswer = breakpoints.atEntryOf(COMMIT, Moments.ownerOf(1));
            answered.release();
            inAnswer.await(process, PATIENCE);
            var inIntent = breakpoints.atEntryOf(COMMIT, Moments.ownerOf(0));
            commands.send("unknown-intent", 0);
            inIntent.await(process, PATIENCE);

            kafka.pause();
            inAnswer.release();
            inIntent.release();
            for (int partition = 0; partition < 2; partition++) {
                process.process()
                        .awaitLine(
                                Pattern.compile("The claim on the partition has ended.*partition=" + partition),
                                PATIENCE);
            }
            assertThat(commands.runs("unknown-intent")).isEmpty();
            kafka.resume();

            commands.awaitRunning(ids);
            commands.finish(ids);
            commands.assertSucceeded(ids);
            assertThat(dbtCloud.counters().requests())
                    .filteredOn(request -> request.endpoint() == Endpoint.TRIGGER)
                    .filteredOn(request -> ids.stream()
                            .anyMatch(id -> request.path()
                                    .contains("/jobs/"
                                            + dbtCloud.world().jobNamed(id).id() + "/")))
                    .as("one request to trigger each of the two jobs")
                    .hasSize(2);
        }
    }

    private static void goThrough(
            String name, Duration outage, Consumer<ForkedKafka> begin, Consumer<ForkedKafka> end) {
        List<String> ids = ids(name);
        List<String> inFlight = ids.subList(0, 4);
        List<String> justSent = ids.subList(4, 8);
        List<String> afterwards = ids.subList(8, JOBS_OF_A_TEST);
        try (Deployment relay = deployment(name)) {
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

    private static Deployment deployment(String name) {
        return Deployment.of(
                        name,
                        directory,
                        kafka.bootstrapServers(),
                        dbtCloud.baseUrl(),
                        dbtCloud.accountId(),
                        dbtCloud.token())
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.ledger.visibility-lag", "2s");
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
