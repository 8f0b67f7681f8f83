package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The requests of published clients as they put them on the wire, by their public source of November 2026. The emulator that
 * is offered to them takes each. A strict one refuses what dbt Cloud's documents do not have, so that a mistake of the relay
 * does not pass.
 */
class DbtCloudEmulatorClientsTest {

    /** The headers of each, beside what its HTTP library adds. */
    private static final Map<String, Map<String, String>> HEADERS = Map.of(
            "airflow",
            Map.of(
                    "User-Agent",
                    "apache-airflow-providers-dbt-cloud-v4.6.1",
                    "Content-Type",
                    "application/json",
                    "Accept",
                    "*/*",
                    "Accept-Encoding",
                    "gzip, deflate",
                    "Authorization",
                    "Token {token}"),
            "dbtc",
            Map.of(
                    "Content-Type",
                    "application/json",
                    "Accept-Encoding",
                    "identity",
                    "Authorization",
                    "Bearer {token}"),
            "dbt-cloud-cli",
            Map.of("Accept", "*/*", "Accept-Encoding", "gzip, deflate", "Authorization", "Token {token}"),
            "prefect",
            Map.of(
                    "User-Agent",
                    "prefect-3.4.0",
                    "x-dbt-partner-source",
                    "prefect",
                    "Accept",
                    "*/*",
                    "Accept-Encoding",
                    "gzip, deflate",
                    "Authorization",
                    "Bearer {token}"),
            "dbt-mcp",
            Map.of(
                    "Content-Type",
                    "application/json",
                    "Accept",
                    "application/json",
                    "x-dbt-partner-source",
                    "dbt-mcp",
                    "Authorization",
                    "Bearer {token}"));

