package org.dbtrelay.it;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.record.CompressionType;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.HandTurnedClock;
import org.dbtrelay.testkit.ReceivedEvent;
import org.dbtrelay.testkit.RecordBatches;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The main job: a command comes in, its run is started once and followed, its events and artifacts go out. */
@Tag("broker")
class MainJobIT {

    private static final Duration QUEUED = Duration.ofSeconds(12);
    private static final Duration STARTING = Duration.ofMillis(2500);
    private static final Duration RUNNING = Duration.ofSeconds(40);
    private static final RunPlan UNHURRIED = RunPlan.succeeding().taking(QUEUED, STARTING, RUNNING);
    /** After a run's end, by dbt Cloud's clock. */
    private static final Duration LATE = Duration.ofSeconds(90);

    private static final ObjectMapper JSON = new ObjectMapper();

    /** dbt Cloud's time: it stands still, so no status is missed, however slow the machine. */
    private static HandTurnedClock time;

    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() {
        time = HandTurnedClock.at(Clock.systemUTC().instant());
        stage = RelayStage.of(
                MainJobIT.class,
                World.jaffleShop()
                        .job(EmulatedJob.named("succeeds").plan(UNHURRIED))
                        .job(EmulatedJob.named("succeeds by name").plan(UNHURRIED))
                        .job(EmulatedJob.named("is cancelled").plan(UNHURRIED))
                        .job(EmulatedJob.named("runs once").plan(UNHURRIED))
                        .job(EmulatedJob.named("runs once for an id").plan(UNHURRIED))
                        .job(EmulatedJob.named("never runs"))
                        .job(EmulatedJob.named("fails")
                                .steps("dbt seed", "dbt build")
                                .withDocs()
                                .plan(RunPlan.failing("dbt build", "Database Error in model orders: no column amount")
                                        .failingNode("model.shop.orders", "error", "no column amount")
                                        .failingNode("test.shop.not_null_orders_id", "skipped", "")
                                        .taking(QUEUED, STARTING, RUNNING)))
                        .job(EmulatedJob.named("fails and shows why late")
                                .plan(RunPlan.failing("dbt build", "password=hunter2 is wrong")
                                        .failingNode("model.shop.orders", "error", "token: abc123def is expired")
                                        .taking(QUEUED, STARTING, RUNNING)
                                        .artifactsSavedAfter(LATE)
                                        .artifactsReadableAfter(LATE)
                                        .logsAfter(LATE)))
                        .job(EmulatedJob.named("fails in Fusion")
                                .steps("dbt seed", "dbt build")
                                .plan(RunPlan.failing("dbt build", "it failed")
                                        .failingNode("model.shop.orders", "error", "no column amount")
                                        .failingNode("test.shop.unique_orders_id", "fail", "3 rows")
                                        .node("model.shop.kept", "reused", "")
                                        .node("test.shop.few_orders", "warn", "")
                                        .taking(QUEUED, STARTING, RUNNING)
                                        .fusion()))
                        .job(EmulatedJob.named("is killed")
                                .steps("dbt seed", "dbt build")
                                .plan(RunPlan.killed("dbt build", LATE).taking(QUEUED, STARTING, RUNNING)))
                        .job(EmulatedJob.named("saves late")
                                .steps("dbt seed", "dbt build")
                                .plan(UNHURRIED.artifactsSavedAfter(LATE).artifactsReadableAfter(LATE)))
                        .job(EmulatedJob.named("warms up"))
                        .job(EmulatedJob.named("tells all")
                                .type("scheduled")
                                .plan(RunPlan.failing("dbt build", "no column amount")
                                        .taking(QUEUED, STARTING, RUNNING)))
                        .job(EmulatedJob.named("from outside").type("hybrid"))
                        .environment("Staging")
                        .job(EmulatedJob.named("succeeds by name")),
                time);
        relay = stage.deployment("main-job").start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void runSucceedsAndItsArtifactsAreStored() throws Exception {
        EmulatedJob job = job("succeeds");
        String context = "{\"batch\":17,\"amount\":2.50,\"tags\":[\"ü\",null,{\"deep\":12345678901234567890}]}";
        String parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        var message = new ProducerRecord<byte[], byte[]>(
                relay.topic("commands"), bytes("orders"), bytes("""
                        {"command": "trigger", "command_id": "succeeds", "job_id": %d, "cause": "orders landed",
                         "context": %s}""".formatted(job.id(), context)));
        message.headers().add("traceparent", bytes(parent));

        relay.send(message);
        RunView run = followToTheEnd("succeeds", job, "run.succeeded");

        List<ReceivedEvent> events = told("succeeds", 7);
        assertThat(events)
                .extracting(ReceivedEvent::type)
                .containsExactly(
                        "command.accepted",
                        "run.queued",
                        "run.starting",
                        "run.running",
                        "run.succeeded",
                        "artifact.ready",
                        "artifact.ready");
        assertThat(events).allSatisfy(event -> {
            assertThat(event.data().path("connection").asText()).isEqualTo("default");
            assertThat(event.data().path("account_id").longValue()).isEqualTo(World.ACCOUNT_ID);
            assertThat(event.data().path("job_id").longValue()).isEqualTo(job.id());
            assertThat(event.text()).as("the context is echoed untouched").contains("\"context\":" + context);
            assertThat(event.header("ce_traceparent")).isEqualTo(parent);
            assertThat(event.header("traceparent")).isEqualTo(parent);
        });
        assertThat(events.getFirst().runId()).isEmpty();
        assertThat(events.getFirst().data().path("command").asText()).isEqualTo("trigger");
        assertRunEvent(events.get(1), run, "queued", 1, null, "orders landed");
        assertRunEvent(events.get(2), run, "starting", 2, "queued", "orders landed");
        assertRunEvent(events.get(3), run, "running", 3, "starting", "orders landed");
        assertRunEvent(events.get(4), run, "success", 10, "running", "orders landed");
        assertThat(events.get(1).data().path("queued_seconds").isNull()).isTrue();
        assertThat(events.get(3).data().path("run_seconds").isNull()).isTrue();
        assertThat(events.get(4).data().path("finished_at").asText())
                .isEqualTo(requireNonNull(run.finishedAt()).toString());
        assertThat(events.get(4).data().path("run_seconds").doubleValue()).isEqualTo(40.0);
        assertStored(events.get(5), run, "manifest.json", 4);
        assertStored(events.get(6), run, "run_results.json", 4);
        JsonNode summary = events.get(6).data().path("summary");
        assertThat(summary.path("nodes")).isEqualTo(JSON.readTree("{\"success\": 2}"));
        assertThat(summary.path("elapsed_seconds").doubleValue()).isEqualTo(4.25);
        assertThat(summary.path("failing")).isEmpty();
        assertThat(events.get(6).data().path("invocation_id").asText()).isNotEmpty();
    }

    @Test
    void runFailsAndTheEventSaysWhy() throws Exception {
        EmulatedJob job = job("fails");

        relay.send(job.id(), trigger("fails", job.id()));
        RunView run = followToTheEnd("fails", job, "run.failed");

        List<ReceivedEvent> events = told("fails", 7);
        assertThat(events)
                .extracting(ReceivedEvent::type)
                .containsExactly(
                        "command.accepted",
                        "run.queued",
                        "run.starting",
                        "run.running",
                        "run.failed",
                        "artifact.ready",
                        "artifact.ready");
        ReceivedEvent failed = events.get(4);
        assertRunEvent(failed, run, "error", 20, "running", null);
        JsonNode failure = failed.data().path("failure");
        assertThat(failure.path("step"))
                .isEqualTo(JSON.readTree(
                        "{\"index\": 5, \"name\": \"Invoke dbt with `dbt build`\", \"dbt_command\": \"dbt build\"}"));
        assertThat(failure.path("nodes")).isEqualTo(JSON.readTree("""
                [{"unique_id": "model.shop.orders", "status": "error", "message": "no column amount",
                  "failures": null, "relation_name": null, "compiled_path": null, "source": "artifact"}]"""));
        assertThat(failure.path("log_tail").asText())
                .contains("Database Error in model orders: no column amount", "ERROR=1");
        assertStored(events.get(6), run, "run_results.json", 5);
        assertThat(events.get(6).data().path("summary").path("nodes"))
                .isEqualTo(JSON.readTree("{\"success\": 2, \"error\": 1, \"skipped\": 1}"));
        JsonNode node = events.get(6).data().path("summary").path("failing").path(0);
        assertThat(node.path("unique_id").asText()).isEqualTo("model.shop.orders");
        assertThat(node.path("group").asText()).as("from the manifest").isEqualTo("finance");
        assertThat(node.path("owner"))
                .isEqualTo(JSON.readTree("{\"name\": \"Finance data\", \"email\": \"finance@example.com\"}"));
    }

    @Test
    void aFailureThatCannotBeExplainedAtOnceIsExplainedLater() throws Exception {
        EmulatedJob job = job("fails and shows why late");

        relay.send(job.id(), trigger("fails-late", job.id()));
        followToTheEnd("fails-late", job, "run.failed");
        ReceivedEvent failed = told("fails-late", 5).getLast();
        assertThat(failed.data()
                        .path("failure")
                        .path("step")
                        .path("dbt_command")
                        .asText())
                .isEqualTo("dbt build");
        assertThat(failed.data().path("failure").path("nodes")).isEmpty();
        assertThat(failed.data().path("failure").path("log_tail").asText()).isEmpty();
        time.advance(LATE);
        ReceivedEvent explained = relay.reader().awaitEvent("run.failure_explained", "fails-late", PATIENCE);

        JsonNode failure = explained.data().path("failure");
        assertThat(failure.path("nodes")).isEqualTo(JSON.readTree("""
                [{"unique_id": "model.shop.orders", "status": "error", "message": "token: *** is expired",
                  "failures": null, "relation_name": null, "compiled_path": null, "source": "artifact"}]"""));
        assertThat(failure.path("log_tail").asText())
                .contains("password=*** is wrong", "ERROR=1")
                .doesNotContain("hunter2", "abc123def");
        assertThat(explained.data().path("status").asText()).isEqualTo("error");
        assertThat(told("fails-late", 8))
                .extracting(ReceivedEvent::type)
                .containsOnlyOnce("run.failure_explained")
                .startsWith("command.accepted", "run.queued", "run.starting", "run.running", "run.failed");
    }

    /** dbt v2: the file lacks the model that failed and all messages, the log has them, and the build writes the catalog. */
    @Test
    void aFailureOfFusionIsReadFromItsLogAndTheCatalogIsOfTheBuild() throws Exception {
        EmulatedJob job = job("fails in Fusion");

        relay.send(job.id(), """
                {"command": "trigger", "command_id": "fusion", "job_id": %d,
                 "artifacts": ["run_results.json", "catalog.json"]}""".formatted(job.id()));
        RunView run = followToTheEnd("fusion", job, "run.failed");

        List<ReceivedEvent> events = told("fusion", 7);
        assertThat(events.get(4).data().path("failure").path("nodes")).isEqualTo(JSON.readTree("""
                [{"unique_id": "test.shop.unique_orders_id", "status": "fail", "message": "3 rows",
                  "failures": 3, "relation_name": null, "compiled_path": null, "source": "artifact"},
                 {"unique_id": "model.shop.orders", "status": "error", "message": "no column amount",
                  "failures": null, "relation_name": null, "compiled_path": null, "source": "log"}]"""));
        assertStored(events.get(5), run, "run_results.json", 5);
        JsonNode summary = events.get(5).data().path("summary");
        assertThat(summary.path("nodes"))
                .isEqualTo(JSON.readTree("{\"success\": 2, \"fail\": 1, \"reused\": 1, \"warn\": 1}"));
        assertThat(summary.path("classes").path("reused").intValue()).isEqualTo(1);
        assertThat(events.get(5)
                        .data()
                        .path("warnings")
                        .path(0)
                        .path("unique_id")
                        .asText())
                .isEqualTo("test.shop.few_orders");
        assertStored(events.get(6), run, "catalog.json", 5);
    }

    /** As after a kill for memory: the step "still runs", and dbt Cloud shows the files of the step before it as its own. */
    @Test
    void theStepOfAKilledRunIsNamedAndTheFilesOfTheStepBeforeAreNotItsOwn() throws Exception {
        EmulatedJob job = job("is killed");

        relay.send(job.id(), trigger("killed", job.id()));
        followToTheEnd("killed", job, "run.failed");
        // What becomes of the artifacts can be told at any moment from here.
        JsonNode failure = relay.reader()
                .awaitEvent("run.failed", "killed", PATIENCE)
                .data()
                .path("failure");
        assertThat(failure.path("step").path("index").intValue()).isEqualTo(5);
        assertThat(failure.path("nodes")).isEmpty();
        time.advance(LATE);

        ReceivedEvent explained = relay.reader().awaitEvent("run.failure_explained", "killed", PATIENCE);
        assertThat(explained.data().path("failure").path("log_tail").asText()).contains("dbt was killed");
        List<ReceivedEvent> events = told("killed", 8);
        assertThat(events)
                .extracting(ReceivedEvent::type)
                .contains("artifact.unavailable")
                .doesNotContain("artifact.ready");
        assertThat(events)
                .filteredOn(event -> event.type().equals("artifact.unavailable"))
                .allSatisfy(event -> assertThat(event.reason()).contains("not_produced"));
    }

    @Test
    void artifactsThatAreSavedLateAreWaitedForAlsoThoseOfANamedStep() throws Exception {
        EmulatedJob job = job("saves late");

        relay.send(job.id(), """
                {"command": "trigger", "command_id": "late", "job_id": %d,
                 "artifacts": ["run_results.json", {"path": "run_results.json", "step": 4}]}""".formatted(job.id()));
        RunView run = followToTheEnd("late", job, "run.succeeded");
        told("late", 5);
        time.advance(LATE);

        List<ReceivedEvent> events = told("late", 7);
        assertThat(events)
                .extracting(ReceivedEvent::type)
                .endsWith("run.succeeded", "artifact.ready", "artifact.ready");
        assertStored(events.get(5), run, "run_results.json", 5);
        assertStored(events.get(6), run, "run_results.json", 4);
    }

    @Test
    void runIsCancelledBySomebodyElse() {
        EmulatedJob job = job("is cancelled");

        relay.send(job.id(), trigger("is-cancelled", job.id()));
        ReceivedEvent queued = relay.reader().awaitEvent("run.queued", "is-cancelled", PATIENCE);
        stage.dbtCloud().moveRun(queued.runId().orElseThrow(), RunStatus.CANCELLED, "Cancelled by user.");
        ReceivedEvent cancelled = relay.reader().awaitEvent("run.cancelled", "is-cancelled", PATIENCE);

        assertRunEvent(cancelled, onlyRunOf(job), "cancelled", 30, "queued", null);
        assertThat(cancelled.reason()).contains("cancelled_by_user");
    }

    @Test
    void jobIsFoundByItsNames() {
        EmulatedJob job = job("succeeds by name");

        relay.send("by-name", """
                {"command": "trigger", "command_id": "by-name", "project_name": "Jaffle Shop",
                 "environment_name": "Production", "job_name": "succeeds by name", "artifacts": []}""");
        RunView run = followToTheEnd("by-name", job, "run.succeeded");

        List<ReceivedEvent> events = told("by-name", 5);
        assertThat(events.getFirst().data().path("job_id").isNull())
                .as("the job is not known yet when the command is accepted")
                .isTrue();
        assertRunEvent(events.get(4), run, "success", 10, "running", null);
        assertThat(stage.dbtCloud().runs())
                .filteredOn(other -> other.job().name().equals(job.name()))
                .hasSize(1);
    }

    @Test
    void namesThatFitNoJobAreRejected() {
        relay.send("no-such-name", """
                {"command": "trigger", "command_id": "no-such-name", "project_name": "Jaffle Shop",
                 "environment_name": "Production", "job_name": "SUCCEEDS"}""");

        assertAcceptedAndRejected("no-such-name", "job_not_found", "SUCCEEDS");
    }

    @Test
    void unknownJobIsRejected() {
        relay.send("404", trigger("unknown-job", 404));

        ReceivedEvent rejected = assertAcceptedAndRejected("unknown-job", "job_not_found", "");
        assertThat(rejected.data().path("job_id").longValue()).isEqualTo(404);
    }

    @Test
    void unknownConnectionIsRejected() {
        relay.send("unknown-connection", """
                {"command": "trigger", "command_id": "unknown-connection", "job_id": %d, "connection": "prod"}""".formatted(job("never runs").id()));

        assertOnlyRejected("unknown-connection", "unknown_connection", "prod");
    }

    @Test
    void stepsOverrideIsForbiddenUnlessAllowed() {
        relay.send("steps", """
                {"command": "trigger", "command_id": "steps", "job_id": %d, "steps_override": ["dbt run-operation drop"]}""".formatted(job("never runs").id()));

        assertOnlyRejected("steps", "forbidden", "relay.policy.connections.default.allow-steps-override");
    }

    @Test
    void aJobThatHasNeverRunCannotBeRetried() {
        long job = job("never runs").id();
        relay.send(job, "{\"command\": \"retry\", \"command_id\": \"retry\", \"job_id\": %d}".formatted(job));

        assertAcceptedAndRejected("retry", "not_retryable", Long.toString(job));
    }

    @Test
    void aFieldOfAnotherVerbIsRefusedByName() {
        relay.send("cancel", """
                {"command": "cancel", "command_id": "cancel", "run_id": 70403110257794, "timeout": "PT1H", "context": {"a": 1}}""");

        ReceivedEvent cancel = assertOnlyRejected(
                "cancel", "invalid", "timeout: is not for cancel, only for trigger and retry and follow");
        assertThat(cancel.data().path("command").asText()).isEqualTo("cancel");
        assertThat(cancel.data().path("context").path("a").intValue()).isEqualTo(1);
    }

    @Test
    void sameCommandTwiceStartsOneRun() {
        EmulatedJob job = job("runs once");

        relay.send(job.id(), trigger("twice", job.id()));
        relay.reader().awaitEvent("run.queued", "twice", PATIENCE);
        relay.send(job.id(), trigger("twice", job.id()));
        // Same content, fields in another order.
        relay.send(
                job.id(), "{\"job_id\": %d, \"command_id\": \"twice\", \"command\": \"trigger\"}".formatted(job.id()));
        followToTheEnd("twice", job, "run.succeeded");
        relay.send(job.id(), trigger("twice", job.id()));
        relay.send(job.id(), trigger("after-twice", 404));
        relay.reader().awaitEvent("command.rejected", "after-twice", PATIENCE);

        told("twice", 7);
        assertThat(stage.dbtCloud().runsOfJob(job.id())).hasSize(1);
        assertThat(relay.reader().events(event -> event.header("dlq-reason") != null))
                .noneMatch(letter -> letter.text().contains("\"twice\""));
    }

    @Test
    void sameIdWithOtherContentIsADeadLetter() {
        EmulatedJob job = job("runs once for an id");
        String other = trigger("conflict", job("never runs").id());

        relay.send(job.id(), trigger("conflict", job.id()));
        relay.reader().awaitEvent("run.queued", "conflict", PATIENCE);
        relay.send(job.id(), other);

        ReceivedEvent letter =
                relay.reader().awaitFor(event -> "id_conflict".equals(event.header("dlq-reason")), PATIENCE);
        assertThat(letter.text()).isEqualTo(other);
        assertThat(letter.key()).isEqualTo(Long.toString(job.id()));
        followToTheEnd("conflict", job, "run.succeeded");
        told("conflict", 7);
    }

    @Test
    void nothingRanThatShouldNot() {
        assertThat(stage.dbtCloud().runsOfJob(job("never runs").id())).isEmpty();
    }

    /** The first run of a project makes the relay read the names, and later events have them. */
    @Test
    void eventsTellWhatDbtCloudKnowsOfARun() throws Exception {
        EmulatedJob before = job("warms up");
        relay.send(before.id(), trigger("warms up", before.id()));
        relay.reader().awaitEvent("run.queued", "warms up", PATIENCE);
        await().atMost(PATIENCE).until(() -> stage.dbtCloud().count(Endpoint.LIST_ENVIRONMENTS) > 0);
        EmulatedJob job = job("tells all");

        relay.send(job.id(), trigger("tells all", job.id()));
        followToTheEnd("tells all", job, "run.failed");

        JsonNode queued =
                relay.reader().awaitEvent("run.queued", "tells all", PATIENCE).data();
        assertThat(queued.path("job_type").asText()).isEqualTo("scheduled");
        assertThat(queued.path("cause_category").asText()).isEqualTo("api");
        assertThat(queued.path("git_branch").isNull()).isTrue();
        assertThat(queued.path("attempt").intValue()).isEqualTo(1);
        JsonNode failed =
                relay.reader().awaitEvent("run.failed", "tells all", PATIENCE).data();
        assertThat(failed.path("project_name").asText()).isEqualTo("Jaffle Shop");
        assertThat(failed.path("environment_name").asText()).isEqualTo("Production");
        assertThat(failed.path("environment_type").asText()).isEqualTo("production");
        assertThat(failed.path("dbt_version").asText()).isEqualTo("latest");
        assertThat(failed.path("engine").asText()).isEqualTo("core");
        assertThat(failed.path("git_branch").asText()).isEqualTo("main");
        assertThat(failed.path("git_sha").asText()).hasSize(40);
        assertThat(failed.path("job_type").asText()).isEqualTo("scheduled");
        assertThat(failed.path("cause_category").asText()).isEqualTo("api");
        assertThat(failed.path("triggered_by").asText()).isEqualTo("relay");
        assertThat(failed.path("can_retry").booleanValue()).isTrue();
        assertThat(failed.path("blocked_by")).isEmpty();
    }

    @Test
    void aJobThatCannotBeTriggeredIsNamed() {
        EmulatedJob job = job("from outside");
        relay.send(job.id(), trigger("from outside", job.id()));
        assertAcceptedAndRejected("from outside", "job_not_triggerable", "of the type hybrid");

        relay.send(job.id(), """
                {"command": "trigger", "command_id": "dry from outside", "job_id": %d, "dry_run": true}""".formatted(job.id()));
        assertAcceptedAndRejected("dry from outside", "job_not_triggerable", "of the type hybrid");
        assertThat(stage.dbtCloud().runsOfJob(job.id())).isEmpty();
    }

    /** Turns dbt Cloud's clock from status to status, each when the last one has been told. */
    private static RunView followToTheEnd(String commandId, EmulatedJob job, String end) {
        relay.reader().awaitEvent("run.queued", commandId, PATIENCE);
        time.advance(QUEUED);
        relay.reader().awaitEvent("run.starting", commandId, PATIENCE);
        time.advance(STARTING);
        relay.reader().awaitEvent("run.running", commandId, PATIENCE);
        time.advance(RUNNING);
        relay.reader().awaitEvent(end, commandId, PATIENCE);
        return onlyRunOf(job);
    }

    private static RunView onlyRunOf(EmulatedJob job) {
        List<RunView> runs = stage.dbtCloud().runsOfJob(job.id());
        assertThat(runs).hasSize(1);
        assertThat(runs.getFirst().cause()).matches("\\[relay:main-job:[0-9a-v]{16}\\]( .*)?");
        return runs.getFirst();
    }

    /** kafkajs unpacks gzip only, kafka-python what was installed beside it. */
    @Test
    void everyClientCanReadTheBatches() {
        relay.send("404", trigger("for-every-client", 404));
        assertAcceptedAndRejected("for-every-client", "job_not_found", "");

        for (String topic : List.of("ledger", "run.events")) {
            assertThat(RecordBatches.codecs(stage.kafkaDirectory(), relay.topic(topic)))
                    .as(topic)
                    .containsOnly(CompressionType.NONE);
        }
    }

    /** So many events of the command and no more, faultless. */
    private static List<ReceivedEvent> told(String commandId, int count) {
        relay.reader().await(count, event -> event.commandId().equals(commandId), PATIENCE);
        List<ReceivedEvent> events = relay.history().eventsOf(commandId);
        assertThat(events).hasSize(count);
        EventShape.assertRight(relay, events);
        relay.history().assertFaultless();
        return events;
    }

    private static void assertRunEvent(
            ReceivedEvent event, RunView run, String status, int code, String previous, String cause) {
        JsonNode data = event.data();
        assertThat(event.runId()).hasValue(run.id());
        assertThat(data.path("project_id").longValue()).isEqualTo(run.job().projectId());
        assertThat(data.path("environment_id").longValue()).isEqualTo(run.job().environmentId());
        assertThat(data.path("job_id").longValue()).isEqualTo(run.jobId());
        assertThat(data.path("job_name").asText()).isEqualTo(run.job().name());
        assertThat(data.path("run_url").asText())
                .startsWith(stage.dbtCloud().baseUrl())
                .contains("/runs/" + run.id());
        assertThat(data.path("status").asText()).isEqualTo(status);
        assertThat(data.path("status_code").intValue()).isEqualTo(code);
        assertThat(data.path("previous_status").asText(null)).isEqualTo(previous);
        assertThat(data.path("cause").asText(null)).isEqualTo(cause);
        assertThat(data.path("adopted").booleanValue()).isFalse();
        assertThat(Instant.parse(data.path("created_at").asText())).isEqualTo(run.createdAt());
        if (code == 3 || code == 10 || code == 20) {
            assertThat(Instant.parse(data.path("started_at").asText())).isEqualTo(run.startedAt());
            assertThat(data.path("queued_seconds").doubleValue()).isEqualTo(14.5);
        }
    }

    private static void assertStored(ReceivedEvent event, RunView run, String path, int step) throws Exception {
        JsonNode data = event.data();
        assertThat(event.runId()).hasValue(run.id());
        assertThat(data.path("path").asText()).isEqualTo(path);
        assertThat(data.path("step").intValue()).isEqualTo(step);
        assertThat(data.path("content_type").asText()).isEqualTo("application/json");
        assertThat(data.path("dbt_schema_version").asText()).startsWith("https://schemas.getdbt.com/dbt/");
        Path file = Path.of(URI.create(data.path("location").asText()));
        assertThat(file).startsWith(relay.artifacts());
        byte[] stored = Files.readAllBytes(file);
        assertThat(stored).isEqualTo(served(run, path, step));
        assertThat(data.path("size_bytes").intValue()).isEqualTo(stored.length);
        assertThat(data.path("sha256").asText())
                .isEqualTo(HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(stored)));
        try (Stream<Path> beside = Files.list(file.getParent())) {
            assertThat(beside)
                    .as("no temporary file is left")
                    .allMatch(it -> it.toString().endsWith(".json"));
        }
    }

