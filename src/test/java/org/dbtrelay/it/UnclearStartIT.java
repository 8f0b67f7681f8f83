package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.FaultScript;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A trigger whose answer says nothing: its run is found if there is one, and only if there surely is none is there another. */
class UnclearStartIT {

    private static final List<String> JOBS = List.of(
            "lost",
            "late",
            "html-502",
            "html-200",
            "redirect-302",
            "redirect-303",
            "hidden",
            "behind",
            "not-created",
            "search-fails",
            "refused");
    private static final RunPlan QUICK =
            RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1));

    private static RelayStage stage;
    private static Deployment relay;
    private static Path tokenFile;

    @BeforeAll
    static void start() throws IOException {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        JOBS.forEach(name -> world.job(EmulatedJob.named(name).plan(QUICK)));
        stage = RelayStage.of(UnclearStartIT.class, world);
        tokenFile = stage.directory().resolve("token");
        Files.writeString(tokenFile, stage.dbtCloud().token());
        // W is T_send (5 s) + the read time-out + the visibility lag: 10 s here.
        relay = stage.deployment("unclear")
                .set("relay.connections.default.read-timeout", "3s")
                .set("relay.ledger.visibility-lag", "2s")
                .set("relay.artifacts.paths", "manifest.json")
                .set("relay.connections.default.token", "")
                .set("relay.connections.default.token-file", tokenFile.toString())
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void aLostAnswerIsFound() {
        onTrigger("lost").loseAnswerAfterCreating();

        assertAdopted("lost");
    }

    @Test
    void anAnswerThatComesTooLateIsFound() {
        onTrigger("late").answerLateAfterCreating(Duration.ofSeconds(6));

        assertAdopted("late");
    }

    @Test
    void a502InHtmlWithTheRunCreatedIsFound() {
        onTrigger("html-502").htmlStatusAfterCreating(502);

        assertAdopted("html-502");
    }

    @Test
    void a200InHtmlIsFound() {
        onTrigger("html-200").answer(200, "text/html", "<html>Welcome</html>", true);

        assertAdopted("html-200");
    }

    /** Post, redirect, get: somebody in front of dbt Cloud may answer like that to what was carried out. */
    @ParameterizedTest
    @ValueSource(ints = {302, 303})
    void aRedirectWithTheRunCreatedIsFound(int status) {
        String job = "redirect-" + status;
        onTrigger(job).redirectAfterCreating(status, "/api/v2/accounts/1/runs/1/");

        assertAdopted(job);
    }

    @Test
    void aRunThatIsHiddenFromListsForAWhileIsFound() {
        onTrigger("hidden").loseAnswerAfterCreating();
        onTrigger("hidden").hideRunFromLists(Duration.ofSeconds(4));

        assertAdopted("hidden");
    }

    @Test
    void aRunBehindThreeHundredNewerOnesIsFound() {
        long job = job("behind");
        onTrigger("behind").loseAnswerAfterCreating();
        stage.dbtCloud().faults().next(3).on(Endpoint.LIST_RUNS).ofJob(job).status(503);
        relay.send(job, trigger("behind", job));
        await().atMost(PATIENCE).until(() -> stage.dbtCloud().runsOfJob(job).size() == 1);
        stage.dbtCloud().seedRuns(job, 300);

        assertSucceeds("behind", true);
        assertThat(stage.dbtCloud().runsByCause("[relay:unclear:"))
                .filteredOn(run -> run.jobId() == job)
                .hasSize(1);
    }

    @Test
    void aTriggerThatStartedNothingIsSentAgainAfterTheWait() {
        long job = job("not-created");
        onTrigger("not-created").htmlStatus(502);

        relay.send(job, trigger("not-created", job));

        assertSucceeds("not-created", false);
        assertThat(stage.dbtCloud().runsOfJob(job)).hasSize(1);
    }

    @Test
    void aSearchThatFailsIsMadeAgain() {
        onTrigger("search-fails").loseAnswerAfterCreating();
        stage.dbtCloud()
                .faults()
                .next(3)
                .on(Endpoint.LIST_RUNS)
                .ofJob(job("search-fails"))
                .status(500);

        assertAdopted("search-fails");
    }

    /** 401 in the middle of the night: nothing is rejected, and a new token is all that is needed. */
    @Test
    void aRefusedTokenSuspendsTheConnectionUntilItIsReplaced() throws IOException {
        long job = job("refused");
        String fresh = "a-fresh-token-of-this-test";
        String old = Files.readString(tokenFile);
        stage.dbtCloud().access().replace(old, fresh);
        try {
            relay.send(job, trigger("refused", job));
            relay.reader().awaitEvent("command.accepted", "refused", PATIENCE);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(relay.relay()
                                    .get(relay.relay().managementUrl().resolve("/q/health/ready"))
                                    .body())
                            .contains("suspended since"));
            assertThat(stage.dbtCloud().runsOfJob(job)).isEmpty();
        } finally {
            Files.writeString(tokenFile, fresh);
        }

        assertSucceeds("refused", false);
        assertThat(stage.dbtCloud().runsOfJob(job)).hasSize(1);
        assertThat(relay.relay().lines()).noneMatch(line -> line.contains(old) || line.contains(fresh));
    }

    private static FaultScript onTrigger(String name) {
        return stage.dbtCloud().faults().next(1).on(Endpoint.TRIGGER).ofJob(job(name));
    }

    private static void assertAdopted(String name) {
        long job = job(name);
        relay.send(job, trigger(name, job));
        assertSucceeds(name, true);
        assertThat(stage.dbtCloud().runsOfJob(job)).as("runs of %s", name).hasSize(1);
    }

    private static void assertSucceeds(String id, boolean adopted) {
        ReceivedEvent end = relay.reader().awaitEvent("run.succeeded", id, PATIENCE);
        assertThat(end.data().path("adopted").booleanValue()).isEqualTo(adopted);
        assertThat(end.data().path("status_code").intValue()).isEqualTo(RunStatus.SUCCESS.code());
        relay.reader().awaitEvent("artifact.ready", id, PATIENCE);
        relay.history().assertFinished(List.of(id));
    }

    private static long job(String name) {
        return stage.dbtCloud().world().jobNamed(name).id();
    }
}