    /** Client, method, path with query, body, and the status at a strict emulator. {@code v2} and {@code v3} stand for the account's path. */
    private static final String REQUESTS = """
            airflow       | GET  | v2/ || 200
            airflow       | GET  | v3/projects/?name__icontains=Jaffle+Shop || 200
            airflow       | GET  | v3/projects/{project}/ || 200
            airflow       | GET  | v3/projects/{project}/environments/?name__icontains=Prod || 200
            airflow       | GET  | v3/projects/{project}/environments/{environment}/ || 200
            airflow       | GET  | v2/jobs/?project_id={project}&environment_id={environment}&name__icontains=Daily || 200
            airflow       | GET  | v2/jobs/?order_by=-id || 200
            airflow       | GET  | v2/jobs/{job} || 404
            airflow       | POST | v2/jobs/{job}/run/ | {"cause": "Triggered via Apache Airflow", "steps_override": null, "schema_override": null} | 200
            airflow       | POST | v2/jobs/{job}/run/ | {"cause": "c", "steps_override": ["dbt run"], "schema_override": "s", "threads_override": 8} | 200
            airflow       | POST | v2/jobs/{job}/rerun/ || 200
            airflow       | GET  | v2/runs/?job_definition_id={job}&order_by=-created_at&limit=1 || 200
            airflow       | GET  | v2/runs/?job_definition_id={job}&status__in=%5B1%2C+2%2C+3%5D&order_by=-created_at || 200
            airflow       | GET  | v2/runs/?include_related=trigger&include_related=job&job_definition_id={job}&order_by=-id || 200
            airflow       | GET  | v2/runs/?include_related=trigger&offset=100 || 200
            airflow       | GET  | v2/runs/{run}/ || 200
            airflow       | GET  | v2/runs/{run}/?include_related=job&include_related=environment&include_related=run_steps || 200
            airflow       | POST | v2/runs/{run}/cancel/ || 200
            airflow       | GET  | v2/runs/{run}/artifacts/ || 200
            airflow       | GET  | v2/runs/{run}/artifacts/?step=4 || 400
            airflow       | GET  | v2/runs/{run}/artifacts/run_results.json?step=4 || 200
            airflow       | GET  | v2/runs/{run}/artifacts/manifest.json || 200
            dbtc          | GET  | /api/v3/accounts/ || 200
            dbtc          | GET  | v2 || 404
            dbtc          | GET  | v3/projects || 404
            dbtc          | GET  | v3/projects?pk__in=%5B{project}%5D&state=1&offset=0&limit=10 || 404
            dbtc          | GET  | v3/projects/{project} || 404
            dbtc          | GET  | v3/environments/ || 404
            dbtc          | GET  | v3/projects/{project}/environments/?deployment_type__in=%5B%22production%22%5D&type=deployment&state=1&order_by=id || 200
            dbtc          | GET  | v3/projects/{project}/environments/{environment} || 404
            dbtc          | GET  | v2/jobs/?environment_id={environment}&project_id__in=%5B{project}%5D&state=1&limit=5&order_by=-id || 200
            dbtc          | GET  | v2/jobs/{job}/?include_related= || 200
            dbtc          | GET  | v2/jobs/{job}/?order_by=-id&include_related=account%2Cproject%2Cenvironment || 400
            dbtc          | GET  | v2/runs?include_related= || 404
            dbtc          | GET  | v2/runs?include_related=trigger&status__in=%5B1%2C+2%2C+3%5D || 404
            dbtc          | GET  | v2/runs?include_related=&job_definition_id={job}&order_by=-id&limit=1&status__in=%5B10%5D || 404
            dbtc          | GET  | v2/runs/{run}?include_related=trigger%2Cjob%2Crepository%2Cdebug_logs%2Crun_steps%2Cenvironment || 404
            dbtc          | GET  | v2/runs/{run}/artifacts || 404
            dbtc          | GET  | v2/runs/{run}/artifacts?step=4 || 404
            dbtc          | GET  | v2/runs/{run}/artifacts/run_results.json || 200
            dbtc          | POST | v2/runs/{run}/cancel || 404
            dbtc          | POST | v2/jobs/{job}/run/ | {"cause": "dbtc"} | 200
            dbtc          | POST | v2/jobs/{job}/rerun/ || 200
            dbtc          | GET  | v3/webhooks/subscriptions?limit=10 || 200
            dbtc          | POST | v3/webhooks/subscriptions | {"active": false, "client_url": "http://127.0.0.1:9/", "event_types": ["job.run.completed"], "name": "n"} | 201
            dbt-cloud-cli | GET  | /api/v3/accounts/ || 200
            dbt-cloud-cli | GET  | v2 || 404
            dbt-cloud-cli | GET  | v3/projects || 404
            dbt-cloud-cli | GET  | v3/projects/{project} || 404
            dbt-cloud-cli | GET  | v3/projects/{project}/environments?limit=5&offset=0&state=1 || 404
            dbt-cloud-cli | GET  | v3/projects/{project}/environments/{environment}/ || 200
            dbt-cloud-cli | GET  | v2/jobs || 404
            dbt-cloud-cli | GET  | v2/jobs?order_by=-id&project_id={project}&limit=5 || 404
            dbt-cloud-cli | GET  | v2/jobs/{job}?order_by=id || 404
            dbt-cloud-cli | POST | v2/jobs/{job}/run/ | {"account_id": {account}, "job_id": {job}, "cause": "Triggered via API", "git_sha": null, "git_branch": null, "schema_override": null, "dbt_version_override": null, "threads_override": null, "target_name_override": null, "generate_docs_override": null, "timeout_seconds_override": null, "steps_override": null} | 400
            dbt-cloud-cli | GET  | v2/runs/{run} || 404
            dbt-cloud-cli | GET  | v2/runs?limit=100&job_definition_id={job}&status=10&order_by=-id&offset=0 || 404
            dbt-cloud-cli | POST | v2/runs/{run}/cancel/ || 200
            dbt-cloud-cli | GET  | v2/runs/{run}/artifacts || 404
            dbt-cloud-cli | GET  | v2/runs/{run}/artifacts/manifest.json?step=4 || 200
            prefect       | GET  | v2/jobs/{job}/ || 200
            prefect       | GET  | v2/jobs/{job}/?order_by=id || 400
            prefect       | POST | v2/jobs/{job}/run/ | {"cause":"Triggered via Prefect in task run t"} | 200
            prefect       | POST | v2/jobs/{job}/run/ | {} | 400
            prefect       | GET  | v2/runs/{run}/ || 200
            prefect       | GET  | v2/runs/{run}/?include_related=trigger&include_related=job&include_related=debug_logs&include_related=run_steps || 200
            prefect       | GET  | v2/runs/{run}/artifacts/ || 200
            prefect       | GET  | v2/runs/{run}/artifacts/?step=4 || 400
            prefect       | GET  | v2/runs/{run}/artifacts/manifest.json?step=4 || 200
            prefect       | GET  | v2/jobs/{job}/artifacts/manifest.json || 200
            dbt-mcp       | GET  | /api/v2/whoami/ || 404
            dbt-mcp       | GET  | /api/v3/accounts/ || 200
            dbt-mcp       | GET  | v2/ || 200
            dbt-mcp       | GET  | v3/projects/?state=1&offset=0&limit=100 || 200
            dbt-mcp       | GET  | v3/projects/?state=1&include_related=%5B%27environments%27%2C%27repository%27%5D || 200
            dbt-mcp       | GET  | v3/projects/{project}/environments/?state=1&offset=0&limit=100 || 200
            dbt-mcp       | GET  | v2/jobs/?environment_id={environment}&limit=20&include_related=%5B%27most_recent_run%27%2C%27most_recent_completed_run%27%5D || 200
            dbt-mcp       | GET  | v2/jobs/{job}/?include_related=%5B%27most_recent_run%27%2C%27most_recent_completed_run%27%5D || 200
            dbt-mcp       | POST | v2/jobs/{job}/run/ | {"cause":"Triggered by dbt MCP","git_branch":"main"} | 200
            dbt-mcp       | GET  | v2/runs/?job_definition_id={job}&status=10&limit=5&order_by=-id&include_related=%5B%27job%27%5D || 200
            dbt-mcp       | GET  | v2/runs/{run}/?include_related=%5B%27run_steps%27%5D || 200
            dbt-mcp       | POST | v2/runs/{run}/cancel/ || 200
            dbt-mcp       | POST | v2/runs/{failed}/retry/ || 200
            dbt-mcp       | GET  | v2/runs/{run}/artifacts/ || 200
            dbt-mcp       | GET  | v2/runs/{run}/artifacts/run_results.json?step=4 || 200
            """;

