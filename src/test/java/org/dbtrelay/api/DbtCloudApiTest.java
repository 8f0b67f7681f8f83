package org.dbtrelay.api;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.api.EmulatedDbtCloud.KEY;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.EmulatedProject;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.PlannedArtifact;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.testkit.DescribedApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** dbt Cloud's resources over HTTP. */
@QuarkusTest
@TestProfile(EmulatedDbtCloud.class)
class DbtCloudApiTest {

    private static final String PROBLEM = "application/problem+json";
    private static final String NOT_THERE = "/jobs/1";

    @Inject
    Connections connections;

    private DbtCloudEmulator emulator;
    private String account;

    @BeforeEach
    void begin() {
        emulator = EmulatedDbtCloud.Server.emulator;
        // Without a broker it would have the smallest share.
        connections.share(1);
        // Another test class of this application may have left the account refused: the next probe ends it.
        await().until(() ->
                get("/api/connections").extract().<List<?>>path("[0].refused").isEmpty());
        emulator.counters().reset();
        account = "/api/connections/default/accounts/" + emulator.accountId();
    }

    @AfterEach
    void end() {
        emulator.faults().clear();
    }

    private static ValidatableResponse get(String path) {
        return given().filter(new DescribedApi())
                .header("Authorization", "Bearer " + KEY)
                .urlEncodingEnabled(false)
                .get(path)
                .then();
    }

    private static ValidatableResponse post(String path) {
        return given().filter(new DescribedApi())
                .header("Authorization", "Bearer " + KEY)
                .urlEncodingEnabled(false)
                .post(path)
                .then();
    }

    private long named(String job) {
        return emulator.world().jobNamed(job).id();
    }

    private RunView ended(String job) {
        RunView run = emulator.triggerByOther(named(job), "x");
        EmulatedDbtCloud.Server.CLOCK.advance(Duration.ofHours(2));
        return emulator.run(run.id()).orElseThrow();
    }

    // connections

    @Test
    void connectionsAreToldWithoutTheirTokens() {
        get("/api/connections")
                .statusCode(200)
                .body("name", contains("default", "wrong"))
                .body("[0].host", equalTo(emulator.baseUrl()))
                .body("[0].account_id", equalTo(emulator.accountId()))
                .body("[0].suspended_since", nullValue())
                .body(not(containsString("canary")));
    }

    @Test
    void aConnectionIsTested() {
        get("/api/connections/default/test")
                .statusCode(200)
                .body("ok", equalTo(true))
                .body("suspects", empty())
                .body("message", containsString("Jaffle Shop"));
        get("/api/connections/wrong/test")
                .statusCode(200)
                .body("ok", equalTo(false))
                .body("suspects", contains("host", "token"))
                .body(not(containsString("canary")));
    }

    @Test
    void aMistypedAccountDoesNotSuspendItsConnection() {
        get("/api/connections/default/accounts/4711/runs").statusCode(502).body("failure", equalTo("suspended"));
        get("/api/connections").statusCode(200).body("[0].refused.account_id", not(hasItem(4711)));
    }

    @Test
    void aCommandWithoutABodyIsRefused() {
        given().filter(new DescribedApi())
                .header("Authorization", "Bearer " + KEY)
                .contentType("application/json")
                .post("/api/commands")
                .then()
                .statusCode(400)
                .contentType(PROBLEM);
    }

    @Test
    void aConnectionIsSuspendedAndResumed() {
        try (AuditLines audit = new AuditLines()) {
            // There is no broker here.
            post("/api/connections/default/suspend?reason=a+deploy")
                    .statusCode(503)
                    .body("detail", startsWith("the connection is suspended on this instance, but perhaps not on the"));
            get("/api/connections")
                    .body("[0].suspended_since", notNullValue())
                    .body("[0].suspended_by", equalTo("test"))
                    .body("[0].suspended_reason", equalTo("a deploy"));
            post("/api/connections/default/resume")
                    .statusCode(503)
                    .body("detail", startsWith("the connection may still be suspended"));
            get("/api/connections").body("[0].suspended_since", notNullValue());

            assertThat(audit.told())
                    .containsExactly("A person suspended a connection: nothing is started over it until it is resumed"
                            + " connection=default key=test reason=a deploy");
        } finally {
            connections.named("default").manualSuspension().release();
        }
    }

