package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
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

/** Cancel, retry, follow, dry run, what to do when something runs, and limits: from the record to the events. */
class AllCommandsIT {

    private static final Duration SOON = Duration.ofMillis(300);
    private static final RunPlan QUICK = RunPlan.succeeding().taking(SOON, SOON, SOON);
    private static final RunPlan FAILING =
            RunPlan.failing("dbt build", "no such column").taking(SOON, SOON, SOON);
    private static final int OTHERS = 100;

    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        for (String endless :
                List.of("cancelled", "cancelled by run", "followed", "replaced", "skipped", "limited", "given up")) {
            world.job(EmulatedJob.named(endless)
                    .plan(RunPlan.unending().queued(SOON).starting(SOON)));
        }
        world.job(EmulatedJob.named("retried").plan(FAILING));
        world.job(EmulatedJob.named("rerun").plan(FAILING));
        world.job(EmulatedJob.named("resumed").plan(FAILING));
        world.job(EmulatedJob.named("blocked").plan(QUICK));
        for (int i = 0; i < OTHERS; i++) {
            world.job(EmulatedJob.named("other " + i).plan(QUICK));
        }
        stage = RelayStage.of(AllCommandsIT.class, world);
        relay = stage.deployment("all-commands")
                .set("relay.artifacts.paths", "")
                .set("relay.policy.connections.default.max-in-flight-per-job", "2")
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void a_command_is_cancelled_and_that_is_confirmed() {
        long job = job("cancelled");
        relay.send(job, trigger("cancel-me", job));
        long run = await("run.running", "cancel-me").runId().orElseThrow();

        relay.send(job, "{\"command\": \"cancel\", \"command_id\": \"now\", \"target_command_id\": \"cancel-me\"}");

        ReceivedEvent cancelled = await("run.cancelled", "cancel-me");
        assertThat(cancelled.reason()).contains("cancelled_by_relay");
        ReceivedEvent completed = await("command.completed", "now");
        assertThat(completed.data().path("status").asText()).isEqualTo("cancelled");
        assertThat(completed.data().path("run_id").longValue()).isEqualTo(run);
        assertThat(view(run).status()).isEqualTo(RunStatus.CANCELLED);
    }

    @Test
    void a_run_is_cancelled_by_its_id_from_another_partition() {
        long job = job("cancelled by run");
        relay.send(job, trigger("of-a-run", job));
        long run = await("run.running", "of-a-run").runId().orElseThrow();

        relay.send(
                "some other key",
                "{\"command\": \"cancel\", \"command_id\": \"by-run\", \"run_id\": %d}".formatted(run));

        assertThat(await("command.completed", "by-run")
                        .data()
                        .path("status_code")
                        .intValue())
                .isEqualTo(30);
        await("run.cancelled", "of-a-run");
    }

    @Test
    void somebody_elses_run_is_followed() {
        long job = job("followed");
        RunView run = stage.dbtCloud().triggerByOther(job, "from the user interface");

        relay.send(
                job,
                "{\"command\": \"follow\", \"command_id\": \"watch\", \"run_id\": %d, \"context\": {\"a\": 1}}"
                        .formatted(run.id()));
        relay.send(
                job,
                "{\"command\": \"follow\", \"command_id\": \"hope\", \"run_id\": %d, \"expected_statuses\": [\"success\"]}"
                        .formatted(run.id()));
        await("run.running", "watch");
        stage.dbtCloud().finishRun(run.id(), RunStatus.CANCELLED);

        assertThat(await("run.cancelled", "watch").data().path("adopted").booleanValue())
                .isTrue();
        ReceivedEvent dashed = await("run.failed", "hope");
        assertThat(dashed.reason()).contains("unexpected_status");
        assertThat(dashed.data().path("status").asText()).isEqualTo("cancelled");
    }