    private final HandTurnedClock clock = HandTurnedClock.at(Instant.parse("2026-11-22T10:00:00Z"));
    private DbtCloudEmulator lenient;
    private EmulatorClient client;

    record Sent(String client, String method, String path, String body, int strictStatus) {
        static Sent of(String line) {
            String[] parts = line.split("\\|", -1);
            return new Sent(
                    parts[0].strip(),
                    parts[1].strip(),
                    parts[2].strip(),
                    parts[3].strip(),
                    Integer.parseInt(parts[4].strip()));
        }

        /** As it goes to the emulator, with the ids of its world. */
        HttpRequest.Builder to(DbtCloudEmulator emulator) {
            String at = filled(path, emulator);
            for (String version : List.of("v2", "v3")) {
                at = at.replaceFirst("^" + version, "/api/" + version + "/accounts/" + emulator.accountId());
            }
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(emulator.baseUrl() + at))
                    .method(method, HttpRequest.BodyPublishers.ofString(filled(body, emulator)));
            HEADERS.get(client).forEach((name, value) -> request.header(name, filled(value, emulator)));
            if (!body.isEmpty() && !HEADERS.get(client).containsKey("Content-Type")) {
                request.header("Content-Type", "application/json");
            }
            return request;
        }

        private static String filled(String text, DbtCloudEmulator emulator) {
            EmulatedJob job = emulator.world().jobNamed("Daily build");
            long failing = emulator.world().jobNamed("Broken build").id();
            return text.replace("{token}", emulator.token())
                    .replace("{account}", Long.toString(emulator.accountId()))
                    .replace("{project}", Long.toString(job.projectId()))
                    .replace("{environment}", Long.toString(job.environmentId()))
                    .replace("{job}", Long.toString(job.id()))
                    .replace("{run}", first(emulator, job.id()))
                    .replace("{failed}", first(emulator, failing));
        }

