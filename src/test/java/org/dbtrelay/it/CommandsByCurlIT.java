package org.dbtrelay.it;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dbtrelay.docs.Document;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The examples of {@code docs/http.md} for {@code /api/commands} work as they stand there, and there is one for each operation;
 * {@code api.HttpDocumentTest} has those that need no Kafka. They are taken apart as a shell would, so no curl is needed.
 */
class CommandsByCurlIT {

    private static final String DOCUMENTED = "http://localhost:8080";
    private static final String KEY = "0123456789abcdef0123";
    private static final long JOB = 559062;
    private static final String ID = "orders-2026-11-22";
    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|([^\\s'\"]+)");

    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                CommandsByCurlIT.class,
                World.jaffleShop()
                        .job(EmulatedJob.named("orders")
                                .id(JOB)
                                .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofHours(1)))));
        relay = stage.deployment("commands-by-curl")
                .set("relay.api.open", "false")
                .set("relay.api.keys.ops", KEY)
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    /** The request of one curl line. */
    private record Call(String method, String url, Map<String, String> headers, String body) {

        static Call of(String curl) {
            Iterator<String> words = words(curl).iterator();
            assertThat(words.next()).isEqualTo("curl");
            String method = null;
            String url = null;
            String body = null;
            Map<String, String> headers = new java.util.LinkedHashMap<>();
            while (words.hasNext()) {
                String word = words.next();
                switch (word) {
                    case "-i", "-N" -> {}
                    case "-X" -> method = words.next();
                    case "-d" -> body = words.next();
                    case "-H" -> {
                        String[] header = words.next().split(": ", 2);
                        headers.put(header[0], header[1]);
                    }
                    default -> {
                        assertThat(word).startsWith(DOCUMENTED + "/");
                        url = word.substring(DOCUMENTED.length());
                    }
                }
            }
            return new Call(method != null ? method : body != null ? "POST" : "GET", url, headers, body);
        }

        private static List<String> words(String curl) {
            List<String> words = new ArrayList<>();
            Matcher word = WORD.matcher(curl.replace("\\\n", " "));
            while (word.find()) {
                words.add(
                        word.group(1) != null ? word.group(1) : word.group(2) != null ? word.group(2) : word.group(3));
            }
            return words;
        }

        String operation() {
            return method + " " + url.replace(ID, "{command_id}").replaceAll("\\?.*", "");
        }

        Response send() {
            // REST Assured would add a charset to the content type.
            RequestSpecification request = given().config(io.restassured.RestAssured.config()
                            .encoderConfig(io.restassured.config.EncoderConfig.encoderConfig()
                                    .appendDefaultContentCharsetToContentTypeIfUndefined(false)))
                    .urlEncodingEnabled(false)
                    .headers(headers);
            URI where = relay.relay().url().resolve(url);
            return body == null
                    ? request.request(method, where)
                    : request.body(body).request(method, where);
        }
    }

    private static List<Call> examples() {
        List<Call> calls = new ArrayList<>();
        for (String block : Document.at("docs/http.md").examples("sh")) {
            if (block.contains(DOCUMENTED + "/api/commands")) {
                calls.add(Call.of(block.strip()));
            }
        }
        return calls;
    }

    @Test
    void theyWorkInTheirOrder() throws IOException {
        List<Call> calls = examples();
        assertThat(calls).hasSize(6);

        Response sent = calls.getFirst().send();
        assertThat(sent.statusCode()).isEqualTo(202);
        assertThat(sent.header("Location")).endsWith("/api/commands/" + ID);
        assertThat(Files.readString(Path.of("docs", "http.md")))
                .contains("Location: " + DOCUMENTED + "/api/commands/" + ID, sent.asString());
        relay.reader().awaitEvent("run.running", ID, PATIENCE);

        assertThat(calls.get(1).send().jsonPath().getList("data.command_id")).containsExactly(ID);
        Response one = calls.get(2).send();
        assertThat(one.statusCode()).isEqualTo(200);
        assertThat(one.jsonPath().getString("state")).isEqualTo("following");

        Call end = calls.get(5);
        assertThat(end.send().statusCode()).isEqualTo(202);
        assertThat(relay.reader().awaitEvent("run.abandoned", ID, PATIENCE).reason())
                .contains("operator");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(end.send().statusCode()).isEqualTo(409));
        // They wait for that, and need not any more.
        assertThat(calls.get(3).send().jsonPath().getString("outcome")).isEqualTo("run.abandoned");
        assertThat(calls.get(4).send().asString()).contains("command.accepted").contains("run.abandoned");
        assertThat(stage.dbtCloud().runsOfJob(JOB)).hasSize(1);
    }

    @Test
    void theKeyIsNeeded() {
        for (Call call : examples()) {
            Call without = new Call(call.method(), call.url(), Map.of("Content-Type", "application/json"), call.body());
            assertThat(without.send().statusCode()).as("%s", call).isEqualTo(401);
        }
    }

    @Test
    void everyOperationHasAnExample() throws IOException {
        Set<String> shown = new TreeSet<>();
        examples().forEach(call -> shown.add(call.operation()));
        Set<String> operations = new TreeSet<>();
        String path = "";
        for (String line : Files.readAllLines(Path.of("docs", "openapi.yaml"))) {
            if (line.matches(" {2}\\S.*")) {
                path = line.matches(" {2}/api/commands.*:") ? line.strip().replaceAll(":$", "") : "";
            } else if (!path.isEmpty() && line.matches(" {4}(get|post|put|delete):")) {
                operations.add(line.strip().replace(":", "").toUpperCase(Locale.ROOT) + " " + path);
            }
        }

        assertThat(shown).hasSize(5).isEqualTo(operations);
    }
}
