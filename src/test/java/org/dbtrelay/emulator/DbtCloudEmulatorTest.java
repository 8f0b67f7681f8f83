package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The life of runs, on a clock that is turned by hand. */
class DbtCloudEmulatorTest {
    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private DbtCloudEmulator emulator;
    private EmulatorClient client;

    @BeforeEach
    void start() {
        emulator = DbtCloudEmulator.builder().clock(clock).start();
        client = new EmulatorClient(emulator);
    }

    @AfterEach
    void stop() {
        client.close();
        emulator.close();
    }

    private long jobId(String name) {
        return emulator.world().jobNamed(name).id();
    }

    private long triggered(String job, String cause) {
        return client.trigger(jobId(job), cause).data().path("id").asLong();
    }

    private static List<Long> longs(JsonNode array, String field) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(node -> node.path(field).asLong())
                .toList();
    }

    @Test
    void aTriggerIsAnsweredWithTheQueuedRunItsTriggerAndItsJob() {
        EmulatorClient.Reply reply = client.trigger(jobId("Daily build"), "orders landed");

        assertThat(reply.status()).isEqualTo(200);
        JsonNode run = reply.data();
        assertThat(run.path("id").asLong()).isEqualTo(70403110257794L);
        assertThat(run.path("status").asInt()).isEqualTo(1);
        assertThat(run.path("status_humanized").asText()).isEqualTo("Queued");
        assertThat(run.path("in_progress").asBoolean()).isTrue();
        assertThat(run.path("created_at").asText()).isEqualTo("2026-11-22 10:00:00+00:00");
        assertThat(run.path("started_at").isNull()).isTrue();
        assertThat(run.path("is_running").isNull()).isTrue();
        assertThat(run.path("run_steps")).isEmpty();
        assertThat(run.path("blocked_by")).isEmpty();
        assertThat(run.path("can_retry").asBoolean()).isFalse();
        assertThat(run.path("retry_not_supported_reason").asText()).isEqualTo("RETRY_NOT_FAILED_RUN");
        assertThat(run.path("href").asText())
                .startsWith(emulator.baseUrl() + "/deploy/" + emulator.accountId() + "/projects/")
                .endsWith("/runs/70403110257794/");
        assertThat(run.path("trigger").path("cause").asText()).isEqualTo("orders landed");
        assertThat(run.path("trigger").path("steps_override").isNull()).isTrue();
        assertThat(run.path("job").path("created_at").asText()).isEqualTo("2026-03-25T13:47:20.129690Z");
        assertThat(client.get("jobs/" + jobId("Daily build") + "/")
                        .data()
                        .path("created_at")
                        .asText())
                .isEqualTo("2026-03-25T13:47:20.129690+00:00");
    }

    @Test
    void aRunMovesThroughItsStatusesAsTheClockIsTurned() {
        long id = triggered("Daily build", "x");
        assertThat(client.run(id).path("status").asInt()).isEqualTo(1);

        clock.advance(Duration.ofSeconds(1));
        assertThat(client.run(id).path("status").asInt()).isEqualTo(2);
        clock.advance(Duration.ofSeconds(1));
        JsonNode running = client.run(id);
        assertThat(running.path("status").asInt()).isEqualTo(3);
        assertThat(running.path("started_at").asText()).isEqualTo("2026-11-22 10:00:02+00:00");
        assertThat(running.path("finished_at").isNull()).isTrue();
        assertThat(running.path("trigger").isNull()).isTrue();
        emulator.advance(Duration.ofHours(1));
        JsonNode done = client.run(id);
        assertThat(done.path("status").asInt()).isEqualTo(10);
        assertThat(done.path("finished_at").asText()).isEqualTo("2026-11-22 10:00:05+00:00");
        assertThat(done.path("run_duration").asText()).isEqualTo("00:00:03");
        assertThat(done.path("queued_duration").asText()).isEqualTo("00:00:02");
        assertThat(done.path("duration").asText()).isEqualTo("00:00:05");
        assertThat(done.path("artifacts_saved").asBoolean()).isTrue();
    }

    @Test
    void oneRunOfAJobExecutesAtATimeAndTheOthersAreBlockedByIt() {
        long first = triggered("Daily build", "1");
        long second = triggered("Daily build", "2");
        clock.advance(Duration.ofSeconds(3));

        assertThat(client.run(first).path("status").asInt()).isEqualTo(3);
        JsonNode waiting = client.run(second);
        assertThat(waiting.path("status").asInt()).isEqualTo(1);
        assertThat(waiting.path("blocked_by").get(0).asLong()).isEqualTo(first);
        clock.advance(Duration.ofSeconds(2));
        JsonNode next = client.run(second);
        assertThat(next.path("status").asInt()).isEqualTo(2);
        assertThat(next.path("dequeued_at").asText()).isEqualTo("2026-11-22 10:00:05+00:00");
        assertThat(next.path("blocked_by")).isEmpty();
    }

    @Test
    void aFailedRunTellsItsStepAndItsNodes() {
        long id = triggered("Broken build", "x");
        clock.advance(Duration.ofMinutes(1));

        JsonNode run =
                client.get("runs/" + id + "/?include_related=trigger,run_steps").data();
        assertThat(run.path("status").asInt()).isEqualTo(20);
        JsonNode steps = run.path("run_steps");
        assertThat(steps).hasSize(4);
        assertThat(steps.get(0).path("name").asText()).isEqualTo("Clone git repository");
        assertThat(steps.get(0).path("run_step_command").isNull()).isTrue();
        JsonNode failed = steps.get(3);
        assertThat(failed.path("name").asText()).isEqualTo("Invoke dbt with `dbt build`");
        assertThat(failed.path("status").asInt()).isEqualTo(20);
        assertThat(failed.path("run_step_command").path("dbt_command").asText()).isEqualTo("dbt build");
        assertThat(failed.path("logs").asText()).contains("column \"amount\" is missing");
        assertThat(client.get("steps/" + failed.path("id").asLong() + "/")
                        .data()
                        .path("index")
                        .asInt())
                .isEqualTo(4);

        JsonNode results =
                client.get("runs/" + id + "/artifacts/run_results.json").json();
        assertThat(results.path("metadata")
                        .path("env")
                        .path("DBT_CLOUD_RUN_REASON")
                        .asText())
                .isEqualTo("x");
        assertThat(results.path("results")).anySatisfy(node -> {
            assertThat(node.path("unique_id").asText()).isEqualTo("model.jaffle_shop.orders");
            assertThat(node.path("status").asText()).isEqualTo("error");
        });
    }

    @Test
    void hundredsOfTriggersAtOnceMakeOneRunEach() {
        Set<Long> ids = ConcurrentHashMap.newKeySet();
        long job = jobId("Daily build");
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 400; i++) {
                String cause = "concurrent " + i;
                threads.execute(() ->
                        ids.add(client.trigger(job, cause).data().path("id").asLong()));
            }
        }
        assertThat(ids).hasSize(400);
        assertThat(emulator.runsOfJob(job))
                .hasSize(400)
                .extracting(RunView::cause)
                .doesNotHaveDuplicates();
        clock.advance(Duration.ofHours(1));
        assertThat(emulator.runsOfJob(job)).allMatch(RunView::isFinal);
    }

    @Test
    void manyRunsAreListedByTheirIdsInOneCall() {
        List<Long> ids = IntStream.range(0, 100)
                .mapToObj(i -> triggered("Daily build", "run " + i))
                .toList();
        emulator.seedRuns(jobId("Daily build"), 20_000);

        JsonNode list = client.get("runs/?limit=100&pk__in=" + EmulatorClient.encoded(ids.toString()))
                .json();

        assertThat(longs(list.path("data"), "id")).isEqualTo(ids);
        assertThat(list.path("extra").path("pagination").path("total_count").asInt())
                .isEqualTo(100);
        assertThat(emulator.count(Endpoint.LIST_RUNS)).isEqualTo(1);
        assertThat(emulator.count(Endpoint.TRIGGER)).isEqualTo(100);
    }
}