    @Test
    void a_failed_run_is_retried_by_its_command_and_again_by_its_id() {
        long job = job("retried");
        relay.send(job, trigger("fails-first", job));
        long first = await("run.failed", "fails-first").runId().orElseThrow();

        relay.send(job, "{\"command\": \"retry\", \"command_id\": \"again\", \"target_command_id\": \"fails-first\"}");
        ReceivedEvent ended = awaitEnd("again");
        long second = ended.runId().orElseThrow();

        assertThat(second).isNotEqualTo(first);
        assertThat(ended.data().path("retry_of_run_id").longValue()).isEqualTo(first);
        relay.send(job, "{\"command\": \"retry\", \"command_id\": \"too-late\", \"run_id\": %d}".formatted(first));
        ReceivedEvent rejected = await("command.rejected", "too-late");
        assertThat(rejected.reason()).contains("not_retryable");
        assertThat(rejected.data().path("message").asText()).contains("RETRY_NOT_LATEST_RUN");
    }

    @Test
    void the_newest_run_of_a_job_is_rerun() {
        long job = job("rerun");
        relay.send(job, trigger("to-rerun", job));
        long first = await("run.failed", "to-rerun").runId().orElseThrow();

        relay.send(job, "{\"command\": \"retry\", \"command_id\": \"rerun\", \"job_id\": %d}".formatted(job));

        assertThat(awaitEnd("rerun").data().path("retry_of_run_id").longValue()).isEqualTo(first);
    }

    @Test
    void a_trigger_resumes_the_failed_run_and_its_lost_answer_starts_no_second_one() {
        long job = job("resumed");
        relay.send(job, trigger("fails", job));
        long first = await("run.failed", "fails").runId().orElseThrow();
        stage.dbtCloud().faults().next(1).on(Endpoint.RETRY).ofJob(job).resetAfterCreating();

        relay.send(
                job,
                "{\"command\": \"trigger\", \"command_id\": \"resumes\", \"job_id\": %d, \"retry_from_failure\": true}"
                        .formatted(job));
        ReceivedEvent ended = awaitEnd("resumes");

        assertThat(ended.data().path("retry_of_run_id").longValue()).isEqualTo(first);
        assertThat(ended.data().path("adopted").booleanValue()).isTrue();
        assertThat(stage.dbtCloud().runsOfJob(job)).hasSize(2);
    }

    @Test
    void skip_reuse_and_replace() {
        long job = job("replaced");
        relay.send(job, trigger("first", job));
        long first = await("run.running", "first").runId().orElseThrow();
        relay.send(job, ifRunning("skips", job, "skip"));
        assertThat(await("command.rejected", "skips").reason()).contains("already_running");
        relay.send(job, ifRunning("reuses", job, "reuse"));
        assertThat(await("run.running", "reuses").runId()).hasValue(first);

        relay.send(job, ifRunning("replaces", job, "replace"));

        assertThat(await("run.cancelled", "first").reason()).contains("superseded");
        await("run.cancelled", "reuses");
        long second = await("run.running", "replaces").runId().orElseThrow();
        assertThat(second).isGreaterThan(first);
        assertThat(view(first).status()).isEqualTo(RunStatus.CANCELLED);
        stage.dbtCloud().finishRun(second, RunStatus.SUCCESS);
        await("run.succeeded", "replaces");
        assertThat(stage.dbtCloud().runsOfJob(job)).hasSize(2);
    }

    @Test
    void a_dry_run_tells_what_would_be_and_starts_nothing() {
        long job = job("skipped");
        relay.send(
                job,
                "{\"command\": \"trigger\", \"command_id\": \"dry\", \"job_id\": %d, \"dry_run\": true}"
                        .formatted(job));
        relay.send(job, "{\"command\": \"trigger\", \"command_id\": \"dry-none\", \"job_id\": 1, \"dry_run\": true}");

        assertThat(await("command.completed", "dry").data().path("message").asText())
                .contains("'skipped'");
        assertThat(await("command.rejected", "dry-none").reason()).contains("job_not_found");
        assertThat(stage.dbtCloud().runsOfJob(job)).isEmpty();
    }

