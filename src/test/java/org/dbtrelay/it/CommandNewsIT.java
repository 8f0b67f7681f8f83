package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who waits for a command, or reads its events, may ask any instance; a takeover loses neither. */
class CommandNewsIT {

    private static final String KEY = "0123456789abcdef0123";
    private static final ApiCalls OPS = ApiCalls.with(KEY);
    private static final List<String> IDS = List.of("watched", "taken-over");

    private RelayStage stage;
    private Deployment relay;
    private OneRunEach commands;

    @BeforeEach
    void start() {
        stage = RelayStage.of(CommandNewsIT.class, OneRunEach.unending(IDS));
        relay = stage.deployment("news")
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.ledger.visibility-lag", "1s")
                .set("relay.api.advertised-url", "http://127.0.0.1:0")
                .set("relay.api.open", "false")
                .set("relay.api.keys.ops", KEY);
        commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
    }

    @AfterEach
    void end() {
        stage.close();
    }

    @Test
    void anyInstanceWaitsAndStreams() {
        try (RelayProcess first = relay.start().relay();
                RelayProcess second = relay.start().relay();
                RelayProcess third = relay.start().relay();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<RelayProcess> all = List.of(first, second, third);
            await().atMost(PATIENCE)
                    .until(() -> all.stream().allMatch(each -> OwnedPartitions.of(each) == 1 && each.isReady()));
            commands.send("watched", 0);
            commands.awaitRunning(List.of("watched"));

            for (RelayProcess each : all) {
                long began = System.nanoTime();
                assertThat(OPS.read(each, "/api/commands/watched?wait=PT1S")
                                .path("state")
                                .asText())
                        .isEqualTo("following");
                assertThat(Duration.ofNanos(System.nanoTime() - began))
                        .isBetween(Duration.ofMillis(950), Duration.ofSeconds(30));
                assertThat(OPS.read(each, "/api/commands/watched?wait=PT60S&after=0")
                                .path("events_told")
                                .asInt())
                        .as("it has told more already")
                        .isGreaterThan(1);
                assertThat(OPS.get(each, "/api/commands/unknown?wait=PT1S").statusCode())
                        .isEqualTo(404);
                assertThat(OPS.get(each, "/api/commands/unknown/events").statusCode())
                        .isEqualTo(404);
                assertThat(OPS.get(each, "/api/commands/watched?wait=PT61S").statusCode())
                        .isEqualTo(400);
            }

            List<CompletableFuture<JsonNode>> waiting = all.stream()
                    .map(each -> CompletableFuture.supplyAsync(
                            () -> OPS.read(each, "/api/commands/watched?wait=PT60S"), threads))
                    .toList();
            List<CompletableFuture<HttpResponse<String>>> streams = all.stream()
                    .map(each -> CompletableFuture.supplyAsync(
                            () -> OPS.get(each, "/api/commands/watched/events", "Last-Event-ID", "0"), threads))
                    .toList();
            commands.finish(List.of("watched"));
            relay.reader().awaitEvent("artifact.ready", "watched", PATIENCE);
            for (CompletableFuture<JsonNode> each : waiting) {
                assertThat(each.join().path("outcome").asText()).isEqualTo("run.succeeded");
            }
            for (CompletableFuture<HttpResponse<String>> each : streams) {
                assertStream(each.join(), 1, "run.succeeded", "artifact.ready");
                assertThat(each.join().body()).doesNotContain("partial", "gap");
            }
        }
    }

    @Test
    void aTakeoverLosesNeitherStreamNorTimeline() {
        try (RelayProcess first = relay.start().relay();
                RelayProcess second = relay.start().relay();
                var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            OwnedPartitions.awaitShared(first, second, 3);
            commands.send("taken-over", 0);
            commands.awaitRunning(List.of("taken-over"));
            await().atMost(PATIENCE)
                    .until(() -> OPS.get(first, "/api/commands/taken-over").statusCode() == 200);
            boolean isOfFirst =
                    OPS.get(first, "/api/commands/taken-over?scope=instance").statusCode() == 200;
            RelayProcess owner = isOfFirst ? first : second;
            RelayProcess other = isOfFirst ? second : first;
            CompletableFuture<HttpResponse<String>> stream = CompletableFuture.supplyAsync(
                    () -> OPS.get(other, "/api/commands/taken-over/events", "Last-Event-ID", ""), threads);
            JsonNode before = OPS.read(other, "/api/commands/taken-over").path("timeline");
            assertThat(types(before)).startsWith("command.accepted").endsWith("run.running");

            owner.kill();
            await().atMost(PATIENCE)
                    .until(() -> OPS.get(other, "/api/commands/taken-over?scope=instance")
                                    .statusCode()
                            == 200);
            assertThat(OPS.read(other, "/api/commands/taken-over").path("timeline"))
                    .isEqualTo(before);
            commands.finish(List.of("taken-over"));
            relay.reader().awaitEvent("artifact.ready", "taken-over", PATIENCE);

            assertStream(stream.join(), 0, "run.succeeded", "artifact.ready");
            HttpResponse<String> anew = OPS.get(other, "/api/commands/taken-over/events");
            assertStream(anew, 0, "run.succeeded", "artifact.ready");
            assertThat(anew.body()).contains("\"type\":\"run.running\"", "\"partial\":true");
            assertThat(types(OPS.read(other, "/api/commands/taken-over").path("timeline")))
                    .startsWith("command.accepted")
                    .endsWith("run.succeeded", "artifact.ready");
        }
    }

    /** All from one event on, in order, and these at the end. */
    private static void assertStream(HttpResponse<String> stream, int from, String... last) {
        assertThat(stream.statusCode()).as(stream.body()).isEqualTo(200);
        assertThat(stream.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
        List<Integer> ids = new ArrayList<>();
        List<String> types = new ArrayList<>();
        for (String line : stream.body().split("\n", -1)) {
            if (line.startsWith("id: ")) {
                ids.add(Integer.valueOf(line.substring(4)));
            } else if (line.startsWith("event: ")) {
                types.add(line.substring(7));
            }
        }
        assertThat(ids)
                .as(stream.body())
                .isEqualTo(IntStream.range(from, from + ids.size()).boxed().toList());
        assertThat(types).endsWith(last);
    }

    private static List<String> types(JsonNode timeline) {
        return StreamSupport.stream(timeline.spliterator(), false)
                .map(told -> told.path("type").asText())
                .toList();
    }
}