        private static String first(DbtCloudEmulator emulator, long job) {
            return Long.toString(emulator.runsOfJob(job).getFirst().id());
        }
    }

    static Stream<Sent> requests() {
        return REQUESTS.lines().map(Sent::of);
    }

    @BeforeEach
    void start() {
        lenient = started(false);
        client = new EmulatorClient(lenient);
    }

    @AfterEach
    void stop() {
        client.close();
        lenient.close();
    }

    private DbtCloudEmulator started(boolean strict) {
        DbtCloudEmulator emulator = DbtCloudEmulator.builder()
                .clock(clock)
                .behaviour(Behaviour.likely().strict(strict))
                .start();
        emulator.triggerByOther(emulator.world().jobNamed("Daily build").id(), "first");
        emulator.triggerByOther(emulator.world().jobNamed("Broken build").id(), "fails");
        emulator.advance(Duration.ofMinutes(1));
        return emulator;
    }

    @ParameterizedTest
    @MethodSource("requests")
    void takesWhatClientsSend(Sent sent) {
        EmulatorClient.Reply reply = client.send(sent.to(lenient));

        assertThat(reply.status()).as(reply.body()).isBetween(200, 299);
        assertThat(reply.json().isObject()).isTrue();
    }

    @Test
    void isStrictForTheRelaysOwnTests() {
        try (DbtCloudEmulator strict = started(true)) {
            assertThat(requests()).allSatisfy(sent -> {
                EmulatorClient.Reply reply = client.send(sent.to(strict));
                assertThat(reply.status()).as(reply.body()).isEqualTo(sent.strictStatus());
            });
        }
    }

    /** The fields that clients read and the documents do not promise. */
    @Test
    void answersWhatClientsRead() {
        JsonNode who = client.send(client.request("/api/v2/whoami/")).data();
        assertThat(who.path("user").path("id").isIntegralNumber()).isTrue();

        JsonNode project = client.send(client.request(
                        client.account3() + "projects/?include_related=%5B%27environments%27%2C%27repository%27%5D"))
                .data()
                .get(0);
        assertThat(project.path("environments").findValuesAsText("name")).containsExactly("Production", "Staging");
        assertThat(project.path("repository").path("full_name").isTextual()).isTrue();

        long job = lenient.world().jobNamed("Daily build").id();
        assertThat(client.post("jobs/" + job + "/run/", "{}")
                        .data()
                        .path("trigger")
                        .path("cause")
                        .asText())
                .isEmpty();
        long run = lenient.runsOfJob(job).getFirst().id();
        assertThat(client.get("runs/" + run + "/artifacts/?step=2").data().isNull())
                .as("this step leaves nothing")
                .isTrue();
        assertThat(client.get("runs/" + run + "/artifacts/?step=4").data()).isNotEmpty();
    }

    /** As Prefect's executor and dbtc's autoscaling do: a job of one's own for one run. */
    @Test
    void makesAndDeletesAJob() {
        EmulatedJob model = lenient.world().jobNamed("Daily build");
        EmulatorClient.Reply made = client.post(
                "jobs/",
                "{\"project_id\": %d, \"environment_id\": %d, \"name\": \"for one run\", \"execute_steps\": [\"dbt compile\"]}"
                        .formatted(model.projectId(), model.environmentId()));
        assertThat(made.status()).as(made.body()).isEqualTo(201);
        String job = "jobs/" + made.data().path("id").asLong();

        long run = client.post(job + "/run/", "{}").data().path("id").asLong();
        lenient.advance(Duration.ofMinutes(1));
        assertThat(client.run(run).path("status").asInt()).isEqualTo(10);
        assertThat(client.get("runs/" + run + "/artifacts/manifest.json").status())
                .isEqualTo(200);

        assertThat(client.send(client.request(client.account() + job + "/").DELETE())
                        .data()
                        .path("state")
                        .asInt())
                .isEqualTo(2);
        assertThat(client.get(job + "/").status()).isEqualTo(404);
        assertThat(client.post("jobs/", "{\"name\": \"nowhere\"}").data().has("project_id"))
                .isTrue();
    }

    /** As dbtc and the Terraform provider send it. */
    @Test
    void aJobThatIsMadeIsOfTheTypeThatWasAskedFor() {
        EmulatedJob model = lenient.world().jobNamed("Daily build");
        String body = "{\"project_id\": %d, \"environment_id\": %d, \"name\": \"typed\","
                + " \"execute_steps\": [\"dbt build\"], \"job_type\": %s}";
        for (String type : List.of("\"ci\"", "\"scheduled\"", "\"hybrid\"")) {
            EmulatorClient.Reply made =
                    client.post("jobs/", body.formatted(model.projectId(), model.environmentId(), type));
            assertThat(made.status()).as(made.body()).isEqualTo(201);
            assertThat(made.data().path("job_type")).hasToString(type);
            assertThat(client.trigger(made.data().path("id").asLong(), "why").status())
                    .isEqualTo(type.equals("\"hybrid\"") ? 400 : 200);
        }
        assertThat(client.post("jobs/", body.formatted(model.projectId(), model.environmentId(), "null"))
                        .data()
                        .path("job_type")
                        .asText())
                .isEqualTo("other");
        EmulatorClient.Reply unknown =
                client.post("jobs/", body.formatted(model.projectId(), model.environmentId(), "\"nightly\""));
        assertThat(unknown.status()).isEqualTo(400);
        assertThat(unknown.data().path("job_type").asText()).contains("'nightly'", "hybrid");
    }

    /** The emulator refuses to these clients what dbt Cloud was seen to refuse. */
    @Test
    void refusesWhatDbtCloudRefuses() {
        assertThat(client.get("runs/?created_at__gte=2025-01-01").status()).isEqualTo(400);
        assertThat(client.get("runs/?limit=101").status()).isEqualTo(400);
        long job = lenient.world().jobNamed("Daily build").id();
        assertThat(client.post("jobs/" + job + "/run/", "{\"cause\": null}").status())
                .isEqualTo(400);
        assertThat(client.post("jobs/" + job + "/run/", "{\"cause\": \"c\", \"threads_override\": \"4\"}")
                        .status())
                .isEqualTo(400);
        assertThat(client.post("jobs/" + job, "{}").status()).isEqualTo(405);
        assertThat(client.get("nothing").status()).isEqualTo(404);
    }

    /** Airflow's test of a connection asks for the root of the host, which is dbt Cloud's user interface. */
    @Test
    void answersAtTheRoot() {
        EmulatorClient.Reply root = client.send(client.request("/"));
        assertThat(root.status()).isEqualTo(200);
        assertThat(root.response().headers().firstValue("content-type").orElseThrow())
                .startsWith("text/html");
    }
}
