package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three instances behind one address: whichever is asked knows the commands of all. */
class AnyInstanceIT {

    private static final String KEY = "0123456789abcdef0123";
    private static final ApiCalls OPS = ApiCalls.with(KEY);
    private static final List<String> IDS = List.of("one", "two", "three/of ü+%");
    private static final Duration ANSWERED = Duration.ofSeconds(2);

    /** The machine may do other things at one moment, not at all of them. */
    private static final int TRIES = 3;

    private RelayStage stage;
    private Deployment relay;
    private OneRunEach commands;

    @BeforeEach
    void start() {
        stage = RelayStage.of(AnyInstanceIT.class, OneRunEach.unending(IDS));
        relay = stage.deployment("any")
                // So long that a partition stays where it is while its instance is silent and the others are asked.
                .set("mp.messaging.incoming.commands.session.timeout.ms", "15000")
                .set("relay.ledger.visibility-lag", "1s")
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.api.advertised-url", "http://127.0.0.1:0")
                .set("relay.api.open", "false")
                .set("relay.api.keys.ops", KEY)
                .set("relay.api.keys.page", "another-key-of-some-length");
        commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
    }

    @AfterEach
    void end() {
        stage.close();
    }

    @Test
    void eachAnswersForAllAndSaysWhatIsMissing() {
        try (RelayProcess first = instance();
                RelayProcess second = instance();
                RelayProcess third = instance()) {
            List<RelayProcess> all = List.of(first, second, third);
            await().atMost(PATIENCE)
                    .until(() -> all.stream().allMatch(each -> OwnedPartitions.of(each) == 1 && each.isReady()));
            IntStream.range(0, IDS.size()).forEach(partition -> commands.send(IDS.get(partition), partition));
            commands.awaitRunning(IDS);

            await().atMost(PATIENCE)
                    .untilAsserted(() -> all.forEach(each -> {
                        JsonNode list = OPS.read(each, "/api/commands?state=following");
                        assertThat(ids(list)).containsExactlyInAnyOrderElementsOf(IDS);
                        assertThat(list.path("incomplete")).isEmpty();
                    }));
            for (RelayProcess each : all) {
                for (String id : IDS) {
                    JsonNode command = OPS.read(each, path(id));
                    assertThat(command.path("command_id").asText()).isEqualTo(id);
                    assertThat(command.path("state").asText()).isEqualTo("following");
                    assertThat(command.path("events")).isNotEmpty();
                }
                assertThat(OPS.get(each, "/api/commands/unknown").statusCode()).isEqualTo(404);
                assertThat(ids(OPS.read(each, "/api/commands?scope=instance"))).hasSize(1);
                assertPages(each);
            }

            // The target is on a partition of one instance; the cancel is put beside it by any.
            for (int i = 0; i < 2; i++) {
                HttpResponse<String> sent = OPS.post(
                        all.get(i),
                        "/api/commands",
                        "{\"command\": \"cancel\", \"command_id\": \"stop-%d\", \"target_command_id\": \"%s\"}"
                                .formatted(i, IDS.get(i)));
                assertThat(sent.statusCode()).as(sent.body()).isEqualTo(202);
                relay.reader().awaitEvent("run.cancelled", IDS.get(i), PATIENCE);
            }
            assertThat(all.stream()
                            .map(each -> OPS.post(each, path(IDS.get(2)) + "/end", "")
                                    .statusCode()))
                    .as("whoever is asked ends it; the next one may find it ended")
                    .startsWith(202)
                    .isSubsetOf(202, 409);
            relay.reader().awaitEvent("run.abandoned", IDS.get(2), PATIENCE);

            third.pause();
            assertIncomplete(List.of(first, second), third);
            third.resume();
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () -> assertThat(OPS.read(first, "/api/commands").path("incomplete"))
                                    .isEmpty());
            // Its partition may have moved while it stood still.
            await().atMost(PATIENCE).until(() -> all.stream().allMatch(each -> OwnedPartitions.of(each) == 1));
            third.kill();
            assertIncomplete(List.of(first, second), third);
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () -> assertThat(OPS.read(first, "/api/commands").path("incomplete"))
                                    .as("another one has its partition")
                                    .isEmpty());
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(
                                    OPS.get(first, "/api/commands/unknown").statusCode())
                            .as("nobody waits for it any longer")
                            .isEqualTo(404));
        }
    }

    @Test
    void nobodyGetsInWithASignatureOfTheirOwn() {
        try (RelayProcess process = instance()) {
            assertThat(new ApiCalls("Relay-Instance 1764410400." + "0".repeat(64))
                            .get(process, "/api/commands")
                            .statusCode())
                    .isEqualTo(401);
        }
    }

    private void assertPages(RelayProcess each) {
        TreeSet<String> seen = new TreeSet<>();
        String cursor = "";
        for (int page = 0; page < IDS.size(); page++) {
            JsonNode list = OPS.read(each, "/api/commands?limit=1" + cursor);
            assertThat(list.path("data")).hasSize(1);
            seen.addAll(ids(list));
            assertThat(list.path("next_cursor").isNull()).isEqualTo(page == IDS.size() - 1);
            cursor = "&cursor=" + list.path("next_cursor").asText();
        }
        assertThat(seen).containsExactlyInAnyOrderElementsOf(IDS);
    }

    /** Until its partition has moved. */
    private static void assertIncomplete(List<RelayProcess> asked, RelayProcess silent) {
        for (RelayProcess each : asked) {
            Answer answer = list(each);
            for (int tries = 1; tries < TRIES && answer.took().compareTo(ANSWERED) >= 0; tries++) {
                answer = list(each);
            }
            assertThat(answer.took()).isLessThan(ANSWERED);
            assertThat(answer.response().statusCode()).isEqualTo(200);
            assertThat(ApiCalls.json(answer.response()).path("incomplete").toString())
                    .contains(silent.url().getAuthority());
            assertThat(OPS.get(each, "/api/commands/unknown").statusCode())
                    .as("the silent one may have it")
                    .isEqualTo(503);
        }
    }

    private record Answer(HttpResponse<String> response, Duration took) {}

    private static Answer list(RelayProcess process) {
        long began = System.nanoTime();
        HttpResponse<String> response = OPS.get(process, "/api/commands");
        return new Answer(response, Duration.ofNanos(System.nanoTime() - began));
    }

    private RelayProcess instance() {
        return relay.start().relay();
    }

    private static List<String> ids(JsonNode list) {
        return StreamSupport.stream(list.path("data").spliterator(), false)
                .map(row -> row.path("command_id").asText())
                .toList();
    }

    private static String path(String id) {
        return "/api/commands/" + URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
