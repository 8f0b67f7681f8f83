package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.AgainstWireMock;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.PlannedArtifact;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.run.job.CallFailure;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ArtifactsTest extends AgainstEmulator {

    private static final int MIB = 1024 * 1024;

    private long endedRun(PlannedArtifact... artifacts) {
        RunPlan plan = RunPlan.succeeding();
        for (PlannedArtifact artifact : artifacts) {
            plan = plan.artifact(artifact);
        }
        emulator.planNextRun(job, plan);
        long run = emulator.triggerByOther(job, "x").id();
        emulator.advance(Duration.ofMinutes(5));
        return run;
    }

    private static long heap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void anArtifactIsRead() throws Exception {
        long run = endedRun(PlannedArtifact.text("compiled/my model/ü%.sql", "select 1"));

        assertThat(client.artifactsOnce().listJobRunArtifacts(account, run))
                .contains("manifest.json", "compiled/my model/ü%.sql");
        try (ArtifactBody body =
                client.artifactsOnce().getJobRunArtifact(account, run, "compiled/my model/ü%.sql", null)) {
            assertThat(new String(body.stream().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("select 1");
            assertThat(body.contentType()).isNotNull();
        }
        assertThat(emulator.counters().requests().getLast().headers()).containsEntry("accept", "*/*");
    }

    @Test
    void theStepIsAskedFor() throws Exception {
        long run = endedRun();

        int step = client.runs().withSteps(account, run).steps().stream()
                .filter(candidate -> "dbt build".equals(candidate.dbtCommand()))
                .findFirst()
                .orElseThrow()
                .index();

        try (ArtifactBody body = client.artifactsOnce().getJobRunArtifact(account, run, "run_results.json", step)) {
            assertThat(body.stream().readAllBytes()).isNotEmpty();
        }

        assertThat(emulator.counters().requests().getLast().query()).containsEntry("step", String.valueOf(step));
    }

    @Test
    void anAbsentArtifactIsNotFound() {
        long run = endedRun();

        assertThat(AgainstWireMock.failureOf(
                        () -> client.artifactsOnce().getJobRunArtifact(account, run, "no.json", null)))
                .isInstanceOf(CallFailure.NotFound.class);
        assertThat(AgainstWireMock.failureOf(
                        () -> client.artifactsOnce().getJobRunArtifact(account, run, "../secret", null)))
                .isInstanceOf(CallFailure.Refused.class);
        assertThat(emulator.count(Endpoint.GET_ARTIFACT)).isEqualTo(1);
    }

    @Test
    void whatIsNotReadIsNotFetchedAhead() throws Exception {
        // Given
        long size = 50L * MIB;
        long run = endedRun(PlannedArtifact.ofSize("manifest.json", size));
        try (ArtifactBody body = client.artifactsOnce().getJobRunArtifact(account, run, "manifest.json", null)) {
            long before = heap();

            // When
            assertThat(body.stream().readNBytes(MIB)).hasSize(MIB);
            await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
            long whileWaiting = heap() - before;
            long read = MIB;
            long most = 0;
            byte[] chunk = new byte[64 * 1024];
            for (int count = 0; count >= 0; count = body.stream().read(chunk)) {
                if (read / (10 * MIB) != (read + count) / (10 * MIB)) {
                    most = Math.max(most, heap() - before);
                }
                read += count;
            }

            // Then
            assertThat(read).isEqualTo(size);
            assertThat(whileWaiting).isLessThan(16L * MIB);
            assertThat(most).isLessThan(16L * MIB);
        }
    }

    @Test
    void closingEarlyStopsTheTransferAndLeavesTheConnectionUsable() throws Exception {
        long run = endedRun(PlannedArtifact.ofSize("manifest.json", 2000L * MIB));

        for (int i = 0; i < 20; i++) {
            try (ArtifactBody body = client.artifactsOnce().getJobRunArtifact(account, run, "manifest.json", null)) {
                assertThat(body.stream().read()).isPositive();
            }
        }

        assertThat(client.runs().run(account, run, Priority.POLL).status().isTerminal())
                .isTrue();
        assertThat(emulator.count(Endpoint.GET_ARTIFACT)).isEqualTo(20);
    }

    @Test
    void aTransferThatBreaksIsSeen() throws Exception {
        long run = endedRun(PlannedArtifact.ofSize("manifest.json", 5L * MIB));
        emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).resetMidBody(MIB);

        try (ArtifactBody body = client.artifactsOnce().getJobRunArtifact(account, run, "manifest.json", null)) {
            assertThatThrownBy(() -> body.stream().readAllBytes()).isInstanceOf(IOException.class);
        }
    }

    @Test
    void anOpenArtifactHoldsASlotUntilItIsClosed() throws Exception {
        long run = endedRun(PlannedArtifact.text("a.txt", "x"));
        List<ArtifactBody> open = new java.util.ArrayList<>();
        for (int i = 0; i < 4; i++) {
            open.add(client.artifactsOnce().getJobRunArtifact(account, run, "a.txt", null));
        }
        var fifth = client.starts().reserve(account, Priority.ARTIFACT);
        assertThat(fifth).isNotDone();

        open.getFirst().close();
        open.getFirst().close();

        await().until(fifth::isDone);
        assertThat(client.starts().reserve(account, Priority.ARTIFACT)).isNotDone();
        for (ArtifactBody body : open) {
            body.close();
        }
    }
}