    @Test
    void aReasonIsALineOfText() {
        for (String reason : List.of("a%0Ab", "a%7Fb", "x".repeat(201))) {
            post("/api/connections/default/suspend?reason=" + reason)
                    .statusCode(400)
                    .body("detail", startsWith("reason: must have 1 to 200 printable characters"));
        }
        get("/api/connections").body("[0].suspended_since", nullValue());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/test", "/accounts", "/accounts/1/runs/1/artifacts/x"})
    void aConnectionThatIsNotThere(String path) {
        get("/api/connections/nowhere" + path)
                .statusCode(404)
                .contentType(PROBLEM)
                .body("detail", containsString("default, wrong"));
    }

    @Test
    void eachKeyOpensAndNothingElseDoes() {
        for (String scheme : List.of("Bearer", "bearer")) {
            given().filter(new DescribedApi())
                    .header("Authorization", scheme + " another-key-0123456789")
                    .get("/api/connections")
                    .then()
                    .statusCode(200);
        }
        for (String path : List.of("/api/connections", account, account + "/runs", account + "/runs/1/artifacts/x")) {
            given().filter(new DescribedApi()).get(path).then().statusCode(401).contentType(PROBLEM);
            given().filter(new DescribedApi())
                    .header("Authorization", "Bearer wrong-key-0123456789")
                    .get(path)
                    .then()
                    .statusCode(401);
        }
        given().filter(new DescribedApi())
                .post("/api/connections/default/suspend")
                .then()
                .statusCode(401);
    }

    // resources

    @Test
    void accountsProjectsEnvironmentsAndJobs() {
        get("/api/connections/default/accounts").statusCode(200).body("data.name", contains("Jaffle Shop"));
        get(account).statusCode(200).body("plan", equalTo("enterprise"));
        get(account + "/projects?name__icontains=fin").body("data.name", contains("Finance"));
        EmulatedProject shop = emulator.world().projects(emulator.accountId()).getFirst();
        String project = account + "/projects/" + shop.id();
        get(project).body("name", equalTo("Jaffle Shop"));
        get(project + "/environments").body("data.name", hasItems("Production", "Staging"));
        long environment = emulator.world().jobNamed("Daily build").environmentId();
        get(project + "/environments/" + environment).body("name", equalTo("Production"));
        get(account + "/jobs?order_by=-name&project_id=" + shop.id() + "&name__icontains=build")
                .body("data.name", hasItems("Slow build", "Daily build"));
        get(account + "/jobs?name__icontains=nothing").body("data", empty()).body("next_cursor", nullValue());
        get(account + "/jobs/" + named("Slow build"))
                .body("description", equalTo("runs for two minutes"))
                .body("id", equalTo(named("Slow build")));
    }

    @Test
    void aJobIsLookedUpByItsNames() {
        String lookup = account + "/jobs/lookup?project_name=Jaffle%20Shop&environment_name=Production&job_name=";
        get(lookup + "Daily%20build")
                .statusCode(200)
                .body("job_id", equalTo(70403103930101L))
                .body("job_name", equalTo("Daily build"))
                .body("deactivated", equalTo(false));
        assertThat(Stream.of(Endpoint.LIST_PROJECTS, Endpoint.LIST_ENVIRONMENTS, Endpoint.LIST_JOBS)
                        .map(emulator::count))
                .allSatisfy(count -> assertThat(count).isLessThanOrEqualTo(1));
        get(lookup + "Daily")
                .statusCode(404)
                .contentType(PROBLEM)
                .body("parameter", equalTo("job_name"))
                .body("detail", containsString("'Daily build'"));
        emulator.world().job(EmulatedJob.named("Twin")).job(EmulatedJob.named("Twin"));
        get(account + "/jobs/lookup?project_name=Finance&environment_name=Production&job_name=Twin")
                .statusCode(409)
                .body("detail", startsWith("2 jobs"));
        get(account + "/jobs/lookup?project_name=x&environment_name=y")
                .statusCode(400)
                .body("parameter", equalTo("job_name"));
    }

    @Test
    void pagesFollowEachOtherByTheirCursor() {
        for (int i = 0; i < 5; i++) {
            ended("Daily build");
        }
        String list = account + "/runs?limit=2&order_by=-id&job_definition_id=" + named("Daily build");

        List<Long> read = new java.util.ArrayList<>();
        String cursor = "";
        while (cursor != null) {
            var page = get(list + cursor).statusCode(200).extract().jsonPath();
            read.addAll(page.getList("data.id", Long.class));
            String next = page.getString("next_cursor");
            cursor = next == null ? null : "&cursor=" + next;
        }

        assertThat(read)
                .containsExactlyElementsOf(emulator.runsOfJob(named("Daily build")).reversed().stream()
                        .map(RunView::id)
                        .toList());
    }

    @Test
    void runsByFilters() {
        RunView run = ended("Broken build");
        String list = account + "/runs?job_definition_id=" + run.jobId();
        get(list + "&status__in=10,20&pk__in=" + run.id()).body("data.id", contains(run.id()));
        get(list + "&status__in=10").body("data.id", not(contains(run.id())));
        get(list + "&created_at__range=2020-01-01,2020-12-31").body("data", empty());
        get(account + "/runs/" + run.id() + "?include_related=run_steps,trigger")
                .body("status_humanized", equalTo("Error"))
                .body("run_steps", not(empty()))
                .body("trigger.cause", equalTo("x"));
        get(account + "/runs/" + run.id() + "/retry").body("failed_step", equalTo("dbt build"));
    }

    // bad input

    @ParameterizedTest
    @CsvSource({
        "/runs?limit=0, limit",
        "/runs?limit=101, limit",
        "/runs?limit=x, limit",
        "/runs?cursor=x, cursor",
        "/runs?jobid=5, jobid",
        "/runs?status=1&status=2, status",
        "/runs?status__in=blue, status__in",
        "/runs?order_by=colour, order_by",
        "/runs?offset=3, offset",
        "/runs?id__gt=x&cursor=100-7, id__gt",
        "/runs/x, run_id",
        "/runs/1?colour=red, colour",
        "/runs/1/artifacts/x?step=0, step",
        "/runs/1/artifacts/x?steps=1, steps",
        "/jobs/x, job_id",
        "/jobs?name=x, name",
        "/projects/x/environments, project_id",
        "/projects?name=x, name"
    })
    void badInputNamesTheParameter(String path, String parameter) {
        get(account + path)
                .statusCode(400)
                .contentType(PROBLEM)
                .body("status", equalTo(400))
                .body("parameter", equalTo(parameter));
    }

    @Test
    void anAccountThatIsNoNumber() {
        get("/api/connections/default/accounts/x").statusCode(400).body("parameter", equalTo("account_id"));
    }

    // failures

    @Test
    void whatIsNotThereIsToldInDbtCloudsWords() {
        get(account + NOT_THERE)
                .statusCode(404)
                .contentType(PROBLEM)
                .body("failure", equalTo("not_found"))
                .body("detail", containsString("check that you have the proper permissions"));
    }

    @Test
    void aBadTokenIsTheRelaysFault() {
        get("/api/connections/wrong/accounts/" + emulator.accountId() + NOT_THERE)
                .statusCode(502)
                .body("failure", equalTo("suspended"))
                .body("detail", containsString("Invalid token"))
                .body(not(containsString("canary")));
    }

    /** Of an account of its own: its budget keeps away for real minutes. */
    @Test
    void aShutOutSaysWhenToComeBack() {
        emulator.faults().next(1).ofAccount(999).tooManyRequests(Duration.ZERO, "77");

        get("/api/connections/default/accounts/999/jobs/1")
                .statusCode(429)
                .header("Retry-After", "77")
                .body("failure", equalTo("limited"));
    }

    @Test
    void aRefusalKeepsItsStatusAndNamesTheField() {
        emulator.faults().next(1).on(Endpoint.GET_JOB).status(409);
        get(account + NOT_THERE).statusCode(409).body("failure", equalTo("refused"));
    }

    @Test
    void aPageInPlaceOfJsonIsNamed() {
        emulator.faults().next(4).on(Endpoint.GET_JOB).htmlStatusAfterCreating(200);
        get(account + NOT_THERE)
                .statusCode(502)
                .body("failure", equalTo("unclear"))
                .body("detail", containsString("text/html"));
    }

    // artifacts

    @Test
    void artifactsAreListedAndPassedOn() {
        emulator.planNextRun(
                named("Daily build"), RunPlan.succeeding().artifact(PlannedArtifact.text("a/b c.txt", "hello")));
        RunView run = ended("Daily build");
        String artifacts = account + "/runs/" + run.id() + "/artifacts";

        get(artifacts).statusCode(200).body("data", hasItems("manifest.json", "a/b c.txt"));
        get(artifacts + "/a/b%20c.txt")
                .statusCode(200)
                .header("X-Content-Type-Options", "nosniff")
                .header("Content-Length", "5")
                .body(equalTo("hello"));
        get(artifacts + "/run_results.json?step=4").statusCode(200).body("results", notNullValue());
        get(artifacts + "/none.json").statusCode(404).body("failure", equalTo("not_found"));
        get(artifacts + "/%2e%2e/x").statusCode(not(200));
        emulator.planNextRun(named("Daily build"), RunPlan.succeeding().withoutArtifacts());
        get(account + "/runs/" + ended("Daily build").id() + "/artifacts").body("data", hasSize(0));
    }

    /** Whoever stands before dbt Cloud writes what it likes. */
    @ParameterizedTest
    @ValueSource(strings = {"garbage", "/", "text/;x", "text/html; charset=nowhere", ";"})
    void anArtifactOfAnyTypeIsPassedOn(String type) {
        RunView run = ended("Daily build");
        emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).answer(200, type, "hello", true);

        get(account + "/runs/" + run.id() + "/artifacts/manifest.json")
                .statusCode(200)
                .header("X-Content-Type-Options", "nosniff")
                .header("Content-Disposition", "attachment");
    }

