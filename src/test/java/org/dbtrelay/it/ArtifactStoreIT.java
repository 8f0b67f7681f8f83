package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.Moments.APPEND;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.PatternContent;
import org.dbtrelay.emulator.PlannedArtifact;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.Breakpoints;
import org.dbtrelay.testkit.ReceivedEvent;
import org.dbtrelay.testkit.S3Front;
import org.dbtrelay.testkit.S3Server;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged relay with real stores: what is announced is there, whatever dies, however large it is, and run events do not wait. */
class ArtifactStoreIT {

    private static final long MEGABYTE = 1024 * 1024;
    private static final PatternContent THREE_PARTS = PatternContent.named("manifest.json", 12 * MEGABYTE);
    private static final String IN_TRANSFER = "in-transfer";
    private static final String AFTER_PUBLISH = "after-publish";
    private static final String AFTER_COMMIT = "after-commit";

    /** A command has its place here as its partition. */
    private static final List<String> IDS = List.of(IN_TRANSFER, AFTER_PUBLISH, AFTER_COMMIT);

    private static RelayStage stage;
    private static S3Server s3;

    @BeforeAll
    static void open() {
        World world = World.standard();
        stage = RelayStage.of(ArtifactStoreIT.class, world);
        s3 = S3Server.start(stage.directory().resolve("s3"));
    }

    @AfterAll
    static void close() {
        s3.close();
        stage.close();
    }

