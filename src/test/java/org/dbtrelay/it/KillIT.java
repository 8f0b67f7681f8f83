package org.dbtrelay.it;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.EventHistory;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The process dies, or is told to go, while runs are in flight: no command is lost, none starts a second run, no event is lost or repeated. */
@Tag("broker")
class KillIT {

    /** Another one hits other moments: {@code -Dkill.seed=7}. */
    private static final long SEED = Long.getLong("kill.seed", 20261122);

    private static final int JOBS_OF_A_TEST = 12;
    private static final int KILLS = 3;
    private static final int COMMANDS_BEFORE_A_KILL = 50;
    private static final int LATEST_KILL_MILLIS = 1500;
    private static final RunPlan UNTIL_TOLD =
            RunPlan.unending().queued(Duration.ZERO).starting(Duration.ofMillis(300));
    private static final RunPlan SHORT =
            RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(2));

    private static RelayStage stage;

    @BeforeAll
    static void start() {
        World world = World.jaffleShop();
        for (String test : List.of("killed", "stopped")) {
            IntStream.range(0, JOBS_OF_A_TEST)
                    .forEach(i -> world.job(EmulatedJob.named(test + "-" + i).plan(UNTIL_TOLD)));
        }
        IntStream.range(0, KILLS * COMMANDS_BEFORE_A_KILL)
                .forEach(i -> world.job(EmulatedJob.named("often-" + i).plan(SHORT)));
        stage = RelayStage.of(KillIT.class, world);
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void killedWithRunsInFlightAndCommandsJustSent() {
        Map<String, EmulatedJob> commands = commands("killed", 0, JOBS_OF_A_TEST);
        List<String> ids = List.copyOf(commands.keySet());
        List<String> inFlight = ids.subList(0, 8);
        List<String> justSent = ids.subList(8, JOBS_OF_A_TEST);
        try (Deployment relay = deployment("killed").start()) {
            send(relay, commands, inFlight);
            inFlight.forEach(id -> relay.reader().awaitEvent("run.running", id, PATIENCE));

            send(relay, commands, justSent);
            relay.relay().kill();
            inFlight.subList(0, 3).forEach(id -> finish(commands.get(id)));
            relay.start();
            inFlight.subList(3, 8).forEach(id -> finish(commands.get(id)));
            justSent.forEach(id -> {
                relay.reader().awaitEvent("run.running", id, PATIENCE);
                finish(commands.get(id));
            });

            assertAllRanOnce(relay, commands);
            assertThat(relay.history().eventsOf(ids.getFirst()))
                    .extracting(ReceivedEvent::type)
                    .startsWith("command.accepted")
                    .containsSubsequence("run.running", "run.succeeded")
                    .endsWith("run.succeeded", "artifact.ready", "artifact.ready");
        }
    }

    @Test
    void stoppedInGoodOrderWithTriggersOnTheWire() {
        Map<String, EmulatedJob> commands = commands("stopped", 0, JOBS_OF_A_TEST);
        List<String> ids = List.copyOf(commands.keySet());
        List<String> inFlight = ids.subList(0, 6);
        List<String> onTheWire = ids.subList(6, JOBS_OF_A_TEST);
        try (Deployment relay = deployment("stopped").start()) {
            send(relay, commands, inFlight);
            inFlight.forEach(id -> relay.reader().awaitEvent("run.running", id, PATIENCE));

            onTheWire.forEach(id -> stage.dbtCloud()
                    .faults()
                    .next(1)
                    .on(Endpoint.TRIGGER)
                    .ofJob(commands.get(id).id())
                    .answerLateAfterCreating(Duration.ofMillis(1500)));
            send(relay, commands, onTheWire);
            await().atMost(PATIENCE)
                    .until(() -> onTheWire.stream()
                            .allMatch(id -> stage.dbtCloud()
                                            .runsOfJob(commands.get(id).id())
                                            .size()
                                    == 1));
            stage.dbtCloud().counters().reset();
            assertThat(relay.relay().stop()).as("exit status after SIGTERM").isZero();
            relay.start();
            ids.forEach(id -> relay.reader().awaitEvent("run.running", id, PATIENCE));
            ids.forEach(id -> finish(commands.get(id)));

            assertAllRanOnce(relay, commands);
            assertThat(relay.reader().events())
                    .as("each answer was waited for, so no run had to be searched for")
                    .noneMatch(event -> event.data().path("adopted").booleanValue());
            assertThat(stage.dbtCloud().counters().requests())
                    .noneMatch(request -> request.query().containsKey("job_definition_id"));
        }
    }

    @Test
    void killedAgainAndAgainRightAfterManyCommands() {
        var random = new Random(SEED);
        Map<String, EmulatedJob> commands = commands("often", 0, KILLS * COMMANDS_BEFORE_A_KILL);
        List<String> ids = List.copyOf(commands.keySet());
        try (Deployment relay = deployment("often").start()) {
            for (int kill = 0; kill < KILLS; kill++) {
                Duration moment = Duration.ofMillis(random.nextInt(LATEST_KILL_MILLIS));
                send(relay, commands, ids.subList(kill * COMMANDS_BEFORE_A_KILL, (kill + 1) * COMMANDS_BEFORE_A_KILL));
                await().pollDelay(moment).until(() -> true);
                relay.relay().kill();
                System.out.printf(
                        "KillIT seed %d: kill %d after %s, %d records told, %d runs started%n",
                        SEED,
                        kill + 1,
                        moment,
                        relay.reader().events().size(),
                        ids.stream()
                                .mapToInt(id -> stage.dbtCloud()
                                        .runsOfJob(commands.get(id).id())
                                        .size())
                                .sum());
                relay.start();
            }
            assertAllRanOnce(relay, commands);
            System.out.printf(
                    "KillIT seed %d: of %d runs %d were found again by their marker%n",
                    SEED,
                    commands.size(),
                    relay.reader()
                            .events(event -> event.is("run.succeeded", event.commandId())
                                    && event.data().path("adopted").booleanValue())
                            .size());
        }
    }

    /** Every command has succeeded, its run is the only one of its job, and its events are without gap or repetition. */
    private static void assertAllRanOnce(Deployment relay, Map<String, EmulatedJob> commands) {
        commands.keySet().forEach(id -> relay.reader().awaitEvent("run.succeeded", id, PATIENCE));
        await().atMost(PATIENCE)
                .untilAsserted(() -> commands.keySet()
                        .forEach(id -> assertThat(relay.reader().eventsOf(id))
                                .as("events of %s", id)
                                .filteredOn(event -> event.type().equals("artifact.ready"))
                                .hasSize(2)));
        EventHistory history = relay.history();
        history.assertFinished(commands.keySet());
        assertThat(history.commandIds()).isEqualTo(commands.keySet());
        commands.forEach((id, job) -> {
            List<RunView> runs = stage.dbtCloud().runsOfJob(job.id());
            assertThat(runs).extracting(RunView::id).as("runs of %s", id).hasSize(1);
            assertThat(runs.getFirst().cause()).startsWith("[relay:" + relay.name() + ":");
            EventShape.assertRight(relay, history.eventsOf(id));
            assertThat(history.eventsOf(id))
                    .allSatisfy(event -> assertThat(
                                    event.runId().orElse(runs.getFirst().id()))
                            .isEqualTo(runs.getFirst().id()));
        });
    }

    /** Quick to find out that a process is dead, and that a lost answer left no run behind. */
    private static Deployment deployment(String name) {
        return stage.deployment(name)
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.ledger.visibility-lag", "2s");
    }

    private static Map<String, EmulatedJob> commands(String test, int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> test + "-" + i)
                .collect(toMap(
                        id -> id,
                        id -> stage.dbtCloud().world().jobNamed(id),
                        (one, other) -> one,
                        LinkedHashMap::new));
    }

    private static void send(Deployment relay, Map<String, EmulatedJob> commands, List<String> ids) {
        ids.forEach(id ->
                relay.send(commands.get(id).id(), trigger(id, commands.get(id).id())));
    }

    private static void finish(EmulatedJob job) {
        List<RunView> runs = new ArrayList<>(stage.dbtCloud().runsOfJob(job.id()));
        assertThat(runs).hasSize(1);
        stage.dbtCloud().finishRun(runs.getFirst().id(), RunStatus.SUCCESS);
    }
}