    private static byte[] served(RunView run, String path, int step) throws IOException, InterruptedException {
        URI address = URI.create("%s/api/v2/accounts/%d/runs/%d/artifacts/%s?step=%d"
                .formatted(stage.dbtCloud().baseUrl(), World.ACCOUNT_ID, run.id(), path, step));
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<byte[]> answer = http.send(
                    HttpRequest.newBuilder(address)
                            .header("Authorization", "Token " + stage.dbtCloud().token())
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            assertThat(answer.statusCode()).isEqualTo(200);
            return answer.body();
        }
    }

    private static ReceivedEvent assertAcceptedAndRejected(String commandId, String reason, String inMessage) {
        relay.reader().awaitEvent("command.rejected", commandId, PATIENCE);
        List<ReceivedEvent> events = told(commandId, 2);
        assertThat(events).extracting(ReceivedEvent::type).containsExactly("command.accepted", "command.rejected");
        return assertRejected(events.getLast(), reason, inMessage);
    }

    private static ReceivedEvent assertOnlyRejected(String commandId, String reason, String inMessage) {
        relay.reader().awaitEvent("command.rejected", commandId, PATIENCE);
        return assertRejected(told(commandId, 1).getFirst(), reason, inMessage);
    }

    private static ReceivedEvent assertRejected(ReceivedEvent event, String reason, String inMessage) {
        assertThat(event.reason()).contains(reason);
        assertThat(event.data().path("message").asText()).isNotBlank().contains(inMessage);
        assertThat(event.runId()).isEmpty();
        return event;
    }

    private static EmulatedJob job(String name) {
        return stage.dbtCloud().world().jobNamed(name);
    }
}
