package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.regex.Pattern;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.Breakpoints;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A SIGTERM at moments that are none of rest. */
class StopIT {

    private static final long JOB = 7_001;
    private static final long NO_RUN = 1;

    /** Quarkus waits ten seconds for a request when the relay stops. */
    private static final Duration LONG_REQUEST = Duration.ofSeconds(6);

    private static RelayStage stage;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                StopIT.class,
                World.jaffleShop()
                        .job(EmulatedJob.named("quick")
                                .id(JOB)
                                .plan(RunPlan.succeeding()
                                        .taking(Duration.ZERO, Duration.ZERO, Duration.ofMillis(500)))));
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void startsNothingMoreWhileRequestsAreStillAnswered() throws Exception {
        try (Deployment relay = stage.deployment("answers").start()) {
            RelayProcess process = relay.relay();
            stage.dbtCloud().faults().always().on(Endpoint.GET_RUN).answerLateAfterCreating(LONG_REQUEST);
            URI run =
                    process.url().resolve("/api/connections/default/accounts/" + World.ACCOUNT_ID + "/runs/" + NO_RUN);
            FutureTask<HttpResponse<String>> request = new FutureTask<>(
                    () -> process.send(HttpRequest.newBuilder(run).build()));
            Thread.startVirtualThread(request);
            await().atMost(PATIENCE).until(() -> stage.dbtCloud().count(Endpoint.GET_RUN) > 0);

            CompletableFuture<Integer> stopped =
                    CompletableFuture.supplyAsync(process::stop, Thread::startVirtualThread);
            process.process().awaitLine(Pattern.compile("Partitions are given up"), PATIENCE);
            assertThat(request).isNotDone();
            assertThat(process.get(process.url().resolve("/api/commands/any")).statusCode())
                    .as("nobody is told that there is no such command")
                    .isEqualTo(503);
            relay.send(JOB, trigger("too-late", JOB));

            assertThat(request.get().statusCode()).as("the request is answered").isEqualTo(404);
            assertThat(stopped).succeedsWithin(PATIENCE).isEqualTo(0);
            assertThat(stage.dbtCloud().count(Endpoint.TRIGGER)).isZero();
            assertThat(errors(process)).isEmpty();

            relay.start();
            relay.reader().awaitEvent("run.succeeded", "too-late", PATIENCE);
        } finally {
            stage.dbtCloud().faults().clear();
        }
    }

    @Test
    void isInOrderInTheMidstOfAStart() {
        String begins =
                "io.quarkus.smallrye.reactivemessaging.runtime.SmallRyeReactiveMessagingLifecycle.onApplicationStart";
        Breakpoints breakpoints = Breakpoints.in(stage.directory().resolve("breakpoints"), begins);
        Breakpoints.Hold hold = breakpoints.atEntryOf(begins);
        try (Deployment relay = stage.deployment("starts")) {
            breakpoints.setIn(relay.builder());
            RelayProcess process = relay.launch();
            hold.await(process, PATIENCE);

            CompletableFuture<Integer> stopped =
                    CompletableFuture.supplyAsync(process::stop, Thread::startVirtualThread);
            // Nothing tells when the signal has arrived.
            await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
            hold.release();

            assertThat(stopped).succeedsWithin(PATIENCE).isEqualTo(0);
            assertThat(errors(process)).isEmpty();
            assertThat(process.process().lines(Pattern.compile("dbt-cloud-relay stopped in")))
                    .as("all that had begun was ended")
                    .hasSize(1);
        }
    }

    private static List<String> errors(RelayProcess process) {
        return process.process().lines(Pattern.compile(" (ERROR|FATAL) |^Exception in thread|^\\tat "));
    }
}
