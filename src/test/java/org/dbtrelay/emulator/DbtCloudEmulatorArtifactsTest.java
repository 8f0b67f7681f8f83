package org.dbtrelay.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.StreamSupport;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Artifacts by step, late ones, large ones. */
class DbtCloudEmulatorArtifactsTest {
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

    private long triggered(String job) {
        return client.trigger(emulator.world().jobNamed(job).id(), "why")
                .data()
                .path("id")
                .asLong();
    }

    private static List<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private String whichOf(long run, String query) {
        return client.get("runs/" + run + "/artifacts/run_results.json" + query)
                .json()
                .path("args")
                .path("which")
                .asText();
    }

    @Test
    void withoutAStepTheLastStepsArtifactIsServed() {
        long id = triggered("Build with docs");
        assertThat(client.get("runs/" + id + "/artifacts/").data().isNull()).isTrue();
        clock.advance(Duration.ofMinutes(1));

        assertThat(texts(client.get("runs/" + id + "/artifacts/").data()))
                .containsExactly("catalog.json", "manifest.json", "run_results.json", "sources.json");
        // 1 clone, 2 profile, 3 deps, 4 source freshness, 5 seed, 6 build, 7 docs
        assertThat(whichOf(id, "")).isEqualTo("docs generate");
        assertThat(whichOf(id, "?step=7")).isEqualTo("docs generate");
        assertThat(whichOf(id, "?step=6")).isEqualTo("build");
        assertThat(whichOf(id, "?step=5")).isEqualTo("seed");
        assertThat(client.get("runs/" + id + "/artifacts/run_results.json?step=3")
                        .status())
                .isEqualTo(404);
        assertThat(client.get("runs/" + id + "/artifacts/catalog.json?step=6").status())
                .isEqualTo(404);
        assertThat(client.get("runs/" + id + "/artifacts/catalog.json").status())
                .isEqualTo(200);
        assertThat(client.get("runs/" + id + "/artifacts/run_results.json?step=8")
                        .status())
                .isEqualTo(404);
        assertThat(client.get("runs/" + id + "/artifacts/run_results.json/").status())
                .isEqualTo(404);
        long job = emulator.world().jobNamed("Build with docs").id();
        assertThat(client.get("jobs/" + job + "/artifacts/catalog.json").status())
                .isEqualTo(200);
    }

    @Test
    void artifactsComeLate() {
        long job = emulator.world().jobNamed("Daily build").id();
        emulator.planNextRun(
                job,
                RunPlan.succeeding()
                        .artifactsSavedAfter(Duration.ofSeconds(5))
                        .artifactsReadableAfter(Duration.ofSeconds(10)));
        long id = triggered("Daily build");
        clock.advance(Duration.ofSeconds(9));
        assertThat(client.run(id).path("status").asInt()).isEqualTo(10);
        assertThat(client.run(id).path("artifacts_saved").asBoolean()).isFalse();
        clock.advance(Duration.ofSeconds(1));
        assertThat(client.run(id).path("artifacts_saved").asBoolean()).isTrue();
        assertThat(client.get("runs/" + id + "/artifacts/manifest.json").status())
                .isEqualTo(404);
        clock.advance(Duration.ofSeconds(5));
        assertThat(client.get("runs/" + id + "/artifacts/manifest.json").status())
                .isEqualTo(200);
    }

    @Test
    void artifactsCanBeAddedAndLeftOut() {
        long job = emulator.world().jobNamed("Daily build").id();
        emulator.planNextRun(
                job,
                RunPlan.succeeding()
                        .artifact(PlannedArtifact.text("compiled/jaffle shop/orders.sql", "select 1"))
                        .withoutArtifact("run_results.json"));
        emulator.planNextRun(job, RunPlan.succeeding().withoutArtifacts());
        long first = triggered("Daily build");
        long second = triggered("Daily build");
        clock.advance(Duration.ofMinutes(1));

        assertThat(texts(client.get("runs/" + first + "/artifacts/").data()))
                .containsExactly("compiled/jaffle shop/orders.sql", "manifest.json");
        EmulatorClient.Reply sql = client.get("runs/" + first + "/artifacts/compiled/jaffle%20shop/orders.sql");
        assertThat(sql.body()).isEqualTo("select 1");
        assertThat(client.get("runs/" + second + "/artifacts/").data().isNull()).isTrue();
    }

    @Test
    void aLargeArtifactIsStreamed() throws Exception {
        long job = emulator.world().jobNamed("Daily build").id();
        long size = 300L * 1024 * 1024;
        emulator.planNextRun(job, RunPlan.succeeding().artifact(PlannedArtifact.ofSize("manifest.json", size)));
        long id = triggered("Daily build");
        clock.advance(Duration.ofMinutes(1));

        HttpResponse<InputStream> response = client.http()
                .send(
                        client.request(client.account() + "runs/" + id + "/artifacts/manifest.json")
                                .build(),
                        HttpResponse.BodyHandlers.ofInputStream());
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        long received = 0;
        byte[] buffer = new byte[65_536];
        try (InputStream body = response.body()) {
            for (int read; (read = body.read(buffer)) >= 0; received += read) {
                digest.update(buffer, 0, read);
            }
        }

        assertThat(response.headers().firstValueAsLong("content-length")).hasValue(size);
        assertThat(received).isEqualTo(size);
        assertThat(PatternContent.named("x.json", 100_000).open().readNBytes(300)[299])
                .isEqualTo((byte) ('a' + 299 % 26));
        assertThat(HexFormat.of().formatHex(digest.digest()))
                .isEqualTo(PatternContent.named("manifest.json", size).sha256());
        assertThat(new com.fasterxml.jackson.databind.ObjectMapper()
                        .readTree(PatternContent.named("manifest.json", 1000).open())
                        .path("metadata")
                        .path("dbt_schema_version")
                        .asText())
                .endsWith("/manifest/v1.json");
    }

    @Test
    void logsOfAStepCanComeLateAndDebugLogsAreCut() {
        long job = emulator.world().jobNamed("Daily build").id();
        emulator.planNextRun(
                job, RunPlan.succeeding().logsAfter(Duration.ofSeconds(4)).debugLogLines(1500));
        long id = triggered("Daily build");
        clock.advance(Duration.ofSeconds(5));
        String path = "runs/" + id + "/?include_related=run_steps";
        assertThat(client.get(path).data().path("run_steps").get(3).path("logs").asText())
                .isEmpty();
        clock.advance(Duration.ofSeconds(4));
        JsonNode step = client.get(path).data().path("run_steps").get(3);
        assertThat(step.path("logs").asText()).contains("Completed successfully");
        assertThat(step.path("debug_logs").asText()).isEmpty();
        assertThat(step.path("truncated_debug_logs").asText().lines()).hasSize(1000);
        JsonNode whole =
                client.get(path + ",debug_logs").data().path("run_steps").get(3);
        assertThat(whole.path("debug_logs").asText().lines()).hasSize(1500);
    }
}
