package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.StreamSupport;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Records that were no commands: any instance lists them, and sends one again once. */
class DeadLettersIT {

    private static final String OPS_KEY = "0123456789abcdef0123";
    private static final String READER_KEY = "a-key-that-may-only-read";
    private static final ApiCalls OPS = ApiCalls.with(OPS_KEY);
    private static final ApiCalls READER = ApiCalls.with(READER_KEY);
    private static final List<String> IDS = List.of("mended", "racing");

    private RelayStage stage;
    private Deployment relay;

    @BeforeEach
    void start() {
        stage = RelayStage.of(DeadLettersIT.class, OneRunEach.unending(IDS));
        relay = stage.deployment("letters")
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.ledger.visibility-lag", "1s")
                .set("relay.api.advertised-url", "http://127.0.0.1:0")
                .set("relay.api.open", "false")
                .set("relay.api.keys.ops", OPS_KEY)
                .set("relay.api.keys.wall", READER_KEY)
                .set("relay.api.roles.wall", "viewer");
    }

    @AfterEach
    void end() {
        stage.close();
    }

    @Test
    void anyInstanceListsThemAndReplaysEachOnce() throws Exception {
        OneRunEach commands = new OneRunEach(stage.dbtCloud(), relay, IDS);
        try (RelayProcess first = relay.start().relay();
                RelayProcess second = relay.start().relay();
                RelayProcess third = relay.start().relay()) {
            List<RelayProcess> all = List.of(first, second, third);
            for (int i = 0; i < 7; i++) {
                relay.sendTo(i % 3, "no command " + i);
                int sent = i;
                relay.reader()
                        .awaitFor(
                                event -> event.header("dlq-reason") != null
                                        && event.text().equals("no command " + sent),
                                PATIENCE);
            }
            for (RelayProcess each : all) {
                JsonNode list = OPS.read(each, "/api/dead-letters");
                assertThat(values(list))
                        .as("newest first")
                        .containsExactly(
                                "no command 6",
                                "no command 5",
                                "no command 4",
                                "no command 3",
                                "no command 2",
                                "no command 1",
                                "no command 0");
                assertThat(list.path("next_cursor").isNull()).isTrue();
                assertThat(list.path("note").isNull()).as(list.toString()).isTrue();
                assertThat(list.path("data").get(0).path("reason").asText()).isEqualTo("malformed");
                assertThat(values(OPS.read(each, "/api/dead-letters?reason=expired")))
                        .isEmpty();
                assertThat(pages(each)).hasSize(7).doesNotHaveDuplicates();
            }

            String place = place(first, "no command 3");
            HttpResponse<String> asItIs = OPS.post(first, place + "/replay", "");
            assertThat(asItIs.statusCode()).as(asItIs.body()).isEqualTo(422);
            assertThat(asItIs.body()).contains("no JSON");
            HttpResponse<String> wrong = OPS.post(first, place + "/replay", "{\"command\": \"trigger\", \"job\": 1}");
            assertThat(wrong.statusCode()).as(wrong.body()).isEqualTo(422);
            assertThat(wrong.body()).contains("job: ");
            assertThat(READER.post(first, place + "/replay", "").body()).contains("operator");

            String mended = trigger("mended");
            assertOnce(all, place, mended);
            commands.awaitRunning(List.of("mended"));
            assertThat(OPS.read(second, place).path("replayed_by").asText()).isEqualTo("ops");
            assertThat(OPS.read(second, place).path("replayed_as").asText()).isEqualTo("mended");

            // Another one is replayed while the instances die.
            String racing = place(first, "no command 4");
            HttpResponse<String> done = OPS.post(third, racing + "/replay", trigger("racing"));
            assertThat(done.statusCode()).as(done.body()).isEqualTo(200);
            all.forEach(RelayProcess::kill);
        }
        try (RelayProcess fourth = relay.start().relay()) {
            String racing = place(fourth, "no command 4");
            JsonNode again = ApiCalls.json(OPS.post(fourth, racing + "/replay", ""));
            assertThat(again.path("sent_now").asBoolean()).isFalse();
            assertThat(again.path("command_id").asText()).isEqualTo("racing");
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(commands.runs("racing"))
                            .as("one run, and no other")
                            .hasSize(1));
            assertThat(OPS.get(fourth, "/api/dead-letters/0/999").statusCode()).isEqualTo(404);
        }
        assertThat(relay.history().commandIds()).containsOnlyOnce("mended", "racing");
    }

    private String trigger(String id) {
        return Deployment.trigger(id, stage.dbtCloud().world().jobNamed(id).id());
    }

    /** All at the same time, several times each. */
    private void assertOnce(List<RelayProcess> all, String place, String value) throws Exception {
        List<Callable<JsonNode>> asking = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            for (RelayProcess each : all) {
                asking.add(() -> {
                    HttpResponse<String> answer = OPS.post(each, place + "/replay", value);
                    for (int tries = 0; answer.statusCode() == 503 && tries < 20; tries++) {
                        answer = OPS.post(each, place + "/replay", value);
                    }
                    return ApiCalls.json(answer);
                });
            }
        }
        List<JsonNode> answers = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<JsonNode> each : threads.invokeAll(asking)) {
                answers.add(each.get());
            }
        }
        assertThat(answers.stream().map(each -> each.path("to_partition") + "@" + each.path("to_offset")))
                .as("all have the same answer: %s", answers)
                .containsOnly(answers.getFirst().path("to_partition") + "@"
                        + answers.getFirst().path("to_offset"));
        assertThat(answers.stream().filter(each -> each.path("sent_now").asBoolean()))
                .as("%s", answers)
                .hasSizeLessThanOrEqualTo(1);
    }

    private List<String> pages(RelayProcess each) {
        List<String> seen = new ArrayList<>();
        String cursor = "";
        for (int page = 0; page < 20; page++) {
            JsonNode list = OPS.read(each, "/api/dead-letters?limit=2" + cursor);
            seen.addAll(values(list));
            if (list.path("next_cursor").isNull()) {
                return seen;
            }
            cursor = "&cursor=" + list.path("next_cursor").asText();
        }
        throw new AssertionError("no end of pages: " + seen);
    }

    private static String place(RelayProcess process, String value) {
        return StreamSupport.stream(
                        OPS.read(process, "/api/dead-letters").path("data").spliterator(), false)
                .filter(row -> row.path("value").asText().equals(value))
                .map(row -> "/api/dead-letters/" + row.path("partition") + "/" + row.path("offset"))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> values(JsonNode list) {
        return StreamSupport.stream(list.path("data").spliterator(), false)
                .map(row -> row.path("value").asText())
                .toList();
    }
}