    @Test
    void a_storm_of_events_ends_in_our_queue_and_not_in_dbt_clouds() {
        long job = job("limited");
        List<String> ids = IntStream.range(0, 5).mapToObj(i -> "storm-" + i).toList();
        ids.forEach(id -> relay.send(job, trigger(id, job)));
        await("run.queued", "storm-1");
        await("command.accepted", "storm-4");
        awaitState("storm-2", "\"waits_for\":\"slot\"");
        awaitState("storm-4", "\"waits_for\":\"turn\",\"ahead\":2");
        List<Long> started = new ArrayList<>();
        for (int i = 0; i < ids.size(); i++) {
            long run = relay.reader()
                    .awaitFor(
                            event -> event.commandId().equals(ids.get(started.size()))
                                    && event.runId().isPresent(),
                            PATIENCE)
                    .runId()
                    .orElseThrow();
            assertThat(stage.dbtCloud().runsOfJob(job).stream()
                            .filter(other -> !other.status().isFinal()))
                    .hasSizeLessThanOrEqualTo(2);
            started.add(run);
            stage.dbtCloud().finishRun(run, RunStatus.SUCCESS);
            await("run.succeeded", ids.get(i));
        }

        assertThat(started).as("in the order of their records").isSorted();
        relay.history().assertFaultless();
    }

    @Test
    void one_blocked_job_holds_up_no_other() {
        long blocked = job("blocked");
        var fault = stage.dbtCloud()
                .faults()
                .always()
                .on(Endpoint.TRIGGER)
                .ofJob(blocked)
                .status(503);
        relay.send("one key for all", trigger("blocked-1", blocked));
        relay.send("one key for all", trigger("blocked-2", blocked));
        for (int i = 0; i < OTHERS; i++) {
            relay.send("one key for all", trigger("free-" + i, job("other " + i)));
        }

        relay.reader()
                .await(
                        OTHERS,
                        event -> event.type().equals("run.succeeded")
                                && event.commandId().startsWith("free-"),
                        PATIENCE);

        assertThat(stage.dbtCloud().runsOfJob(blocked)).isEmpty();
        assertThat(relay.history().typesOf("blocked-2")).containsExactly("command.accepted");
        fault.remove();
        relay.send(
                "one key for all",
                "{\"command\": \"cancel\", \"command_id\": \"stop-2\", \"target_command_id\": \"blocked-2\"}");
        assertThat(await("run.cancelled", "blocked-2").runId()).isEmpty();
        await("command.completed", "stop-2");
    }

    @Test
    void an_operator_ends_a_command_that_is_stuck() throws Exception {
        long job = job("given up");
        relay.send(job, trigger("stuck", job));
        long run = await("run.running", "stuck").runId().orElseThrow();

        assertThat(end("stuck")).isEqualTo(202);

        assertThat(await("run.abandoned", "stuck").reason()).contains("operator");
        assertThat(view(run).status().isFinal()).isFalse();
        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(end("stuck")).isEqualTo(409));
        assertThat(end("never-heard-of")).isEqualTo(404);
    }

    private static int end(String id) throws Exception {
        return relay.relay()
                .send(HttpRequest.newBuilder(relay.relay().url().resolve("api/commands/" + id + "/end"))
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build())
                .statusCode();
    }

    @Test
    void what_was_done_and_refused_stands_in_the_audit_log() {
        long job = job("skipped");
        relay.send(job, """
                {"command": "trigger", "command_id": "audited", "job_id": %d, "steps_override": ["dbt run"]}""".formatted(job));
        await("command.rejected", "audited");

        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(relay.relay().lines())
                        .anySatisfy(line -> assertThat(line)
                                .contains(
                                        "Refusal of a command", "command_id=audited", "reason=forbidden", "offset=")));
    }

    private static String ifRunning(String id, long job, String what) {
        return "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": %d, \"if_running\": \"%s\"}"
                .formatted(id, job, what);
    }

    private static ReceivedEvent await(String type, String id) {
        return relay.reader().awaitEvent(type, id, PATIENCE);
    }

    private static ReceivedEvent awaitEnd(String id) {
        return relay.reader()
                .awaitFor(
                        event -> event.commandId().equals(id)
                                && (event.type().equals("run.failed")
                                        || event.type().equals("run.succeeded")),
                        PATIENCE);
    }

    private static void awaitState(String id, String part) {
        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(relay.relay()
                                .get(relay.relay().url().resolve("api/commands/" + id))
                                .body())
                        .contains(part));
    }

    private static long job(String name) {
        return stage.dbtCloud().world().jobNamed(name).id();
    }

    private static RunView view(long run) {
        return stage.dbtCloud().run(run).orElseThrow();
    }
}
