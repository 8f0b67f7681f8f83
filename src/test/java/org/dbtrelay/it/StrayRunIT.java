package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.List;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Runs that dbt Cloud hides for longer than the relay is told that it may: the one way to a second run, and what is left to do. */
class StrayRunIT {

    private static final RunPlan LONG_QUEUED =
            RunPlan.succeeding().taking(Duration.ofSeconds(45), Duration.ZERO, Duration.ofSeconds(1));

    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                StrayRunIT.class,
                World.jaffleShop()
                        .job(EmulatedJob.named("started-twice").plan(LONG_QUEUED))
                        .job(EmulatedJob.named("parked").plan(LONG_QUEUED)));
        // W is T_send (5 s) + the read time-out + the visibility lag: 9 s here; the runs are hidden for longer.
        relay = stage.deployment("stray")
                .set("relay.connections.default.read-timeout", "3s")
                .set("relay.ledger.visibility-lag", "1s")
                .set("relay.ledger.sweep-interval", "1s")
                .set("relay.artifacts.paths", "manifest.json")
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void ofTwoRunsTheYoungerIsCancelledInTheQueueAndARunAfterTheEndIsToldOf() {
        long twice = hideRunOf("started-twice", Duration.ofSeconds(25));
        long parked = hideRunOf("parked", Duration.ofSeconds(22));
        relay.send(twice, Deployment.trigger("started-twice", twice));
        relay.send(parked, """
                {"command": "trigger", "command_id": "parked", "job_id": %d, "on_unclear": "park"}""".formatted(parked));

        ReceivedEvent stray = relay.reader().awaitEvent("run.stray", "started-twice", PATIENCE);
        ReceivedEvent end = relay.reader().awaitEvent("run.succeeded", "started-twice", PATIENCE);
        List<RunView> runs = stage.dbtCloud().runsOfJob(twice).stream()
                .sorted(java.util.Comparator.comparingLong(RunView::id))
                .toList();
        assertThat(runs).extracting(RunView::status).containsExactly(RunStatus.SUCCESS, RunStatus.CANCELLED);
        assertThat(stray.data().path("run_id").longValue())
                .isEqualTo(runs.getLast().id());
        assertThat(stray.data().path("reason").asText()).isEqualTo("second_run");
        assertThat(end.data().path("run_id").longValue())
                .isEqualTo(runs.getFirst().id());
        assertThat(end.data().path("adopted").booleanValue()).isTrue();

        ReceivedEvent given = relay.reader().awaitEvent("run.abandoned", "parked", PATIENCE);
        ReceivedEvent late = relay.reader().awaitEvent("run.stray", "parked", PATIENCE);
        assertThat(given.data().path("reason").asText()).isEqualTo("start_unclear");
        assertThat(late.data().path("reason").asText()).isEqualTo("after_the_end");
        assertThat(stage.dbtCloud().runsOfJob(parked)).hasSize(1);

        relay.reader().awaitEvent("artifact.ready", "started-twice", PATIENCE);
        relay.history().assertFinished(List.of("started-twice", "parked"));
        assertThat(relay.history().typesOf("started-twice")).containsOnlyOnce("run.stray");
        EventShape.assertRight(relay, relay.reader().events());
    }

    private static long hideRunOf(String name, Duration time) {
        long job = stage.dbtCloud().world().jobNamed(name).id();
        stage.dbtCloud().faults().next(1).on(Endpoint.TRIGGER).ofJob(job).loseAnswerAfterCreating();
        stage.dbtCloud().faults().next(1).on(Endpoint.TRIGGER).ofJob(job).hideRunFromLists(time);
        return job;
    }
}
