package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.stream.StreamSupport;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused, and with what body; lists, filters and paging. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DbtCloudEmulatorStrictnessTest {
    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00.123456Z");
    private DbtCloudEmulator emulator;
    private EmulatorClient client;
    private long job;
    private List<Long> seeded;

    @BeforeAll
    void start() {
        World world =
                World.standard().account(7, "Another account").project("P").environment("E");
        world.job(EmulatedJob.named("Foreign").id(70403103930999L));
        emulator = DbtCloudEmulator.builder().clock(clock).world(world).start();
        client = new EmulatorClient(emulator);
        job = emulator.world().jobNamed("Daily build").id();
        seeded = emulator.seedRuns(emulator.world().jobNamed("Slow build").id(), 7);
    }

    @AfterAll
    void stop() {
        client.close();
        emulator.close();
    }

    private static List<Long> ids(EmulatorClient.Reply reply) {
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return StreamSupport.stream(reply.data().spliterator(), false)
                .map(node -> node.path("id").asLong())
                .toList();
    }

    private EmulatorClient.Reply raw(String path) {
        return client.send(client.request(path));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Token", "Token wrong", "Basic abc", "bearer"})
    void aBadTokenIs401(String header) {
        HttpRequest.Builder request = HttpRequest.newBuilder(emulator.baseUri().resolve(client.account() + "jobs/"));
        if (!header.isEmpty()) {
            request.header("Authorization", header);
        }
        EmulatorClient.Reply reply = client.send(request);
        assertThat(reply.status()).isEqualTo(401);
        assertThat(reply.json().path("status").path("user_message").asText()).isEqualTo("Invalid token.");
    }

    @Test
    void anotherAccountIs403AndWhatIsNotThereIs404() {
        EmulatorClient.Reply foreign = raw("/api/v2/accounts/7/jobs/");
        assertThat(foreign.status()).isEqualTo(403);
        assertThat(foreign.json().path("status").path("user_message").asText())
                .isEqualTo("Access denied: Token is not scoped to account.");
        assertThat(raw("/api/v2/accounts/8/jobs/").status()).isEqualTo(403);

        assertThat(client.get("jobs/70403103930999/").status()).isEqualTo(404);
        EmulatorClient.Reply absent = client.get("runs/1/");
        assertThat(absent.status()).isEqualTo(404);
        assertThat(absent.json().path("status").path("user_message").asText())
                .startsWith("The requested resource was not found.");
        assertThat(client.get("jobs").status()).isEqualTo(404);
        assertThat(client.get("jobs/" + job).status()).isEqualTo(404);
        assertThat(raw(client.account3() + "webhooks/subscriptions/").status()).isEqualTo(404);
        assertThat(client.post("runs/", "{}").status()).isEqualTo(405);
    }

    @Test
    void anUnknownParameterIs400WithAText() {
        EmulatorClient.Reply reply = client.get("runs/?created_at__lte=2026-01-01&created_at__gte=2025-01-01");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.data().asText())
                .isEqualTo("Additional properties are not allowed"
                        + " ('created_at__gte', 'created_at__lte' were unexpected)");
        assertThat(reply.json().path("extra").isObject()).isTrue();
        assertThat(reply.json().has("error_code")).isTrue();
        assertThat(client.get("runs/70403110257794/artifacts/?step=4").status()).isEqualTo(400);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "limit=101 | limit | 101 is greater than the maximum of 100",
                "limit=x | limit | 'x' is not of type 'integer'",
                "offset=-1 | offset | -1 is less than the minimum of 0",
                "status__in=done | status__in | 'done' is not valid under any of the given schemas",
                "pk__in=1,2 | pk__in | '1,2' is not valid under any of the given schemas",
                "pk__in=%5B%22a%22%5D | pk__in | '[\"a\"]' is not valid under any of the given schemas",
                "project_id__in=1&project_id__in=2 | project_id__in | '1,2' is not valid under any of the given schemas",
                "created_at__range=2026-01-01,2026-02-01 | created_at__range |"
                        + " '2026-01-01,2026-02-01' is not valid under any of the given schemas",
                "order_by=updated_at | order_by | 'updated_at' is not one of ['id', 'created_at', 'finished_at']",
                "state=gone | state | 'gone' is not valid under any of the given schemas",
                "has_docs_generated=maybe | has_docs_generated | 'maybe' is not of type 'boolean'"
            })
    void aBadFilterValueIs400WithItsReason(String query, String field, String reason) {
        EmulatorClient.Reply reply = client.get("runs/?" + query);
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.data().path(field).asText()).isEqualTo(reason);
    }

    @Test
    void listsAreFilteredOrderedAndPaged() {
        assertThat(ids(client.get("runs/?order_by=id"))).isEqualTo(seeded);
        assertThat(ids(client.get("runs/?order_by=-id&limit=2&offset=1")))
                .containsExactly(seeded.get(5), seeded.get(4));
        assertThat(ids(client.get("runs/?id__gt=" + seeded.get(4)))).containsExactly(seeded.get(5), seeded.get(6));
        assertThat(ids(client.get("runs/?job_definition_id=" + job))).isEmpty();
        assertThat(ids(client.get("runs/?status__in=%5B1%2C2%2C3%5D"))).isEmpty();
        assertThat(ids(client.get("runs/?status__in=%5B10%5D"))).hasSize(7);
        assertThat(ids(client.get("runs/?status__in=10&status__in=20"))).hasSize(7);
        assertThat(ids(client.get("runs/?status=20"))).isEmpty();
        assertThat(ids(client.get("runs/?state=deleted"))).isEmpty();
        assertThat(ids(client.get("runs/?pk=" + seeded.get(2)))).containsExactly(seeded.get(2));
        String range = EmulatorClient.encoded("[\"2026-11-22T00:00:00Z\",\"2026-11-22 11:00:00+00:00\"]");
        assertThat(ids(client.get("runs/?finished_at__range=" + range))).hasSize(7);
        String earlier = EmulatorClient.encoded("[\"2026-11-21\",\"2026-11-22\"]");
        assertThat(ids(client.get("runs/?created_at__range=" + earlier))).isEmpty();
        assertThat(ids(client.get("runs/?order_by=-created_at&limit=1"))).hasSize(1);

        JsonNode extra =
                client.get("runs/?limit=3&project_id__in=%5B1%5D").json().path("extra");
        assertThat(extra.toString())
                .isEqualTo(
                        "{\"filters\":{\"limit\":3,\"offset\":0,\"state\":\"all\",\"account_id\":"
                                + emulator.accountId()
                                + ",\"project_id__in\":[1]},\"order_by\":\"id\",\"pagination\":{\"count\":0,\"total_count\":0}}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "include_related=trigger,job",
                "include_related=%5B%22trigger%22%2C%22job%22%5D",
                "include_related=%5B%27trigger%27%2C%20%27job%27%5D",
                "include_related=trigger&include_related=job"
            })
    void includeRelatedComesInFourForms(String query) {
        JsonNode run = client.get("runs/" + seeded.getFirst() + "/?" + query).data();
        assertThat(run.path("trigger").path("cause").asText()).isEqualTo("scheduled");
        assertThat(run.path("job").path("name").asText()).isEqualTo("Slow build");
        assertThat(client.get("runs/?limit=1&" + query)
                        .data()
                        .get(0)
                        .path("job")
                        .path("name")
                        .asText())
                .isEqualTo("Slow build");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{} | cause | 'cause' is a required property",
                "{\"cause\":null} | cause | None is not of type 'string'",
                "{\"cause\":\"\"} | cause | '' is too short",
                "{\"cause\":1} | cause | 1 is not of type 'string'",
                "{\"cause\":\"c\",\"schema_override\":\"\"} | schema_override | '' is too short",
                "{\"cause\":\"c\",\"threads_override\":\"4\"} | threads_override | \"4\" is not of type 'integer'",
                "{\"cause\":\"c\",\"steps_override\":\"dbt run\"} | steps_override |"
                        + " \"dbt run\" is not of type 'array'",
                "{\"cause\":\"c\",\"steps_override\":[\"\"]} | steps_override | '' is too short",
                "{\"cause\":\"c\",\"generate_docs_override\":1} | generate_docs_override | 1 is not of type 'boolean'"
            })
    void aBadTriggerBodyIs400WithItsReason(String body, String field, String reason) {
        EmulatorClient.Reply reply = client.post("jobs/" + job + "/run/", body);
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.data().path(field).asText()).isEqualTo(reason);
        assertThat(emulator.runsOfJob(job)).isEmpty();
    }

    @Test
    void aTriggerBodyMustBeJsonWithKnownFieldsAndAShortCause() {
        assertThat(client.post("jobs/" + job + "/run/", "cause=x").status()).isEqualTo(400);
        assertThat(client.post("jobs/" + job + "/run/", "[]").status()).isEqualTo(400);
        EmulatorClient.Reply unknown = client.post("jobs/" + job + "/run/", "{\"cause\":\"c\",\"steps\":[]}");
        assertThat(unknown.status()).isEqualTo(400);
        assertThat(unknown.data().asText()).isEqualTo("Additional properties are not allowed ('steps' was unexpected)");
        assertThat(client.trigger(job, "c".repeat(256)).status()).isEqualTo(500);
        long retired = emulator.world().jobNamed("Retired build").id();
        assertThat(client.trigger(retired, "c").status()).isEqualTo(400);
        assertThat(client.trigger(404, "c").status()).isEqualTo(404);
        assertThat(emulator.runsOfJob(job)).isEmpty();
    }

    @Test
    void namesAreListedInTheirShapes() {
        EmulatorClient.Reply accounts = raw("/api/v2/accounts/");
        assertThat(ids(accounts)).containsExactly(emulator.accountId());
        assertThat(accounts.json().path("extra").path("order_by").isNull()).isTrue();
        assertThat(raw(client.account()).data().path("created_at").asText())
                .isEqualTo("2026-03-25T13:47:20.129690+00:00");

        EmulatorClient.Reply projects = raw(client.account3() + "projects/");
        assertThat(ids(projects)).hasSize(2);
        assertThat(projects.data().get(0).path("created_at").asText()).isEqualTo("2026-03-25 13:47:20.129690+00:00");
        long finance = raw(client.account3() + "projects/?name__icontains=FINA")
                .data()
                .get(0)
                .path("id")
                .asLong();
        EmulatorClient.Reply environments = raw(client.account3() + "projects/" + finance + "/environments/");
        assertThat(ids(environments)).hasSize(1);
        assertThat(environments.data().get(0).path("name").asText()).isEqualTo("Production");
        assertThat(raw(client.account3() + "projects/1/environments/").status()).isEqualTo(404);
        long environment = ids(environments).getFirst();
        assertThat(raw(client.account3() + "projects/" + finance + "/environments/" + environment + "/")
                        .status())
                .isEqualTo(200);

        assertThat(ids(client.get("jobs/?project_id=" + finance))).hasSize(1);
        assertThat(ids(client.get("jobs/?name__icontains=daily"))).hasSize(2);
        assertThat(ids(client.get("jobs/?limit=2&offset=2"))).hasSize(2);
        assertThat(ids(client.get("jobs/?order_by=-name&limit=1")))
                .containsExactly(emulator.world().jobNamed("Slow build").id());
        assertThat(client.get("jobs/?order_by=colour").status()).isEqualTo(400);
        JsonNode included = client.get(
                        "jobs/" + emulator.world().jobNamed("Slow build").id()
                                + "/?include_related=environment,most_recent_run")
                .data();
        assertThat(included.path("environment").path("name").asText()).isEqualTo("Production");
        assertThat(included.path("most_recent_run").path("id").asLong()).isEqualTo(seeded.getLast());
        assertThat(client.get("jobs/")
                        .json()
                        .path("extra")
                        .path("filters")
                        .path("state")
                        .asText())
                .isEqualTo("active");
    }
}
