package org.dbtrelay.it;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import io.restassured.response.ValidatableResponse;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.PlannedArtifact;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** dbt Cloud's resources over HTTP, and the kill switch, with the packaged application. */
class DbtCloudApiIT {

    private static final long JOB = 70403103960001L;
    private static final long WITH_LOGS = 70403103960002L;
    private static final int LINES = 150_000;
    private static final int AT_ONCE = 10;
    private static final long LARGE = 200L * 1024 * 1024;

    private static RelayStage stage;
    private static Deployment relay;
    private static String account;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                DbtCloudApiIT.class,
                World.jaffleShop()
                        .job(EmulatedJob.named("with-logs")
                                .id(WITH_LOGS)
                                .plan(RunPlan.succeeding().instantly().debugLogLines(LINES)))
                        .job(EmulatedJob.named("quick")
                                .id(JOB)
                                .plan(RunPlan.succeeding()
                                        .instantly()
                                        .artifact(PlannedArtifact.ofSize("large.bin", LARGE)))));
        relay = stage.deployment("dbt-cloud-api").start();
        account = "/api/connections/default/accounts/" + World.ACCOUNT_ID;
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    private static ValidatableResponse get(String path) {
        return given().urlEncodingEnabled(false)
                .get(relay.relay().url().resolve(path))
                .then();
    }

    private static ValidatableResponse post(String path) {
        return given().post(relay.relay().url().resolve(path)).then();
    }

    private static long runOf(String commandId, long job) {
        relay.send(job, trigger(commandId, job));
        return relay.reader()
                .awaitEvent("run.succeeded", commandId, PATIENCE)
                .data()
                .path("run_id")
                .asLong();
    }

    @Test
    void aRunIsSeenWithItsArtifactsWhichAreStreamed() throws Exception {
        long run = runOf("seen-by-http", JOB);

        get("/api/connections/default/test").statusCode(200).body("ok", equalTo(true));
        get(account + "/jobs/lookup?project_name=Jaffle%20Shop&environment_name=Production&job_name=quick")
                .body("job_id", equalTo(JOB));
        get(account + "/runs?job_definition_id=" + JOB + "&order_by=-id").body("data.id", hasItem(run));
        get(account + "/runs/" + run + "?include_related=trigger")
                .body("status_humanized", equalTo("Success"))
                .body("trigger.cause", containsString("dbt-cloud-api"));
        get(account + "/runs/" + run + "/artifacts").body("data", hasItem("run_results.json"));
        try (InputStream large = given().get(
                        relay.relay().url().resolve(account + "/runs/" + run + "/artifacts/large.bin"))
                .asInputStream()) {
            assertThat(large.transferTo(OutputStream.nullOutputStream())).isEqualTo(LARGE);
        }
        get(account + "/runs/x").statusCode(400).body("parameter", equalTo("run_id"));
        get(account + "/runs/1").statusCode(404).body("failure", equalTo("not_found"));
    }

    @Test
    void manyLargeLogsAtOnceDoNotFillTheMemory() throws Exception {
        long run = runOf("with-logs", WITH_LOGS);
        URI logs = relay.relay().url().resolve(account + "/runs/" + run + "?include_related=run_steps,debug_logs");

        List<Integer> statuses = new ArrayList<>();
        try (ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE)) {
            // A client that reads the answer to its end.
            HttpRequest request = HttpRequest.newBuilder(logs).build();
            List<Future<Integer>> asked = clients.invokeAll(Collections.nCopies(
                    AT_ONCE, () -> relay.relay().send(request).statusCode()));
            for (Future<Integer> answer : asked) {
                statuses.add(answer.get());
            }
        }

        assertThat(statuses).contains(200).isSubsetOf(200, 503);
        assertThat(relay.relay().lines()).noneMatch(line -> line.contains("OutOfMemoryError"));
    }

    @Test
    void aSuspendedConnectionStartsNothingUntilItIsResumed() {
        post("/api/connections/default/suspend")
                .statusCode(200)
                .body("suspended_since", notNullValue())
                .body("note", nullValue());
        long before = stage.dbtCloud().count(Endpoint.TRIGGER);
        try {
            relay.send(JOB, trigger("while-suspended", JOB));
            relay.reader().awaitEvent("command.accepted", "while-suspended", PATIENCE);
            // The command has come to its reservation when it waits for dbt Cloud, and stays there while others are
            // answered.
            Awaitility.await()
                    .atMost(PATIENCE)
                    .untilAsserted(() ->
                            get("/api/commands/while-suspended").statusCode(200).body("state", equalTo("waiting")));
            get(account + "/jobs/" + JOB).statusCode(200);
            assertThat(stage.dbtCloud().count(Endpoint.TRIGGER)).isEqualTo(before);
        } finally {
            post("/api/connections/default/resume").statusCode(200);
        }
        relay.reader().awaitEvent("run.succeeded", "while-suspended", PATIENCE);
        assertThat(stage.dbtCloud().count(Endpoint.TRIGGER)).isEqualTo(before + 1);
        get("/api/connections").body(not(containsString(stage.dbtCloud().token())));
    }
}
