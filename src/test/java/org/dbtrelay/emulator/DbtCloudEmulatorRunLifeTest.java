package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Cancel, time-outs, retries, overrides, and runs moved by hand. */
class DbtCloudEmulatorRunLifeTest {
    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private DbtCloudEmulator emulator;
    private EmulatorClient client;
    private long job;

    @BeforeEach
    void start() {
        emulator = DbtCloudEmulator.builder().clock(clock).start();
        client = new EmulatorClient(emulator);
        job = emulator.world().jobNamed("Daily build").id();
    }

    @AfterEach
    void stop() {
        client.close();
        emulator.close();
    }

    private long triggered(long jobId) {
        return client.trigger(jobId, "x").data().path("id").asLong();
    }

    private JsonNode cancelled(long id) {
        return client.post("runs/" + id + "/cancel/", "").data();
    }

    @Test
    void aQueuedRunIsCancelledAtOnce() {
        long first = triggered(job);
        long second = triggered(job);

        JsonNode run = cancelled(second);

        assertThat(run.path("status").asInt()).isEqualTo(30);
        assertThat(run.path("status_message").asText()).isEqualTo("Cancelled by user.");
        assertThat(run.path("dequeued_at").isNull()).isTrue();
        assertThat(run.path("started_at").isNull()).isTrue();
        assertThat(run.path("finished_at").asText()).isEqualTo("2026-11-22 10:00:00+00:00");
        assertThat(run.path("artifacts_saved").asBoolean()).isFalse();
        clock.advance(Duration.ofMinutes(1));
        assertThat(client.run(first).path("status").asInt()).isEqualTo(10);
        assertThat(client.run(second).path("status").asInt()).isEqualTo(30);
    }

    @Test
    void aRunningRunIsCancelledAfterAMomentAndAnEndedOneStaysAsItIs() {
        long first = triggered(job);
        long second = triggered(job);
        clock.advance(Duration.ofSeconds(3));

        assertThat(cancelled(first).path("status").asInt()).isEqualTo(3);
        clock.advance(Duration.ofMillis(500));
        assertThat(client.run(first).path("status").asInt()).isEqualTo(30);
        assertThat(client.run(second).path("status").asInt()).isEqualTo(2);
        clock.advance(Duration.ofMinutes(1));
        assertThat(cancelled(second).path("status").asInt()).isEqualTo(10);
        assertThat(cancelled(first).path("finished_at").asText()).isEqualTo("2026-11-22 10:00:03.500000+00:00");
        assertThat(client.post("runs/1/cancel/", "").status()).isEqualTo(404);
    }

    @Test
    void aRunThatTakesTooLongIsCancelledWithAMessage() {
        long ledger = emulator.world().jobNamed("Ledger build").id();
        long byJob = triggered(ledger);
        long byTrigger = client.post("jobs/" + job + "/run/", "{\"cause\":\"x\",\"timeout_seconds_override\":2}")
                .data()
                .path("id")
                .asLong();
        clock.advance(Duration.ofMinutes(2));

        JsonNode run = client.run(byJob);
        assertThat(run.path("status").asInt()).isEqualTo(30);
        assertThat(run.path("status_message").asText())
                .isEqualTo("This run timed out after running for 1 minute,"
                        + " which exceeded the configured timeout of 60 seconds.");
        assertThat(run.path("artifacts_saved").asBoolean()).isTrue();
        assertThat(run.path("run_duration").asText()).isEqualTo("00:01:00");
        assertThat(client.run(byTrigger).path("status").asInt()).isEqualTo(30);
    }

    @Test
    void aFailedRunIsRetriedFromItsFailedStep() {
        EmulatedJob broken = EmulatedJob.named("Two steps")
                .id(55)
                .steps("dbt seed", "dbt build", "dbt run-operation grant")
                .plan(RunPlan.failing("dbt build", "no such table"));
        emulator.world().job(broken);
        long id = triggered(55);
        assertThat(client.post("runs/" + id + "/retry/", "").status()).isEqualTo(400);
        clock.advance(Duration.ofMinutes(1));
        JsonNode failed = client.run(id);
        assertThat(failed.path("can_retry").asBoolean()).isTrue();
        assertThat(failed.path("retry_not_supported_reason").isNull()).isTrue();
        JsonNode details = client.get("runs/" + id + "/retry/").data();
        assertThat(details.toString())
                .isEqualTo("{\"failed_step\":\"dbt build\",\"skipped_steps\":[\"dbt run-operation grant\"]}");

        JsonNode retry = client.post("runs/" + id + "/retry/", "").data();

        assertThat(retry.path("id").asLong()).isGreaterThan(id);
        assertThat(retry.path("retrying_run_id").asLong()).isEqualTo(id);
        assertThat(client.run(id).path("retry_not_supported_reason").asText()).isEqualTo("RETRY_NOT_LATEST_RUN");
        assertThat(client.post("runs/" + id + "/retry/", "").status()).isEqualTo(400);
        clock.advance(Duration.ofMinutes(1));
        JsonNode done = client.get("runs/" + retry.path("id").asLong() + "/?include_related=run_steps")
                .data();
        assertThat(done.path("status").asInt()).isEqualTo(10);
        assertThat(done.path("run_steps")).hasSize(5);
        assertThat(done.path("run_steps").get(3).path("name").asText()).isEqualTo("Invoke dbt with `dbt retry`");
        assertThat(done.path("retry_not_supported_reason").asText()).isEqualTo("RETRY_NOT_FAILED_RUN");
    }

