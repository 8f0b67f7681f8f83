package org.dbtrelay.it;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Bursts of commands that want the same run have one, whatever becomes of the process; and the starts of a job are apart. */
class CoalesceIT {

    private static final int ORDERS = 1_000;
    private static final Duration LONG = Duration.ofMinutes(2);

    private static RelayStage stage;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                CoalesceIT.class,
                World.jaffleShop()
                        .job(EmulatedJob.named("orders")
                                .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(6))))
                        .job(EmulatedJob.named("left").plan(RunPlan.unending()))
                        .job(EmulatedJob.named("apart")
                                .plan(RunPlan.succeeding()
                                        .taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1)))));
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    private static long job(String name) {
        return stage.dbtCloud().world().jobNamed(name).id();
    }

    private static List<RunView> runs(String job) {
        return stage.dbtCloud().runsOfJob(job(job));
    }

    private static void lands(Deployment relay, String job, String id, String coalesce) {
        relay.send(
                job(job),
                "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": %d, \"coalesce\": %s, \"context\": \"%s\"}"
                        .formatted(id, job(job), coalesce, id));
    }

    private static void land(Deployment relay, List<String> ids, String window) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> landing = new ArrayList<>();
            ids.forEach(id -> landing.add(threads.submit(() -> lands(relay, "orders", id, window))));
            for (Future<?> each : landing) {
                each.get();
            }
        }
    }

    private static void awaitState(Deployment relay, String id, String... parts) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(relay.relay()
                                .get(relay.relay().url().resolve("api/commands/" + id))
                                .body())
                        .contains(parts));
    }

    @Test
    void aThousandOrdersHaveOneRunAndAThousandOutcomesAcrossKills() throws Exception {
        try (Deployment relay = stage.deployment("orders")
                .set("relay.artifacts.paths", "run_results.json")
                .start()) {
            List<String> ids =
                    IntStream.range(0, ORDERS).mapToObj(i -> "order-" + i).toList();
            Instant begin = Instant.now();
            String window = "{\"quiet\": \"PT15S\", \"at_most\": \"PT1H\"}";
            // The first one leads; the others land at the same time.
            lands(relay, "orders", ids.getFirst(), window);
            land(relay, ids.subList(1, 400), window);
            awaitState(relay, "order-0", "\"waits_for\":\"window\"", "\"not_before\":\"", "\"coalesced\":");
            awaitState(relay, "order-399", "\"state\":\"joined\"", "\"coalesced_into\":\"order-0\"");
            relay.relay().kill();
            land(relay, ids.subList(400, 700), window);
            // They land while it starts: on a busy machine that takes longer than all of them.
            RelayProcess second = relay.launch();
            land(relay, ids.subList(700, ORDERS), window);
            assertThat(Duration.between(begin, Instant.now()))
                    .as("the orders land")
                    .isLessThan(Duration.ofSeconds(90));
            second.awaitReady(PATIENCE);
            relay.reader().awaitEvent("run.running", "order-1", LONG);
            relay.relay().kill();
            relay.start();

            relay.reader().await(ORDERS, event -> event.type().equals("run.succeeded"), LONG);
            relay.reader().await(ORDERS, event -> event.type().equals("artifact.ready"), LONG);
            relay.history().assertFinished(ids);
            assertThat(runs("orders")).hasSize(1);
            long run = runs("orders").getFirst().id();
            List<ReceivedEvent> ends =
                    relay.reader().events(event -> event.type().equals("run.succeeded"));
            assertThat(ends).hasSize(ORDERS).allSatisfy(end -> {
                assertThat(end.runId()).hasValue(run);
                assertThat(end.data().path("context").asText()).isEqualTo(end.commandId());
                assertThat(end.data().path("coalesced_into").asText("leads"))
                        .isEqualTo(end.commandId().equals("order-0") ? "leads" : "order-0");
            });
            assertThat(ends.stream().map(ReceivedEvent::commandId).collect(toSet()))
                    .hasSize(ORDERS);
            assertThat(ends.stream()
                            .filter(end -> end.commandId().equals("order-0"))
                            .findFirst()
                            .orElseThrow()
                            .data()
                            .path("coalesced")
                            .intValue())
                    .isEqualTo(ORDERS - 1);
            assertThat(stage.dbtCloud().counters().requests().stream()
                            .filter(request -> request.endpoint() == Endpoint.GET_ARTIFACT)
                            .count())
                    .as("not one for each command")
                    .isLessThan(ORDERS / 10);
        }
    }

    @Test
    void oneThatIsCancelledLeavesTheRunToTheOthersAndTheLastOneCancelsIt() {
        try (Deployment relay = stage.deployment("left").start()) {
            for (String id : List.of("first", "second")) {
                lands(relay, "left", id, "{\"quiet\": \"PT6S\"}");
            }
            relay.reader().awaitEvent("run.running", "second", PATIENCE);
            cancel(relay, "first");
            ReceivedEvent left = relay.reader().awaitEvent("run.cancelled", "first", PATIENCE);
            assertThat(left.data().path("reason").asText()).isEqualTo("left_to_others");
            relay.reader().awaitEvent("command.completed", "end-first", PATIENCE);
            assertThat(runs("left"))
                    .hasSize(1)
                    .allSatisfy(run -> assertThat(run.status().isFinal()).isFalse());

            cancel(relay, "second");
            assertThat(relay.reader()
                            .awaitEvent("run.cancelled", "second", PATIENCE)
                            .data()
                            .path("reason")
                            .asText())
                    .isEqualTo("cancelled_by_relay");
            relay.history().assertFinished(List.of("first", "second"));
            assertThat(runs("left"))
                    .hasSize(1)
                    .allSatisfy(run -> assertThat(run.status().isFinal()).isTrue());
        }
    }

    private static void cancel(Deployment relay, String id) {
        relay.send(
                job("left"),
                "{\"command\": \"cancel\", \"command_id\": \"end-%s\", \"target_command_id\": \"%s\"}"
                        .formatted(id, id));
    }

    @Test
    void theStartsOfAJobAreApartAlsoAfterAKill() {
        Duration interval = Duration.ofSeconds(15);
        try (Deployment relay = stage.deployment("apart")
                .set("relay.jobs." + job("apart") + ".min-interval", interval.toString())
                .start()) {
            for (int i = 0; i < 3; i++) {
                relay.send(job("apart"), Deployment.trigger("apart-" + i, job("apart")));
            }
            awaitState(relay, "apart-1", "\"waits_for\":\"min_interval\"", "\"not_before\":\"");
            awaitState(relay, "apart-2", "\"waits_for\":\"turn\"");
            relay.relay().kill();
            relay.start();
            for (int i = 0; i < 3; i++) {
                relay.reader().awaitEvent("run.succeeded", "apart-" + i, LONG);
            }

            List<Instant> starts =
                    runs("apart").stream().map(RunView::createdAt).sorted().toList();
            assertThat(starts).hasSize(3);
            for (int i = 1; i < starts.size(); i++) {
                // From one intent to the next; a request takes some time, not always the same.
                assertThat(Duration.between(starts.get(i - 1), starts.get(i))).isGreaterThan(interval.minusSeconds(1));
            }
        }
    }
}