    private static StoredArtifacts store(String kind, Deployment relay) {
        StoredArtifacts store = kind.equals("s3")
                ? new StoredArtifacts.InBucket(s3.url(), relay.name())
                : new StoredArtifacts.InDirectory(relay.artifacts());
        store.setIn(relay);
        return store;
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "s3"})
    void aCrashStoresNothingTwiceAndAnnouncesNothingThatIsNotThere(String kind) throws Exception {
        String type = kind.equals("s3") ? "org.dbtrelay.artifact.S3Upload" : "org.dbtrelay.artifact.PartFile";
        String moving = type + (kind.equals("s3") ? ".sendPart" : ".write");
        String publish = type + ".publish";
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        IDS.forEach(id -> world.job(EmulatedJob.named(id)
                .plan(RunPlan.unending()
                        .queued(Duration.ZERO)
                        .starting(Duration.ZERO)
                        .artifact(PlannedArtifact.ofSize("manifest.json", THREE_PARTS.size())))));
        try (RelayStage own = RelayStage.of(ArtifactStoreIT.class, world)) {
            Deployment relay =
                    own.deployment("crash-" + kind).set("mp.messaging.incoming.commands.session.timeout.ms", "6000");
            try (StoredArtifacts store = store(kind, relay)) {
                Breakpoints breakpoints =
                        Breakpoints.in(own.directory().resolve("breakpoints"), moving, publish, APPEND);
                breakpoints.setIn(relay.builder());
                OneRunEach commands = new OneRunEach(own.dbtCloud(), relay, IDS);
                relay.start();
                IDS.forEach(id -> commands.send(id, IDS.indexOf(id)));
                commands.awaitRunning(IDS);

                Breakpoints.Hold hold = breakpoints.atReturnOf(moving);
                commands.finish(List.of(IN_TRANSFER));
                hold.await(relay.relay(), PATIENCE);
                hold = breakpoints.atReturnOf(publish);
                commands.finish(List.of(AFTER_PUBLISH));
                hold.await(relay.relay(), PATIENCE);
                hold = breakpoints.atReturnOf(publish);
                commands.finish(List.of(AFTER_COMMIT));
                hold.await(relay.relay(), PATIENCE);
                Breakpoints.Hold next = breakpoints.atReturnOf(APPEND);
                hold.release();
                next.await(relay.relay(), PATIENCE);

                relay.relay().kill();
                assertThat(store.halves()).as("left half-way").isEqualTo(1);
                assertThat(store.count()).as("there when it died").isEqualTo(2);
                List<ReceivedEvent> toldBefore = ready(relay);
                assertThat(toldBefore)
                        .singleElement()
                        .satisfies(event -> assertThat(event.commandId()).isEqualTo(AFTER_COMMIT));

                relay.start();
                commands.assertSucceeded(IDS);
                assertThat(ready(relay)).hasSize(IDS.size());
                for (ReceivedEvent event : ready(relay)) {
                    store.assertThere(event.data(), THREE_PARTS);
                }
                assertThat(store.count()).isEqualTo(IDS.size());
            }
        }
    }

    private static List<ReceivedEvent> ready(Deployment relay) {
        relay.history();
        return relay.reader().events(event -> event.type().endsWith("artifact.ready"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "s3"})
    void aHundredMegabytesPassThroughAHeapOf64(String kind) throws Exception {
        passThrough(kind, 100 * MEGABYTE, "-Xmx64m");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "s3"})
    @EnabledIfSystemProperty(
            named = "relay.gigabyte",
            matches = "true",
            disabledReason = "takes a gigabyte of disk: -Drelay.gigabyte=true")
    void aGigabytePassesThroughAHeapOf96(String kind) throws Exception {
        passThrough(kind, 1024 * MEGABYTE, "-Xmx96m");
    }

    private static void passThrough(String kind, long size, String heap) throws Exception {
        PatternContent content = PatternContent.named("manifest.json", size);
        Deployment relay =
                stage.deployment("large-" + kind + "-" + size / MEGABYTE).set("relay.artifacts.paths", "manifest.json");
        relay.builder().option(heap).option("-XX:+ExitOnOutOfMemoryError");
        try (StoredArtifacts store = store(kind, relay)) {
            relay.start();
            long job = stage.dbtCloud().world().jobNamed("Build with docs").id();
            stage.dbtCloud()
                    .planNextRun(
                            job,
                            RunPlan.succeeding()
                                    .artifact(PlannedArtifact.ofSize("manifest.json", size))
                                    .instantly());
            relay.send(job, trigger("large", job));

            ReceivedEvent ended = relay.reader().awaitEvent("run.succeeded", "large", PATIENCE);
            ReceivedEvent ready = relay.reader().awaitEvent("artifact.ready", "large", PATIENCE);
            store.assertThere(ready.data(), content);
            assertThat(relay.relay().stop()).isZero();
            assertThat(relay.relay().lines()).noneMatch(line -> line.contains("OutOfMemory"));
            print(
                    kind,
                    size,
                    heap,
                    observed(ended),
                    observed(ready),
                    ready.data().path("run_id").asLong());
        }
    }

    private static Instant observed(ReceivedEvent event) {
        return Instant.parse(event.data().path("observed_at").asText());
    }

    /** Throughput to be read by a person, beside that of what does nothing else. */
    private static void print(String kind, long size, String heap, Instant from, Instant to, long run)
            throws Exception {
        double seconds = Duration.between(from, to).toMillis() / 1000.0;
        System.out.printf(
                "%d MB to %s with %s: %.1f s from the run's end to the event, %.0f MB/s; curl of the same to a file: %s%n",
                size / MEGABYTE, kind, heap, seconds, (double) size / MEGABYTE / seconds, curl(run));
    }

    private static String curl(long run) throws Exception {
        Path target = stage.directory().resolve("curled");
        try {
            Process curl = new ProcessBuilder(
                            "curl",
                            "-sS",
                            "-H",
                            "Authorization: Bearer " + stage.dbtCloud().token(),
                            "-o",
                            target.toString(),
                            "-w",
                            "%{time_total} s, %{speed_download} B/s",
                            stage.dbtCloud().baseUrl() + "/api/v2/accounts/"
                                    + stage.dbtCloud().accountId() + "/runs/" + run + "/artifacts/manifest.json")
                    .redirectErrorStream(true)
                    .start();
            return new String(curl.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        } catch (java.io.IOException e) {
            return "there is no curl on this machine";
        }
    }

    @Test
    void aStoreInTroubleHoldsUpNoRunEventAndIsToldWhenPatienceIsOver() {
        try (S3Front front = S3Front.of(s3.url())) {
            Deployment relay = stage.deployment("trouble")
                    .set("relay.artifacts.paths", "manifest.json")
                    .set("relay.artifacts.patience", "8s");
            try (StoredArtifacts store = new StoredArtifacts.InBucket(front.url(), "trouble")) {
                store.setIn(relay);
                front.answer(503, "SlowDown", request -> request.method().equals("PUT"));
                relay.start();
                long job = stage.dbtCloud().world().jobNamed("Build with docs").id();
                stage.dbtCloud().planNextRun(job, RunPlan.succeeding().instantly());
                relay.send(job, trigger("trouble", job));

                ReceivedEvent ended = relay.reader().awaitEvent("run.succeeded", "trouble", PATIENCE);
                ReceivedEvent missing = relay.reader().awaitEvent("artifact.unavailable", "trouble", PATIENCE);
                assertThat(missing.data().path("reason").asText()).isEqualTo("store_failed");
                assertThat(missing.data().path("message").asText()).endsWith("503 SlowDown: in a test");
                assertThat(Duration.between(observed(ended), observed(missing))).isGreaterThan(Duration.ofSeconds(7));

                stage.dbtCloud().planNextRun(job, RunPlan.succeeding().instantly());
                relay.send(job, trigger("passing", job));
                relay.reader().awaitEvent("run.succeeded", "passing", PATIENCE);
                front.calm();
                relay.reader().awaitEvent("artifact.ready", "passing", PATIENCE);
            }
        }
    }
}
