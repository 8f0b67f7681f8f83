package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.runs.RunWithSteps;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.PlannedArtifact;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.NodeOwner;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of the artifacts of the emulator's runs, through the real client. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ArtifactCollectorTest {

    // The steps of "Build with docs": 1 clone, 2 profile, 3 deps, 4 source freshness, 5 seed, 6 build, 7 docs.
    private static final WantedArtifact BUILT = new WantedArtifact("run_results.json", 6);
    private static final WantedArtifact MANIFEST = new WantedArtifact("manifest.json", null);
    private static final WantedArtifact CATALOG = new WantedArtifact("catalog.json", 7);

    @TempDir
    Path directory;

    private Emulated world;
    private ArtifactCollector storing;

    @BeforeEach
    void start() {
        world = Emulated.start();
        storing = Emulated.storingIn(directory, Map.of());
    }

    @AfterEach
    void stop() {
        world.close();
    }

    private Input.ArtifactsCollected collect(RunSnapshot run, WantedArtifact... wanted)
            throws DbtCloudException, InterruptedException {
        return storing.collect("c1", world.client, run, List.of(wanted), Map.of());
    }

    private RunSnapshot ended(RunPlan plan) throws DbtCloudException {
        return world.ended(Emulated.SUCCEEDING, plan).run();
    }

    private static List<WantedArtifact> ready(Input.ArtifactsCollected collected) {
        return collected.ready().stream().map(StoredArtifact::wanted).toList();
    }

    private static List<WantedArtifact> notYet(Input.ArtifactsCollected collected) {
        return collected.notYet().stream()
                .map(Input.ArtifactsCollected.Unavailable::artifact)
                .toList();
    }

    private static UnavailableReason reasonOf(Input.ArtifactsCollected collected, WantedArtifact wanted) {
        return collected.unavailable().stream()
                .filter(missing -> missing.artifact().equals(wanted))
                .map(Input.ArtifactsCollected.Unavailable::reason)
                .findFirst()
                .orElseThrow();
    }

    private long count(Endpoint endpoint) {
        return world.emulator.count(endpoint);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void theCatalogOfFusionIsThatOfTheBuild() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding().fusion());
        WantedArtifact built = new WantedArtifact("catalog.json", 6);
        assertThat(ready(collect(run, built))).containsExactly(built);
        assertThat(ready(collect(run, new WantedArtifact("metadata/telemetry-6-otel.parquet", 6))))
                .hasSize(1);
    }

    /** The manifest passes by after the results, in whatever order they were asked for. */
    @Test
    void theManifestTellsWhoOwnsTheNodesThatFailed() throws Exception {
        RunSnapshot run = world.ended(Emulated.FAILING).run();
        WantedArtifact results = new WantedArtifact("run_results.json", 4);
        Input.ArtifactsCollected collected = collect(run, MANIFEST, results);
        assertThat(ready(collected)).containsExactly(MANIFEST, results);
        assertThat(collected.ready().get(1).content().owners())
                .containsExactly(Map.entry(
                        "model.jaffle_shop.orders", new NodeOwner("finance", "Finance data", "finance@example.com")));
        assertThat(count(Endpoint.GET_ARTIFACT)).as("no request for it").isEqualTo(2);
        assertThat(collect(run, results).ready().getFirst().content().owners())
                .as("no manifest is fetched for it")
                .isEmpty();
    }

    /** The decision passes on what the end's reader has seen, so the steps are not read a second time. */
    @Test
    void timesOfStepsThatAreKnownCostNoRequest() throws Exception {
        RunSnapshot run = world.ended(Emulated.FAILING).run();
        WantedArtifact results = new WantedArtifact("run_results.json", 4);
        Input.ArtifactsCollected collected =
                storing.collect("c1", world.client, run, List.of(results), Map.of(4, run.createdAt()));
        assertThat(ready(collected)).containsExactly(results);
        assertThat(count(Endpoint.GET_RUN)).isZero();
        collect(run, results);
        assertThat(count(Endpoint.GET_RUN)).as("after a crash").isEqualTo(1);
        Instant later = world.emulator.clock().instant();
        assertThat(reasonOf(storing.collect("c1", world.client, run, List.of(results), Map.of(4, later)), results))
                .as("a file of a step before it")
                .isEqualTo(UnavailableReason.NOT_PRODUCED);
    }

    /** The docs step of this run left none: the other step that can have made it is asked, once. */
    @Test
    void whereTheFirstStepAnswers404TheOtherIsAsked() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding().fusion());
        WantedArtifact wanted = new WantedArtifact("catalog.json", 3, 6);
        assertThat(ready(collect(run, wanted))).containsExactly(new WantedArtifact("catalog.json", 6));
        assertThat(count(Endpoint.GET_ARTIFACT)).isEqualTo(2);
        assertThat(ready(Emulated.keepingNothing().collect("c1", world.client, run, List.of(wanted), Map.of())))
                .as("without a store")
                .containsExactly(new WantedArtifact("catalog.json", 6));

        world.emulator.counters().reset();
        RunSnapshot without = ended(RunPlan.succeeding().withoutArtifact("catalog.json"));
        assertThat(reasonOf(collect(without, wanted), wanted)).isEqualTo(UnavailableReason.NOT_PRODUCED);
        assertThat(count(Endpoint.GET_ARTIFACT)).isEqualTo(2);
    }

    /** Without a store, too: the list does not say of which step a file is, so neither step is announced unasked. */
    @Test
    void whereBothStepsAnswer404NothingIsAnnounced() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding());
        WantedArtifact wanted = new WantedArtifact("catalog.json", 5, 6);
        for (ArtifactCollector collector : List.of(storing, Emulated.keepingNothing())) {
            world.emulator.counters().reset();
            Input.ArtifactsCollected collected = collector.collect("c1", world.client, run, List.of(wanted), Map.of());
            assertThat(ready(collected)).isEmpty();
            assertThat(notYet(collected)).containsExactly(wanted);
            assertThat(count(Endpoint.GET_ARTIFACT)).isEqualTo(2);
        }
    }

    /** The body of the one is closed unread: that must not break the connection on which the other comes, as it did once in thirty times. */
    @RepeatedTest(20)
    void aFileThatIsOlderThanItsStepIsNotThatSteps() throws Exception {
        RunSnapshot run = world.endedSlowly(Emulated.SUCCEEDING, RunPlan.killed("dbt build", Duration.ofSeconds(1)))
                .run();
        world.emulator.advance(Duration.ofSeconds(2));
        Input.ArtifactsCollected collected = collect(run, BUILT, new WantedArtifact("run_results.json", 5));
        assertThat(reasonOf(collected, BUILT)).isEqualTo(UnavailableReason.NOT_PRODUCED);
        assertThat(ready(collected)).as("%s", collected).containsExactly(new WantedArtifact("run_results.json", 5));
        assertThat(files()).containsExactly("run_results.json");
    }

    @Test
    void theArtifactOfTheRightStepIsStored() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding());
        Input.ArtifactsCollected collected = collect(run, BUILT, MANIFEST, CATALOG);

        assertThat(collected.commandId()).isEqualTo("c1");
        assertThat(ready(collected)).containsExactly(BUILT, MANIFEST, CATALOG);
        assertThat(collected.unavailable()).isEmpty();
        assertThat(collected.notYet()).isEmpty();
        StoredArtifact built = collected.ready().getFirst();
        Path file = Path.of(URI.create(built.location()));
        assertThat(file).startsWith(directory).hasSize(built.sizeBytes());
        assertThat(JsonMapper.builder()
                        .build()
                        .readTree(file.toFile())
                        .path("args")
                        .path("which")
                        .asText())
                .isEqualTo("build");
        assertThat(built.content().results().nodesByStatus()).isEqualTo(Map.of("success", 2));
        assertThat(built.content().results().elapsedSeconds()).isEqualTo(4.25);
        assertThat(built.content().schemaVersion()).endsWith("run-results/v6.json");
        assertThat(built.content().generatedAt()).isNotNull();
        assertThat(built.contentType()).isEqualTo("application/json");
        assertThat(collected.ready().get(1).content().schemaVersion()).endsWith("manifest/v12.json");
        assertThat(count(Endpoint.LIST_ARTIFACTS)).isEqualTo(1);
        assertThat(count(Endpoint.GET_ARTIFACT)).isEqualTo(3);
        assertThat(count(Endpoint.GET_RUN)).isZero();
    }

    @Test
    void withoutAStoreNothingIsFetched() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding());
        Input.ArtifactsCollected collected =
                Emulated.keepingNothing().collect("c1", world.client, run, List.of(BUILT), Map.of());
        assertThat(collected.ready()).singleElement().satisfies(artifact -> {
            assertThat(artifact.location())
                    .isEqualTo(world.emulator.baseUrl() + "/api/v2/accounts/" + run.accountId() + "/runs/" + run.runId()
                            + "/artifacts/run_results.json?step=6");
            assertThat(artifact.sizeBytes()).isNull();
            assertThat(artifact.content()).isEqualTo(ArtifactContent.NONE);
        });
        assertThat(world.emulator.counters().total()).isEqualTo(1);
    }

    @Test
    void nothingWantedIsNothingAsked() throws Exception {
        assertThat(collect(ended(RunPlan.succeeding())))
                .usingRecursiveComparison()
                .ignoringFields("begun")
                .isEqualTo(new Input.ArtifactsCollected("c1", Instant.EPOCH, List.of(), List.of(), List.of()));
        assertThat(world.emulator.counters().total()).isZero();
    }

    @Test
    void lateArtifactsAreNotYetThere() throws Exception {
        // Saved, by the run, but the list is still null: it must not be taken for "left nothing".
        RunSnapshot run = ended(RunPlan.succeeding().artifactsReadableAfter(Duration.ofSeconds(20)));
        assertThat(run.artifactsSaved()).isTrue();
        assertThat(notYet(collect(run, BUILT, MANIFEST))).containsExactly(BUILT, MANIFEST);
        world.emulator.advance(Duration.ofSeconds(20));
        assertThat(ready(collect(run, BUILT, MANIFEST))).containsExactly(BUILT, MANIFEST);
    }

    @Test
    void whatTheRunDidNotLeaveIsToldOnlyWhenAllIsSaved() throws Exception {
        RunSnapshot run =
                ended(RunPlan.succeeding().withoutArtifact("catalog.json").artifactsSavedAfter(Duration.ofSeconds(20)));
        assertThat(run.artifactsSaved()).isFalse();
        Input.ArtifactsCollected early = collect(run, CATALOG, MANIFEST);
        assertThat(ready(early)).containsExactly(MANIFEST);
        assertThat(notYet(early)).containsExactly(CATALOG);

        world.emulator.advance(Duration.ofSeconds(20));
        world.emulator.counters().reset();
        Input.ArtifactsCollected saved = collect(run, CATALOG);
        assertThat(reasonOf(saved, CATALOG)).isEqualTo(UnavailableReason.NOT_PRODUCED);
        assertThat(saved.notYet()).isEmpty();
        // A list from before the run said so proves nothing: it is read once more.
        assertThat(count(Endpoint.LIST_ARTIFACTS)).isEqualTo(2);
        assertThat(count(Endpoint.GET_RUN)).isEqualTo(1);
    }

    @Test
    void aRunThatIsKnownToHaveSavedIsNotReadAgain() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding().withoutArtifact("catalog.json"));
        WantedArtifact ofNoStep = new WantedArtifact("catalog.json", null);
        assertThat(reasonOf(collect(run, ofNoStep), ofNoStep)).isEqualTo(UnavailableReason.NOT_PRODUCED);
        assertThat(world.emulator.counters().total()).isEqualTo(1);
        // Whether the list has what only an earlier step left is not documented: that one is asked for.
        assertThat(reasonOf(collect(run, CATALOG), CATALOG)).isEqualTo(UnavailableReason.NOT_PRODUCED);
        assertThat(count(Endpoint.GET_ARTIFACT)).isEqualTo(1);
        assertThat(count(Endpoint.GET_RUN)).isZero();
    }

    @Test
    void whatAStepLeftIsFoundThoughItIsNotListed() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding());
        String list = "{\"status\": {\"code\": 200, \"is_success\": true}, \"data\": [\"manifest.json\"]}";
        world.emulator.faults().next(2).on(Endpoint.LIST_ARTIFACTS).answer(200, "application/json", list, false);

        assertThat(ready(collect(run, BUILT))).containsExactly(BUILT);
        assertThat(Emulated.keepingNothing()
                        .collect("c1", world.client, run, List.of(BUILT), Map.of())
                        .ready())
                .extracting(StoredArtifact::wanted)
                .containsExactly(BUILT);
    }

    @Test
    void listedButNotFoundIsNotYetThere() throws Exception {
        // The catalog is in the list, but step 6 has none.
        WantedArtifact wrongStep = new WantedArtifact("catalog.json", 6);
        Input.ArtifactsCollected collected = collect(ended(RunPlan.succeeding()), wrongStep, BUILT);
        assertThat(notYet(collected)).containsExactly(wrongStep);
        assertThat(ready(collected)).containsExactly(BUILT);
    }

    @Test
    void troubleWithOneDoesNotLoseTheOthers() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding());
        for (int status : new int[] {500, 503, 408, 400, 401}) {
            world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).status(status);
            Input.ArtifactsCollected collected = collect(run, BUILT, MANIFEST);
            assertThat(collected.notYet()).as("after %d", status).hasSize(1);
            assertThat(collected.ready()).as("after %d", status).hasSize(1);
        }
    }

    @Test
    void oneThatMayNotBeReadIsForbidden() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding());
        world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).status(403);
        Input.ArtifactsCollected ofAccount = collect(run, BUILT);
        assertThat(reasonOf(ofAccount, BUILT)).isEqualTo(UnavailableReason.FORBIDDEN);
        world.emulator
                .faults()
                .next(1)
                .on(Endpoint.GET_ARTIFACT)
                .answer(
                        403,
                        "application/json",
                        "{\"status\":{\"user_message\":\"You may not read artifacts.\"}}",
                        false);
        Input.ArtifactsCollected ofArtifact = collect(run, BUILT);
        assertThat(reasonOf(ofArtifact, BUILT)).isEqualTo(UnavailableReason.FORBIDDEN);
        assertThat(ofArtifact.unavailable().getFirst().message()).contains("You may not read artifacts.");
    }

    @Test
    void aBrokenTransferLeavesNoFileAndIsRepeated() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding().artifact(PlannedArtifact.ofSize("manifest.json", 500_000)));
        world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).resetMidBody(200_000);
        assertThat(notYet(collect(run, MANIFEST))).containsExactly(MANIFEST);
        assertThat(files()).isEmpty();
        assertThat(collect(run, MANIFEST).ready().getFirst().sizeBytes()).isEqualTo(500_000);
        assertThat(files()).containsExactly("manifest.json");
    }

    @Test
    void aTooLargeOneIsNotStored() throws Exception {
        storing = Emulated.storingIn(directory, Map.of("relay.artifacts.max-size", "100000"));
        RunSnapshot run = ended(RunPlan.succeeding().artifact(PlannedArtifact.ofSize("manifest.json", 100_001)));
        Input.ArtifactsCollected collected = collect(run, MANIFEST, BUILT);
        assertThat(reasonOf(collected, MANIFEST)).isEqualTo(UnavailableReason.TOO_LARGE);
        assertThat(ready(collected)).containsExactly(BUILT);
        assertThat(files()).containsExactly("run_results.json");
    }

    @Test
    void aStoreInTroubleIsTriedAgain() throws Exception {
        Path noDirectory = Files.writeString(directory.resolve("file"), "in the way");
        storing = Emulated.storingIn(noDirectory, Map.of());
        Input.ArtifactsCollected collected = collect(ended(RunPlan.succeeding()), BUILT);
        assertThat(collected.notYet()).singleElement().satisfies(missing -> {
            assertThat(missing.artifact()).isEqualTo(BUILT);
            assertThat(missing.reason()).isEqualTo(UnavailableReason.STORE_FAILED);
            assertThat(missing.message()).startsWith("relay.artifacts.directory cannot take it");
        });
        Files.delete(noDirectory);
        assertThat(ready(collect(ended(RunPlan.succeeding()), BUILT))).containsExactly(BUILT);
    }

    @Test
    void aShutOutIsNotWaitedFor() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding());
        world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).tooManyRequests(Duration.ofMinutes(5));
        assertThat(collect(run, BUILT, MANIFEST, CATALOG).notYet()).isNotEmpty();
        assertThatThrownBy(() -> collect(run, BUILT)).isInstanceOf(DbtCloudException.class);
    }

    @Test
    void aListThatCannotBeReadIsThrown() throws Exception {
        RunSnapshot run = ended(RunPlan.succeeding());
        world.emulator.faults().next(1).on(Endpoint.LIST_ARTIFACTS).htmlStatus(502);
        assertThatThrownBy(() -> collect(run, BUILT)).isInstanceOf(DbtCloudException.class);
        assertThatThrownBy(
                        () -> collect(Runs.of(world.emulator.accountId(), 1, JobRunStatus.Known.SUCCESS, true), BUILT))
                .isInstanceOf(DbtCloudException.class);
    }

    @Test
    void ofARunWithDocsTheStepsAreThoseOfTheTests() throws Exception {
        RunWithSteps run = world.ended(Emulated.SUCCEEDING);
        assertThat(run.steps().get(5).dbtCommand()).isEqualTo("dbt build");
        assertThat(run.steps().get(6).dbtCommand()).isEqualTo("dbt docs generate");
    }
}
