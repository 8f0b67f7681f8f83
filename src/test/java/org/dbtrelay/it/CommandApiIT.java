package org.dbtrelay.it;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.emptyOrNullString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.restassured.http.ContentType;
import io.restassured.http.Header;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.record.CompressionType;
import org.dbtrelay.docs.Document;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.DescribedApi;
import org.dbtrelay.testkit.ReceivedEvent;
import org.dbtrelay.testkit.RecordBatches;
import org.dbtrelay.testkit.TopicReader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Commands over HTTP with a key, and what the management port tells. */
class CommandApiIT {

    private static final long QUICK_JOB = 70403103950001L;
    private static final long ENDLESS_JOB = 70403103950002L;
    private static final String KEY = "6f1d3f0c2b9a4e57a1c8d2e3f4051627";
    private static final String PROBLEM = "application/problem+json";

    private static RelayStage stage;
    private static Deployment relay;
    private static TopicReader commands;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                CommandApiIT.class,
                World.jaffleShop()
                        .job(EmulatedJob.named("quick")
                                .id(QUICK_JOB)
                                .plan(RunPlan.succeeding().instantly()))
                        .job(EmulatedJob.named("endless").id(ENDLESS_JOB).plan(RunPlan.unending())));
        relay = stage.deployment("command-api")
                .set("relay.api.open", "false")
                .set("relay.api.keys.ci", KEY)
                .set("relay.api.keys.people", "another-key-of-some-length");
        relay.builder().environment("KAFKA_COMPRESSION_TYPE", "gzip");
        relay.start();
        commands = TopicReader.of(stage.kafka().bootstrapServers(), relay.topic("commands"));
    }

    @AfterAll
    static void end() {
        commands.close();
        stage.close();
    }

    @Test
    void commandGoesToTheTopicKeyedByItsJob() {
        String body = trigger("by-http", QUICK_JOB);

        post(body)
                .statusCode(202)
                .contentType(ContentType.JSON)
                .header(
                        "Location",
                        equalTo(relay.relay()
                                .url()
                                .resolve("/api/commands/by-http")
                                .toString()))
                .body("command_id", equalTo("by-http"));

        ReceivedEvent message = commands.awaitFor(it -> it.commandId().equals("by-http"), PATIENCE);
        assertThat(message.key()).isEqualTo(Long.toString(QUICK_JOB));
        assertThat(message.text()).as("as it was posted").isEqualTo(body);
        relay.reader().awaitEvent("run.succeeded", "by-http", PATIENCE);
    }

    /** The records that come by HTTP, and all that the ledger's transactions write. */
    @Test
    void compressesAsTheEnvironmentSays() {
        post(trigger("compressed", QUICK_JOB)).statusCode(202);
        relay.reader().awaitEvent("run.succeeded", "compressed", PATIENCE);

        for (String topic : List.of("commands", "ledger", "run.events")) {
            assertThat(RecordBatches.codecs(stage.kafkaDirectory(), relay.topic(topic)))
                    .as(topic)
                    .containsOnly(CompressionType.GZIP);
        }
    }

    @Test
    void commandByNamesIsKeyedByThem() {
        post("""
                {"command": "trigger", "command_id": "names-by-http", "project_name": "Jaffle Shop",
                 "environment_name": "Production", "job_name": "quick"}""").statusCode(202);

        assertThat(commands.awaitFor(it -> it.commandId().equals("names-by-http"), PATIENCE)
                        .key())
                .isEqualTo("Jaffle Shop/Production/quick");
        relay.reader().awaitEvent("run.succeeded", "names-by-http", PATIENCE);
    }

    @Test
    void commandForARunIsKeyedByIt() {
        post("{\"command\": \"follow\", \"command_id\": \"run-by-http\", \"run_id\": 4711}")
                .statusCode(202);

        assertThat(commands.awaitFor(it -> it.commandId().equals("run-by-http"), PATIENCE)
                        .key())
                .isEqualTo("4711");
    }

    @Test
    void keyCanBeGiven() {
        post(trigger("keyed-by-hand", QUICK_JOB), "orders & more").statusCode(202);

        assertThat(commands.awaitFor(it -> it.commandId().equals("keyed-by-hand"), PATIENCE)
                        .key())
                .isEqualTo("orders & more");
        post(trigger("keyed-by-nothing", QUICK_JOB), " ")
                .statusCode(400)
                .contentType(PROBLEM)
                .body("detail", containsString("key: must have 1 to 1000 characters"));
    }

    @Test
    void commandThatNamesAnotherGoesToItsPartition() {
        // A key of no meaning: the partition is not the one that the job would make.
        post(trigger("to-be-cancelled", ENDLESS_JOB), "some-key").statusCode(202);
        ReceivedEvent target = commands.awaitFor(it -> it.commandId().equals("to-be-cancelled"), PATIENCE);
        relay.reader().awaitEvent("run.running", "to-be-cancelled", PATIENCE);

        post("{\"command\": \"cancel\", \"command_id\": \"stop\", \"target_command_id\": \"to-be-cancelled\"}")
                .statusCode(202);

        ReceivedEvent cancel = commands.awaitFor(it -> it.commandId().equals("stop"), PATIENCE);
        assertThat(cancel.origin().partition()).isEqualTo(target.origin().partition());
        relay.reader().awaitEvent("run.cancelled", "to-be-cancelled", PATIENCE);
        ReceivedEvent completed = relay.reader().awaitEvent("command.completed", "stop", PATIENCE);
        assertThat(completed.data().path("status").asText()).isEqualTo("cancelled");
        assertThat(completed.data().path("status_code").asInt()).isEqualTo(30);
    }

    @Test
    void commandThatNamesOneThatNobodyKnowsNeedsAKey() {
        String body =
                "{\"command\": \"cancel\", \"command_id\": \"stop-nothing\", \"target_command_id\": \"never-sent\"}";

        post(body)
                .statusCode(409)
                .contentType(PROBLEM)
                .body("detail", containsString("target_command_id: "))
                .body("detail", containsString("'key'"));
        post(body, "some-key").statusCode(202);

        assertThat(commands.await(1, it -> it.commandId().equals("stop-nothing"), PATIENCE))
                .singleElement()
                .satisfies(message -> assertThat(message.key()).isEqualTo("some-key"));
    }

    @Test
    void commandWithoutIdGetsOne() {
        String id = post("{\"command\": \"trigger\", \"job_id\": %d}".formatted(QUICK_JOB))
                .statusCode(202)
                .body("command_id", matchesPattern("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"))
                .extract()
                .path("command_id");

        relay.reader().awaitEvent("run.succeeded", id, PATIENCE);
        assertThat(commands.events(it -> it.commandId().equals(id))).hasSize(1);
    }

    @Test
    void locationLeadsToTheCommandWhateverItsId() {
        String id = "orders 2026/11/22 ü+%";

        String location = post(trigger(id, QUICK_JOB)).statusCode(202).extract().header("Location");
        relay.reader().awaitEvent("run.succeeded", id, PATIENCE);

        get(URI.create(location)).statusCode(200).body("command_id", equalTo(id));
    }

    @Test
    void commandInFlightAndEnded() {
        post("""
                {"command": "trigger", "command_id": "watched", "job_id": %d, "context": {"batch": 17}, "artifacts": []}""".formatted(ENDLESS_JOB)).statusCode(202);
        ReceivedEvent running = relay.reader().awaitEvent("run.running", "watched", PATIENCE);
        long run = running.runId().orElseThrow();
        // A busy machine may miss that it was starting.
        int told = Math.toIntExact(running.sequence().orElseThrow()) + 1;

        get("api/commands")
                .statusCode(200)
                .body("incomplete", empty())
                .body("next_cursor", nullValue())
                .body("data.command_id", hasItem("watched"))
                .body("data.find { it.command_id == 'watched' }.state", equalTo("following"))
                .body("data.find { it.command_id == 'watched' }.run_status", equalTo("running"));
        get("api/commands?state=following&connection=default&job_id=" + ENDLESS_JOB)
                .body("data.command_id", hasItem("watched"));
        get("api/commands?state=waiting").body("data.command_id", not(hasItem("watched")));
        get("api/commands?job_id=" + QUICK_JOB).body("data.command_id", not(hasItem("watched")));
        get("api/commands?since=2100-01-01T00:00:00Z").body("data", empty());
        await().atMost(PATIENCE)
                .untilAsserted(() -> get("api/commands/watched").body("events.type", hasItems("run.running")));
        get("api/commands/watched")
                .statusCode(200)
                .body("state", equalTo("following"))
                .body("command", equalTo("trigger"))
                .body("connection", equalTo("default"))
                .body("account_id", equalTo(World.ACCOUNT_ID))
                .body("job_id", equalTo(ENDLESS_JOB))
                .body("run_id", equalTo(run))
                .body("outcome", nullValue())
                .body("events_told", equalTo(told))
                .body(
                        "events.sequence",
                        equalTo(IntStream.range(0, told).boxed().toList()))
                .body("events.type", hasItems("command.accepted", "run.running"))
                .body("events.last().context.batch", equalTo(17));

        stage.dbtCloud().finishRun(run, RunStatus.SUCCESS);
        relay.reader().awaitEvent("run.succeeded", "watched", PATIENCE);
        // A consumer can see the event a moment before the instance that has told it knows that it is committed.
        await().atMost(PATIENCE)
                .untilAsserted(() -> get("api/commands/watched")
                        .statusCode(200)
                        .body("state", equalTo("finished"))
                        .body("outcome", equalTo("run.succeeded"))
                        .body("run_id", equalTo(run))
                        .body("events.type.last()", equalTo("run.succeeded")));
        get("api/commands").statusCode(200).body("data.command_id", not(hasItem("watched")));
        get("api/commands?outcome=run.succeeded").body("data.command_id", hasItem("watched"));
        get("api/commands?outcome=run.failed").body("data.command_id", not(hasItem("watched")));
    }

    @ParameterizedTest
    @CsvSource({
        "state=running, state: it must be one of cancelling",
        "outcome=failed, outcome: it must be one of artifact.ready",
        "job_id=orders, job_id: it must be a number",
        "since=yesterday, since: it must be a time such as 2026-11-22T10:00:00Z",
        "scope=all, 'scope: it must be one of deployment, instance'",
        "limit=1001, limit: it must be a number from 1 to 1000",
        "cursor=x, cursor: it must be a next_cursor that was given out",
        "status=running, status: there is no such parameter here",
    })
    void badParameterOfAListIsNamed(String query, String told) {
        get("api/commands?" + query).statusCode(400).contentType(PROBLEM).body("detail", startsWith(told));
    }

    @Test
    void cloudEventIsTakenApartForTheTopic() {
        String command =
                "{\"command\": \"trigger\", \"job_id\": %d, \"context\": {\"amount\": 2.50}}".formatted(QUICK_JOB);
        String parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

        withKey(KEY)
                .contentType("application/cloudevents+json; charset=utf-8")
                .header("traceparent", parent)
                .body(bytes("""
                        {"specversion": "1.0", "type": "orders.landed", "source": "/shop", "id": "structured",
                         "data": %s}""".formatted(command)))
                .post(address("api/commands"))
                .then()
                .statusCode(202)
                .body("command_id", equalTo("/shop|structured"));
        withKey(KEY)
                .contentType(ContentType.JSON)
                .header("ce-specversion", "1.0")
                .header("ce-type", "orders.landed")
                .header("ce-source", "/shop")
                .header("ce-id", "%C3%BC+%25")
                .header("ce-traceparent", parent)
                .header("tracestate", "vendor=1")
                .body(bytes(command))
                .post(address("api/commands"))
                .then()
                .statusCode(202)
                .body("command_id", equalTo("/shop|ü+%"));

        for (String id : List.of("/shop|structured", "/shop|ü+%")) {
            ReceivedEvent message = commands.awaitFor(it -> it.commandId().equals(id), PATIENCE);
            assertThat(message.key()).isEqualTo(Long.toString(QUICK_JOB));
            assertThat(message.headers()).isEqualTo(Map.of("traceparent", parent));
            assertThat(message.text())
                    .isEqualTo(
                            "{\"command\":\"trigger\",\"job_id\":%d,\"context\":{\"amount\":2.50},\"command_id\":\"%s\"}"
                                    .formatted(QUICK_JOB, id));
            assertThat(relay.reader().awaitEvent("run.succeeded", id, PATIENCE).header("traceparent"))
                    .isEqualTo(parent);
        }
    }

    @Test
    void badCloudEventIsAProblemThatNamesTheAttribute() {
        withKey(KEY)
                .contentType("application/cloudevents+json")
                .body(bytes(
                        "{\"specversion\": \"0.3\", \"type\": \"t\", \"source\": \"/shop\", \"id\": \"1\", \"data\": %s}"
                                .formatted(trigger("never-sent", QUICK_JOB))))
                .post(address("api/commands"))
                .then()
                .statusCode(400)
                .contentType(PROBLEM)
                .body("detail", startsWith("specversion: must be 1.0"));
        withKey(KEY)
                .contentType("application/cloudevents-batch+json")
                .body(bytes("[]"))
                .post(address("api/commands"))
                .then()
                .statusCode(415);
    }

    static Stream<Arguments> badBodies() {
        return Stream.of(
                arguments("run the orders job, please", "no JSON"),
                arguments("[]", "no JSON object"),
                arguments("", "the body is empty"),
                arguments("{\"command\": \"trigger\"}", "job_id: must be given"),
                arguments("{\"command\": \"trigger\", \"job_id\": \"1\"}", "job_id: must be a positive integer"),
                arguments("{\"command\": \"trigger\", \"job_id\": 1, \"jobid\": 2}", "jobid: is not a field"),
                arguments("{\"command\": \"start\", \"job_id\": 1}", "command: must be one of"),
                arguments(
                        "{\"command\": \"trigger\", \"job_id\": 1, \"command_id\": 7}", "command_id: must be a string"),
                arguments("{\"command\": \"retry\"}", "run_id: exactly one of"),
                arguments("{\"command\": \"cancel\", \"run_id\": 1, \"cause\": \"x\"}", "cause: is not for cancel"),
                arguments(
                        "{\"command\": \"trigger\", \"job_id\": 1, \"cause\": \"%s\"}".formatted("x".repeat(300_000)),
                        "relay.commands.max-size"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("badBodies")
    void badBodyIsAProblemThatNamesFieldAndRule(String body, String detail) {
        post(body)
                .statusCode(400)
                .contentType(PROBLEM)
                .body("type", equalTo("about:blank"))
                .body("title", equalTo("Bad Request"))
                .body("status", equalTo(400))
                .body("detail", containsString(detail));

        assertThat(commands.events(it -> body.equals(it.text()))).isEmpty();
    }

    @Test
    void otherContentIsNotTaken() {
        withKey(KEY)
                .contentType("text/plain")
                .body(bytes(trigger("plain-text", QUICK_JOB)))
                .post(address("api/commands"))
                .then()
                .statusCode(415)
                .contentType(PROBLEM);
    }

    @Test
    void unknownCommandIsAProblem() {
        get("api/commands/never-heard-of")
                .statusCode(404)
                .contentType(PROBLEM)
                .body("status", equalTo(404))
                .body("detail", containsString("no instance has a command of this id"));
    }

    @Test
    void unknownPathIsNoPage() {
        get("api/nothing").statusCode(404).body(not(containsString("<html")));
    }

    /** No stack trace, no class, no product and no version, in the body or in a header: docs/security.md. */
    @Test
    void strangersLearnNothingOfWhatRunsHere() {
        String fault = "{\"command\": \"trigger\", \"job_id\": 1e999999999}";
        List<Response> answers = List.of(
                given().get(address("api/commands")),
                given().get(address("api/nothing")),
                given().get(address("nothing")),
                given().delete(address("api/commands")),
                given().contentType("text/plain").body(bytes("x")).post(address("api/commands")),
                given().contentType(ContentType.JSON).body(bytes(fault)).post(address("api/commands")),
                given().contentType(ContentType.JSON).body(bytes("{}")).post(address("webhooks/dbt-cloud/default")),
                given().contentType(ContentType.JSON)
                        .body(bytes("x".repeat(70_000)))
                        .post(address("webhooks/dbt-cloud/nobody")),
                withKey(KEY).contentType(ContentType.JSON).body(bytes(fault)).post(address("api/commands")),
                withKey(KEY).delete(address("api/commands")),
                withKey(KEY).get(address("api/connections/nobody/test")),
                given().get(management("")),
                given().get(management("q/nothing")));

        Response page = given().get(address(""));
        assertThat(page.statusCode()).as("the page holds nothing but itself").isEqualTo(200);
        assertThat(answers).allSatisfy(answer -> assertThat(answer.statusCode()).isBetween(400, 499));
        assertThat(Stream.concat(answers.stream(), Stream.of(page))).allSatisfy(answer -> {
            assertThat(answer.headers().asList()).extracting(Header::getName).doesNotContain("Server", "X-Powered-By");
            assertThat(answer.headers() + answer.body().asString())
                    .doesNotContainPattern(
                            "(?i)quarkus|vert\\.?x|netty|resteasy|jackson|java\\.|org\\.dbtrelay|exception|\\tat ")
                    .doesNotContainPattern("\\d+\\.\\d+\\.\\d+(?!\\.\\d)");
        });
    }

    @Test
    void withoutKeyNothingIsServed() {
        for (RequestSpecification request : List.of(
                given(),
                withKey("6f1d3f0c2b9a4e57a1c8d2e3f4051628"),
                withKey(""),
                given().header("Authorization", "Basic " + KEY),
                given().header("Authorization", KEY))) {
            request.contentType(ContentType.JSON)
                    .body(bytes(trigger("without-key", QUICK_JOB)))
                    .post(address("api/commands"))
                    .then()
                    .statusCode(401)
                    .contentType(PROBLEM)
                    .header("WWW-Authenticate", startsWith("Bearer"))
                    .body("status", equalTo(401))
                    .body("detail", containsString("relay.api.keys"))
                    .body("detail", not(containsString(KEY)));
        }
        given().get(address("api/commands")).then().statusCode(401);
        given().get(address("api/commands/by-http")).then().statusCode(401);
        commands.awaitEnd(PATIENCE);
        assertThat(commands.events(it -> it.commandId().equals("without-key"))).isEmpty();
    }

    @Test
    void everyKeyOpens() {
        withKey("another-key-of-some-length")
                .get(address("api/commands"))
                .then()
                .statusCode(200);
    }

    @Test
    void healthMetricsAndOpenApiAreOnTheManagementPort() {
        post(trigger("counted", QUICK_JOB)).statusCode(202);
        relay.reader().awaitEvent("run.succeeded", "counted", PATIENCE);

        given().get(management("q/health/ready"))
                .then()
                .statusCode(200)
                .body("status", equalTo("UP"))
                .body("checks.name", hasItems("partitions", "connections"));
        given().get(management("q/health/live")).then().statusCode(200);
        given().get(management("q/metrics"))
                .then()
                .statusCode(200)
                .body(matchesPattern("(?s).*relay_events_total\\{[^}]*type=\"run\\.succeeded\"[^}]*} [1-9].*"));
        String metrics = given().get(management("q/metrics")).asString();
        assertThat(Document.at("docs/metrics.md").firstColumn("Useful ones of the libraries"))
                .as("what alerts and dashboards rely on")
                .isNotEmpty()
                .allSatisfy(meter -> assertThat(metrics).contains("\n" + meter.replaceAll("\\{.*", "")));
        given().accept(ContentType.JSON)
                .get(management("q/openapi?format=json"))
                .then()
                .statusCode(200)
                .body("paths.keySet()", hasItems("/api/commands", "/api/commands/{command_id}"))
                .body("paths.'/api/commands'.post.summary", not(emptyOrNullString()));
        for (String path : List.of("q/health/ready", "q/metrics", "q/openapi")) {
            given().get(address(path)).then().statusCode(404);
        }
    }

    private static ValidatableResponse post(String body) {
        return withKey(KEY)
                .contentType(ContentType.JSON)
                .body(bytes(body))
                .post(address("api/commands"))
                .then();
    }

    private static ValidatableResponse post(String body, String key) {
        return withKey(KEY)
                .contentType(ContentType.JSON)
                .body(bytes(body))
                .urlEncodingEnabled(false)
                .post(address("api/commands?key=" + URLEncoder.encode(key, StandardCharsets.UTF_8)))
                .then();
    }

    private static ValidatableResponse get(String path) {
        return get(address(path));
    }

    private static ValidatableResponse get(URI address) {
        return withKey(KEY).get(address).then();
    }

    private static RequestSpecification withKey(String key) {
        return given().filter(new DescribedApi()).urlEncodingEnabled(false).header("Authorization", "Bearer " + key);
    }

    private static URI address(String path) {
        return relay.relay().url().resolve(path);
    }

    private static URI management(String path) {
        return relay.relay().managementUrl().resolve(path);
    }
}
