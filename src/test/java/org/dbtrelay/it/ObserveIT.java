package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.EventHistory;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Every run that others start is told of once, to its end, by three instances of which one is killed and one frozen, through an
 * outage of dbt Cloud.
 */
class ObserveIT {

    private static final int JOBS = 50;
    private static final int RUNS = 2_000;
    private static final int WAVES = 4;
    private static final long FIRST_JOB = 70403104000000L;
    private static final int REQUESTS_PER_MINUTE = 5_000;
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private static final String OTHER_TOKEN = "dbtc_of-somebody-else";

    private final HttpClient http = HttpClient.newHttpClient();
    private final List<RelayProcess> relays = new ArrayList<>();
    private RelayStage stage;

    @AfterEach
    void end() {
        relays.forEach(RelayProcess::close);
        if (stage != null) {
            stage.close();
        }
        http.close();
    }

    @Test
    void tellsEachRunOfOthersOnceToItsEnd() throws IOException, InterruptedException {
        World world = World.jaffleShop();
        jobs().forEach(id -> world.job(EmulatedJob.named("job-" + id)
                .id(id)
                .plan((id % 10 == 0 ? RunPlan.failing("dbt build", "a test failed") : RunPlan.succeeding())
                        .taking(Duration.ZERO, Duration.ZERO, Duration.ofMillis(100 + id % 7 * 100)))));
        stage = RelayStage.of(ObserveIT.class, world);
        Deployment relay = stage.deployment("observe")
                .set("relay.topics.partitions", "6")
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.poll.interval", "2s")
                .set("relay.ledger.visibility-lag", "2s")
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.connections.default.requests-per-minute", Integer.toString(REQUESTS_PER_MINUTE))
                .set("relay.connections.default.observe.jobs", "all")
                .set("relay.connections.default.observe.interval", "1s");
        for (int i = 0; i < 3; i++) {
            relays.add(relay.start().relay());
        }
        awaitBegun(relay);
        assertThat(post("/emulator/tokens", "{\"allow\": \"" + OTHER_TOKEN + "\"}"))
                .isEqualTo(200);
        stage.dbtCloud().counters().reset();
        Instant begun = Clock.systemUTC().instant();

        startWave(0);
        relays.get(0).kill();
        startWave(1);
        relays.get(1).pause();
        startWave(2);
        stage.dbtCloud().faults().during(Duration.ofSeconds(8)).status(503);
        relays.add(relay.start().relay());
        relays.get(1).resume();
        startWave(3);

        Map<String, RunView> wanted = stage.dbtCloud().runs().stream()
                .filter(run -> run.jobId() >= FIRST_JOB)
                .collect(Collectors.toMap(
                        run -> "observed/" + stage.dbtCloud().accountId() + "/" + run.id(),
                        run -> run,
                        (a, b) -> a,
                        TreeMap::new));
        assertThat(wanted).hasSize(RUNS);
        await("the ends of all runs")
                .atMost(LIMIT)
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> ends(relay) >= RUNS);
        Duration took = Duration.between(begun, Clock.systemUTC().instant());
        relay.reader().awaitEnd(RelayStage.PATIENCE);

        EventHistory history = relay.history();
        history.assertFinished(wanted.keySet());
        assertThat(history.commandIds()).containsAll(wanted.keySet());
        assertThat(wanted).allSatisfy((id, run) -> {
            List<String> types = history.typesOf(id);
            RunStatus end = stage.dbtCloud().run(run.id()).orElseThrow().status();
            assertThat(types.getFirst()).isEqualTo("command.accepted");
            assertThat(types).contains(end == RunStatus.SUCCESS ? "run.succeeded" : "run.failed");
            assertThat(history.eventsOf(id))
                    .allSatisfy(event ->
                            assertThat(event.data().path("origin").asText()).isEqualTo("observed"));
            assertThat(history.eventsOf(id)
                            .getLast()
                            .data()
                            .path("cause_category")
                            .asText())
                    .as("who has started it")
                    .isEqualTo(run.trigger().category());
        });
        Map<Endpoint, Long> asked = stage.dbtCloud().counters().snapshot();
        // The relay has triggered none of them.
        long requests = asked.entrySet().stream()
                .filter(each -> each.getKey() != Endpoint.TRIGGER)
                .mapToLong(Map.Entry::getValue)
                .sum();
        System.out.printf("ObserveIT: %d runs in %d s, %d requests: %s%n", RUNS, took.toSeconds(), requests, asked);
        // The buckets of three instances, and of one more, may be full at the start.
        assertThat((double) requests).isLessThan(REQUESTS_PER_MINUTE / 60.0 * (took.toSeconds() + 10));
        assertThat(requests).as("a run costs its end, and a little").isLessThan(2L * RUNS + 1_000);
    }

    /** A run that is there before the cursor is not told of. */
    private void awaitBegun(Deployment relay) {
        await("the first listing")
                .atMost(RelayStage.PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> {
                    long id = stage.dbtCloud()
                            .triggerByOther(FIRST_JOB - 1, "is anybody there?")
                            .id();
                    await().pollDelay(Duration.ofSeconds(4)).until(() -> true);
                    return relay.history()
                            .commandIds()
                            .contains("observed/" + stage.dbtCloud().accountId() + "/" + id);
                });
    }

    /** One is the scheduler's, the next one is of somebody else with a token of their own, and so on. */
    private void startWave(int wave) {
        for (int i = 0; i < RUNS / WAVES; i++) {
            long job = FIRST_JOB + i % JOBS;
            if (wave % 2 == 0) {
                stage.dbtCloud().startByScheduler(job);
            } else {
                triggerOverHttp(job);
            }
            if (i % 100 == 99) {
                await().pollDelay(Duration.ofMillis(400)).until(() -> true);
            }
        }
    }

    private void triggerOverHttp(long job) {
        String path = "/api/v2/accounts/" + stage.dbtCloud().accountId() + "/jobs/" + job + "/run/";
        await().pollInterval(Duration.ofMillis(100))
                .atMost(RelayStage.PATIENCE)
                .until(() -> post(path, "{\"cause\": \"by hand\"}") == 200);
    }

    private int post(String path, String body) throws IOException, InterruptedException {
        return http.send(
                        HttpRequest.newBuilder(URI.create(stage.dbtCloud().baseUrl() + path))
                                .header("Authorization", "Token " + OTHER_TOKEN)
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private static long ends(Deployment relay) {
        return relay.reader()
                .events(event ->
                        (event.type().equals("run.succeeded") || event.type().equals("run.failed"))
                                && event.data().path("job_id").asLong() >= FIRST_JOB)
                .size();
    }

    private static LongStream jobs() {
        return LongStream.range(FIRST_JOB - 1, FIRST_JOB + JOBS);
    }
}