    @Test
    void aLargeArtifactIsNotHeldInMemoryAndGivesItsSlotBackWhoeverGoesAway() throws Exception {
        long size = 100L * 1024 * 1024;
        emulator.planNextRun(
                named("Daily build"), RunPlan.succeeding().artifact(PlannedArtifact.ofSize("large.bin", size)));
        RunView run = ended("Daily build");
        URI uri = URI.create(io.restassured.RestAssured.baseURI + ":" + io.restassured.RestAssured.port + account
                + "/runs/" + run.id() + "/artifacts/large.bin");
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).header("Authorization", "Bearer " + KEY);
        try (HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            HttpResponse<InputStream> whole =
                    http.send(request.GET().build(), HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = whole.body()) {
                assertThat(body.transferTo(java.io.OutputStream.nullOutputStream()))
                        .isEqualTo(size);
            }
            // More often than there are slots.
            for (int i = 0; i < 40; i++) {
                HttpResponse<InputStream> begun =
                        http.send(request.GET().build(), HttpResponse.BodyHandlers.ofInputStream());
                try (InputStream body = begun.body()) {
                    assertThat(body.readNBytes(10)).hasSize(10);
                }
                HttpResponse<Void> head = http.send(
                        request.method("HEAD", HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.discarding());
                assertThat(head.statusCode()).isEqualTo(200);
            }
        }
        get(account + "/runs/" + run.id() + "/artifacts").statusCode(200);
    }
}
