package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.List;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.TransientFailure;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A run that fails in a way that passes by itself is followed by another one of the same command; one that fails a test is not. */
class OnFailureIT {

    private static final RunPlan SHORT = quick(RunPlan.succeeding());

    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                OnFailureIT.class,
                World.jaffleShop()
                        .job(flaky("resumed", TransientFailure.POSTGRES_DEADLOCK))
                        .job(flaky("run-anew", TransientFailure.SNOWFLAKE_LOCK))
                        .job(flaky("killed", TransientFailure.DATABRICKS_CONCURRENT_APPEND))
                        .job(flaky("cancelled", TransientFailure.BIGQUERY_CONCURRENT_UPDATE))
                        .job(EmulatedJob.named("fails-a-test")
                                .plan(quick(RunPlan.failing("dbt build", "Got 2 results, configured to fail if != 0")
                                        .failingNode(
                                                "test.jaffle_shop.unique_orders_id",
                                                "fail",
                                                "Got 2 results, configured to fail if != 0")))));
        relay = stage.deployment("on-failure")
                .set("relay.artifacts.paths", "manifest.json")
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    private static RunPlan quick(RunPlan plan) {
        return plan.taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(2));
    }

    /** Fails twice, then succeeds. */
    private static EmulatedJob flaky(String name, TransientFailure failure) {
        return EmulatedJob.named(name).failingFirst(2, quick(RunPlan.failing(failure)), SHORT);
    }

    private static void send(String id, String onFailure) {
        long job = job(id);
        relay.send(
                job,
                "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": %d, \"on_failure\": %s}"
                        .formatted(id, job, onFailure));
    }

    private static long job(String name) {
        return stage.dbtCloud().world().jobNamed(name).id();
    }

    private static List<RunView> runs(String job) {
        return stage.dbtCloud().runsOfJob(job(job));
    }

    private static List<ReceivedEvent> told(String id) {
        relay.history().assertFinished(List.of(id));
        return relay.history().eventsOf(id);
    }

    @Test
    void aJobThatFailsTwiceWithALockConflictSucceedsFromThePointOfFailure() {
        send("resumed", "{\"retries\": 3, \"delay\": \"PT1S\"}");
        ReceivedEvent end = relay.reader().awaitEvent("run.succeeded", "resumed", PATIENCE);

        List<RunView> runs = runs("resumed");
        assertThat(runs).hasSize(3);
        assertThat(runs.get(1).retryingRunId()).isEqualTo(runs.get(0).id());
        assertThat(runs.get(2).retryingRunId()).isEqualTo(runs.get(1).id());
        List<ReceivedEvent> failed = told("resumed").stream()
                .filter(event -> event.type().equals("run.attempt_failed"))
                .toList();
        assertThat(failed).hasSize(2);
        assertThat(failed.getFirst().data().path("attempt").intValue()).isEqualTo(1);
        assertThat(failed.getLast().data().path("attempt").intValue()).isEqualTo(2);
        assertThat(failed.getFirst().data().path("retry_reason").toString())
                .isEqualTo("{\"kind\":\"conflict\",\"adapter\":\"postgres\",\"pattern\":\"deadlock detected\"}");
        assertThat(failed.getFirst().data().at("/failure/nodes/0/message").asText())
                .contains("deadlock detected");
        assertThat(end.data().path("attempt").intValue()).isEqualTo(3);
        assertThat(end.data().path("retry_of_run_id").longValue())
                .isEqualTo(runs.get(1).id());
    }

    @Test
    void withFullEachRunIsANewOneWithTheMarker() {
        send("run-anew", "{\"retries\": 2, \"delay\": \"PT0S\", \"how\": \"full\"}");
        ReceivedEvent end = relay.reader().awaitEvent("run.succeeded", "run-anew", PATIENCE);

        List<RunView> runs = runs("run-anew");
        assertThat(runs).hasSize(3).allSatisfy(run -> {
            assertThat(run.retryingRunId()).isNull();
            assertThat(run.trigger().cause()).startsWith("[relay:on-failure:");
        });
        assertThat(end.data().path("retry_of_run_id").longValue())
                .isEqualTo(runs.get(1).id());
        assertThat(told("run-anew"))
                .extracting(ReceivedEvent::type)
                .contains("run.attempt_failed")
                .doesNotContain("run.stray");
    }

    @Test
    void aPauseSurvivesTheProcess() {
        try (Deployment killed = stage.deployment("on-failure-killed").start()) {
            long job = job("killed");
            killed.send(job, """
                    {"command": "trigger", "command_id": "killed", "job_id": %d,
                     "on_failure": {"retries": 2, "delay": "PT4S", "backoff": 1, "how": "full"}}""".formatted(job));
            killed.reader().awaitEvent("run.attempt_failed", "killed", PATIENCE);
            killed.relay().kill();
            killed.start();
            killed.reader().awaitEvent("run.succeeded", "killed", PATIENCE);

            killed.history().assertFinished(List.of("killed"));
            assertThat(killed.history().eventsOf("killed"))
                    .extracting(ReceivedEvent::type)
                    .containsSubsequence("run.attempt_failed", "run.attempt_failed", "run.succeeded");
            assertThat(runs("killed")).hasSize(3);
        }
    }

    @Test
    void aFailedTestIsTheEnd() {
        send("fails-a-test", "{\"retries\": 3, \"delay\": \"PT0S\"}");
        ReceivedEvent end = relay.reader().awaitEvent("run.failed", "fails-a-test", PATIENCE);

        assertThat(end.data().path("attempt").intValue()).isEqualTo(1);
        assertThat(told("fails-a-test")).extracting(ReceivedEvent::type).doesNotContain("run.attempt_failed");
        assertThat(runs("fails-a-test")).hasSize(1);
    }

    @Test
    void aCancelEndsThePause() {
        send("cancelled", "{\"retries\": 3, \"delay\": \"PT1H\"}");
        ReceivedEvent failed = relay.reader().awaitEvent("run.attempt_failed", "cancelled", PATIENCE);
        relay.send(
                job("cancelled"),
                "{\"command\": \"cancel\", \"command_id\": \"stop\", \"target_command_id\": \"cancelled\"}");
        ReceivedEvent end = relay.reader().awaitEvent("run.failed", "cancelled", PATIENCE);
        relay.reader().awaitEvent("command.completed", "stop", PATIENCE);

        assertThat(end.runId()).isEqualTo(failed.runId());
        assertThat(end.data().path("message").asText()).contains("cancelled");
        assertThat(runs("cancelled")).hasSize(1);
    }
}