    @Test
    void aRerunRetriesAFailureAndElseStartsAnew() {
        long broken = emulator.world().jobNamed("Broken build").id();
        JsonNode fresh = client.post("jobs/" + broken + "/rerun/", "").data();
        assertThat(fresh.path("retrying_run_id").isNull()).isTrue();
        assertThat(fresh.path("trigger").path("cause_category").asText()).isEqualTo("rerun");
        clock.advance(Duration.ofMinutes(1));
        JsonNode retry = client.post("jobs/" + broken + "/rerun/", "").data();
        assertThat(retry.path("retrying_run_id").asLong())
                .isEqualTo(fresh.path("id").asLong());
    }

    @Test
    void aRunThatFailsBeforeDbtHasNothingToRetry() {
        emulator.planNextRun(job, RunPlan.failing("Clone git repository", "Authentication failed"));
        long id = triggered(job);
        clock.advance(Duration.ofMinutes(1));

        JsonNode run = client.get("runs/" + id + "/?include_related=run_steps").data();
        assertThat(run.path("status").asInt()).isEqualTo(20);
        assertThat(run.path("run_steps")).hasSize(1);
        assertThat(run.path("retry_not_supported_reason").asText()).isEqualTo("RETRY_NO_RUN_RESULTS");
        assertThat(client.get("runs/" + id + "/artifacts/").data().isNull()).isTrue();
    }

    @Test
    void overridesChangeTheRunAndNullsAreAccepted() {
        JsonNode triggered = client.post(
                        "jobs/" + job + "/run/",
                        "{\"cause\":\"x\",\"steps_override\":[\"dbt seed\",\"dbt test\"],\"schema_override\":null,"
                                + "\"git_branch\":\"dev\",\"generate_docs_override\":true}")
                .data();
        assertThat(triggered.path("trigger").path("steps_override")).hasSize(2);
        assertThat(triggered.path("git_branch").isNull()).isTrue();
        clock.advance(Duration.ofMinutes(1));

        JsonNode run = client.get("runs/" + triggered.path("id").asLong() + "/?include_related=run_steps")
                .data();
        assertThat(run.path("git_branch").asText()).isEqualTo("dev");
        assertThat(run.path("has_docs_generated").asBoolean()).isTrue();
        assertThat(run.path("run_steps").findValuesAsText("dbt_command"))
                .containsExactly("dbt deps", "dbt seed", "dbt test", "dbt docs generate");
    }

    @Test
    void aFailingDocsStepDoesNotFailTheRun() {
        long docs = emulator.world().jobNamed("Build with docs").id();
        emulator.planNextRun(docs, RunPlan.succeeding().withFailingDocs());
        long id = triggered(docs);
        clock.advance(Duration.ofMinutes(1));

        JsonNode run = client.get("runs/" + id + "/?include_related=run_steps").data();
        assertThat(run.path("status").asInt()).isEqualTo(10);
        assertThat(run.path("run_steps").get(6).path("status").asInt()).isEqualTo(20);
        assertThat(run.path("has_docs_generated").asBoolean()).isFalse();
        assertThat(client.get("runs/?has_docs_generated=true").data()).isEmpty();
        assertThat(client.get("runs/" + id + "/artifacts/catalog.json").status())
                .isEqualTo(404);
    }

