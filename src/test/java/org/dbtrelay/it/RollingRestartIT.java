package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Test;

/**
 * A rolling restart as a platform does it, SIGTERM for one instance after another, while dbt Cloud takes 3 s for each start of a
 * run and further commands come in: every answer is waited for, nothing more is started, the group is left and the process
 * ends with exit code 0, so nobody has to look for a run afterwards. Prints how long each stop took.
 */
class RollingRestartIT {

    private static final Duration POST = Duration.ofSeconds(3);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration SESSION = Duration.ofSeconds(6);
    private static final Pattern GIVEN_UP =
            Pattern.compile("\\((drain|main|Shutdown thread)\\) Partitions are given up");
    private static final int STOPPED_IN_ORDER = 0;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS");
    private static final int TIME_LENGTH = "2026-11-22 10:00:00,000".length();
    private static final int BEFORE_EACH_STOP = 9;
    private static final int AT_EACH_STOP = 6;
    private static final int EACH_TURN = BEFORE_EACH_STOP + AT_EACH_STOP;
    private static final int INSTANCES = 2;
    private static final List<String> IDS = IntStream.range(0, EACH_TURN * INSTANCES + 3)
            .mapToObj(i -> "rolling-" + i)
            .toList();

    @Test
    void needsNoSearches() {
        World world = OneRunEach.unending(IDS);
        try (RelayStage stage = RelayStage.of(RollingRestartIT.class, world)) {
            Deployment relay = stage.deployment("rolling")
                    .set("mp.messaging.incoming.commands.session.timeout.ms", Long.toString(SESSION.toMillis()))
                    .set("relay.stop-timeout", STOP_TIMEOUT.toSeconds() + "s")
                    // Longer than the test: whoever looked for a run would find it late, and be noticed.
                    .set("relay.ledger.visibility-lag", "120s");
            var commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
            stage.dbtCloud().faults().always().on(Endpoint.TRIGGER).answerLateAfterCreating(POST);
            List<RelayProcess> instances = new ArrayList<>();
            try {
                IntStream.range(0, INSTANCES)
                        .forEach(i -> instances.add(relay.start().relay()));
                OwnedPartitions.awaitShared(instances.get(0), instances.get(1), 3);
                for (int turn = 0; turn < INSTANCES; turn++) {
                    List<String> onTheWire = IDS.subList(turn * EACH_TURN, turn * EACH_TURN + BEFORE_EACH_STOP);
                    commands.send(onTheWire);
                    // Some of them are with dbt Cloud, in both instances, and none is answered.
                    await().atMost(PATIENCE)
                            .pollInterval(Duration.ofMillis(20))
                            .until(() -> onTheWire.stream()
                                            .filter(id -> !commands.runs(id).isEmpty())
                                            .count()
                                    > BEFORE_EACH_STOP / 2);
                    RelayProcess leaving = instances.get(turn);
                    // The stop meets commands that have not been read, or not been started.
                    commands.send(IDS.subList(turn * EACH_TURN + BEFORE_EACH_STOP, (turn + 1) * EACH_TURN));
                    long began = System.nanoTime();
                    assertThat(leaving.stop()).as("exit status after SIGTERM").isEqualTo(STOPPED_IN_ORDER);
                    Duration took = Duration.ofNanos(System.nanoTime() - began);
                    System.out.printf("RollingRestartIT: exit code 0 after %.1f s%n", took.toMillis() / 1e3);
                    assertThat(took).as("time to the exit").isLessThan(STOP_TIMEOUT);
                    assertStartedNothingMore(leaving);
                    RelayProcess staying = instances.get(1 - turn);
                    // The group would wait for a member that had not left.
                    await().atMost(SESSION.minusSeconds(1))
                            .pollInterval(Duration.ofMillis(50))
                            .until(() -> OwnedPartitions.of(staying) == 3);
                    instances.set(turn, relay.start().relay());
                    OwnedPartitions.awaitShared(instances.get(0), instances.get(1), 3);
                }
                commands.send(IDS.subList(EACH_TURN * INSTANCES, IDS.size()));
                commands.awaitRunning(IDS);
                commands.finish(IDS);
                commands.assertSucceeded(IDS);
                assertThat(relay.reader().events())
                        .noneMatch(event -> event.data().path("adopted").booleanValue());
                assertThat(stage.dbtCloud().counters().requests())
                        .as("searches for runs of a job, but for its newest one before its first start")
                        .noneMatch(request -> request.query().containsKey("job_definition_id")
                                && !request.query().get("limit").equals("1"));
            } finally {
                instances.forEach(RelayProcess::close);
            }
        }
    }

    /** The relay still does what it has committed in the moment of the stop; this is the latest time of it. */
    private static void assertStartedNothingMore(RelayProcess stopped) {
        List<String> lines = stopped.lines();
        LocalDateTime stop = lines.stream()
                // By the stop's own thread, or by the one that closes all: who comes first.
                .filter(line -> GIVEN_UP.matcher(line).find())
                .map(RollingRestartIT::time)
                .findFirst()
                .orElseThrow(() -> new AssertionError("No stop in " + stopped.outputFile()));
        assertThat(lines.stream()
                        .filter(line -> line.contains("Start of a run"))
                        .filter(line -> time(line).isAfter(stop.plusSeconds(1))))
                .as("starts later than a second after the stop began")
                .isEmpty();
    }

    private static LocalDateTime time(String line) {
        return LocalDateTime.parse(line.substring(0, TIME_LENGTH), TIME);
    }
}