    @Test
    void aRunIsCutShortInTheStepThatItWasIn() {
        emulator.planNextRun(job, RunPlan.succeeding().running(Duration.ofHours(1)));
        long id = triggered(job);
        clock.advance(Duration.ofSeconds(30));
        JsonNode running =
                client.get("runs/" + id + "/?include_related=run_steps").data();
        assertThat(running.path("run_steps").findValuesAsText("status_humanized"))
                .containsExactly("Success", "Success", "Success", "Running");
        cancelled(id);
        clock.advance(Duration.ofSeconds(1));
        JsonNode run =
                client.get("runs/" + id + "/?include_related=run_steps,audit").data();
        assertThat(run.path("run_steps").findValuesAsText("status_humanized"))
                .containsExactly("Success", "Success", "Success", "Cancelled");
        assertThat(run.path("audit")
                        .path("cancellation")
                        .path("actor")
                        .path("id")
                        .isTextual())
                .isTrue();
        assertThat(run.path("artifacts_saved").asBoolean()).isTrue();
        assertThat(client.get("runs/" + id + "/artifacts/").data().isNull()).isTrue();
    }

    @Test
    void whatIsNotDocumentedCanBeChosen() {
        Behaviour other = Behaviour.likely()
                .longCauseStatus(0)
                .deactivatedStatus(0)
                .refusedRetryStatus(409)
                .createdStatus(201)
                .strict(false)
                .cancelDelay(Duration.ofMinutes(1));
        try (DbtCloudEmulator lax =
                        DbtCloudEmulator.builder().clock(clock).behaviour(other).start();
                EmulatorClient lenient = new EmulatorClient(lax)) {
            long retired = lax.world().jobNamed("Retired build").id();
            EmulatorClient.Reply created = lenient.trigger(retired, "c".repeat(300));
            assertThat(created.status()).isEqualTo(201);
            long id = created.data().path("id").asLong();
            assertThat(lenient.get("jobs/" + retired).status()).isEqualTo(200);
            clock.advance(Duration.ofSeconds(2));
            lenient.post("runs/" + id + "/cancel/", "");
            clock.advance(Duration.ofSeconds(2));
            assertThat(lenient.run(id).path("status").asInt()).isEqualTo(3);
            clock.advance(Duration.ofSeconds(2));
            assertThat(lenient.run(id).path("status").asInt()).isEqualTo(10);
            assertThat(lenient.post("runs/" + id + "/retry/", "").status()).isEqualTo(409);
        }
    }

    @Test
    void aRunForAPullRequestRunsBesideOthers() {
        long first = triggered(job);
        long second = client.post("jobs/" + job + "/run/", "{\"cause\":\"x\",\"github_pull_request_id\":5}")
                .data()
                .path("id")
                .asLong();
        clock.advance(Duration.ofSeconds(3));
        assertThat(client.run(first).path("status").asInt()).isEqualTo(3);
        assertThat(client.run(second).path("status").asInt()).isEqualTo(3);
    }

    @Test
    void runsAreMovedByHandAndTimeIsSpedUp() {
        emulator.planNextRun(job, RunPlan.unending());
        long id = triggered(job);
        clock.advance(Duration.ofDays(2));
        assertThat(client.run(id).path("status").asInt()).isEqualTo(3);
        assertThat(emulator.finishRun(id, RunStatus.ERROR).status()).isEqualTo(RunStatus.ERROR);
        assertThat(client.run(id).path("status").asInt()).isEqualTo(20);
        assertThat(client.run(id).path("run_duration").asText()).isEqualTo("47:59:58");

        long queued = triggered(job);
        emulator.moveRun(queued, RunStatus.STARTING, null);
        assertThat(client.run(queued).path("status").asInt()).isEqualTo(2);
        emulator.showStatus(queued, 5);
        assertThat(client.run(queued).path("status").asInt()).isEqualTo(5);
        assertThat(client.run(queued).path("is_complete").asBoolean()).isFalse();

        try (DbtCloudEmulator fast =
                        DbtCloudEmulator.builder().clock(clock).speed(10).start();
                EmulatorClient hasty = new EmulatorClient(fast)) {
            long soon = hasty.trigger(job, "x").data().path("id").asLong();
            clock.advance(Duration.ofMillis(499));
            assertThat(hasty.run(soon).path("status").asInt()).isEqualTo(3);
            clock.advance(Duration.ofMillis(1));
            assertThat(hasty.run(soon).path("status").asInt()).isEqualTo(10);
        }
    }

    @Test
    void runsByOthersAreOlderOrNewer() {
        long mine = triggered(job);
        assertThat(emulator.seedOlderRuns(job, 3)).hasSize(3).allMatch(id -> id < mine);
        assertThat(emulator.seedRuns(job, 3)).hasSize(3).allMatch(id -> id > mine);
        assertThat(emulator.triggerByOther(job, "by hand").cause()).isEqualTo("by hand");
        assertThat(emulator.runsOfJob(job)).hasSize(8);
    }
}
