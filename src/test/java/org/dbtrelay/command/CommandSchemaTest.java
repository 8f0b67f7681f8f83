package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.testkit.Schemas;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code docs/schemas/command.schema.json} and the decoder say the same. */
class CommandSchemaTest {

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();
    private static final JsonNode SCHEMA = Schemas.document("command");

    /** What is put into every field in turn: each is right for some of them and wrong for the others. */
    private static final List<String> VALUES = values();

    private final CommandDecoder decoder = new CommandDecoder(300_000);

    @Test
    void itKnowsTheFieldsAndTheVerbsOfTheDecoder() {
        assertThat(names(SCHEMA.path("properties"))).isEqualTo(new TreeSet<>(KnownFields.names()));
        assertThat(Schemas.alternatives("command")).isEqualTo(new TreeSet<>(Verb.words()));
        assertThat(strings(SCHEMA.at("/properties/command/enum"))).isEqualTo(new TreeSet<>(Verb.words()));
    }

    @ParameterizedTest
    @EnumSource(Verb.class)
    void itKnowsWhichFieldsAVerbMayHave(Verb verb) {
        Set<String> refused = new TreeSet<>(KnownFields.names());
        refused.removeAll(KnownFields.of(verb));
        JsonNode properties = SCHEMA.path("$defs").path(verb.word()).path("properties");

        assertThat(names(properties).stream().filter(field -> !field.equals("command")))
                .containsExactlyInAnyOrderElementsOf(refused);
    }

    @Test
    void itListsTheWordsOfTheChoices() {
        assertThat(strings(SCHEMA.at("/properties/if_running/enum")))
                .isEqualTo(Arrays.stream(IfRunning.values())
                        .map(word -> word.name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.toCollection(TreeSet::new)));
        assertThat(strings(SCHEMA.at("/properties/expected_statuses/items/enum")))
                .isEqualTo(Arrays.stream(JobRunStatus.Known.values())
                        .flatMap(status -> Stream.of(status.label(), Integer.toString(status.code())))
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    static Stream<JsonNode> examples() {
        return Schemas.alternatives("command").stream()
                .flatMap(verb -> stream(SCHEMA.path("$defs").path(verb).path("examples")));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void itsExamplesAreCommands(JsonNode example) {
        assertThat(decoded(example.toString()))
                .isInstanceOfSatisfying(
                        Command.Fit.class,
                        fit -> assertThat(fit.verb())
                                .isEqualTo(example.path("command").asText()));
    }

    /** Commands in which every field in turn has every value: about 8,000 of them. */
    @ParameterizedTest
    @MethodSource("bases")
    void itTakesWhatTheDecoderTakesAndNothingElse(String base) throws JsonProcessingException {
        List<String> fields = new ArrayList<>(KnownFields.names());
        fields.add("jobid");
        List<String> differences = new ArrayList<>();
        int taken = 0;
        int refused = 0;
        for (String field : fields) {
            for (String value : VALUES) {
                ObjectNode command = (ObjectNode) JSON.readTree(base);
                command.set(field, JSON.readTree(value));
                boolean fit = decoded(command.toString()) instanceof Command.Fit;
                List<String> faults = Schemas.faults("command", command);
                if (fit != faults.isEmpty()) {
                    differences.add(
                            (fit ? "only the decoder takes " : "only the schema takes ") + command + " " + faults);
                }
                taken += fit ? 1 : 0;
                refused += fit ? 0 : 1;
            }
        }

        assertThat(differences).isEmpty();
        assertThat(taken).isGreaterThan(100);
        assertThat(refused).isGreaterThan(100);
    }

    static List<String> bases() {
        return List.of(
                "{\"command\": \"trigger\", \"job_id\": 1}",
                "{\"command\": \"trigger\", \"project_name\": \"p\", \"environment_name\": \"e\", \"job_name\": \"j\"}",
                "{\"command\": \"retry\", \"job_id\": 1}",
                "{\"command\": \"retry\", \"run_id\": 1}",
                "{\"command\": \"retry\", \"target_command_id\": \"c1\"}",
                "{\"command\": \"cancel\", \"run_id\": 1}",
                "{\"command\": \"cancel\", \"target_command_id\": \"c1\"}",
                "{\"command\": \"follow\", \"run_id\": 1}");
    }

    private static List<String> values() {
        List<String> values = new ArrayList<>(List.of(
                "null",
                "true",
                "false",
                "0",
                "1",
                "-1",
                "1.5",
                "9223372036854775807",
                "9223372036854775808",
                "1e400",
                "\"\"",
                "\" \"",
                "\"x\"",
                "\"1\"",
                "\"a\\u0000b\"",
                "\"a\\nb\"",
                "\"a\\u0085b\"",
                "\"ü😀\"",
                "[]",
                "[\"\"]",
                "[\"a\"]",
                "[\"a\", \"a\"]",
                "[null]",
                "[1]",
                "[2]",
                "[4]",
                "[\"queued\"]",
                "[\"success\", 20]",
                "[\"unknown\"]",
                "[\"SUCCESS\"]",
                "[\"../a\"]",
                "[\"a/../b\"]",
                "[\"a/..\"]",
                "[\"..a/b..\"]",
                "[\"/a\"]",
                "[\"a\\\\b\"]",
                "{}",
                "{\"a\": 1}",
                "{\"cause\": \"x\"}",
                "\"PT30S\"",
                "\"PT1H\"",
                "\"PT0.5H\"",
                "\"PT1M30.5S\"",
                "\"P\"",
                "\"PT\"",
                "\"2 hours\"",
                "\"2026-11-22T10:00:00Z\"",
                "\"2026-11-22t10:00:00.123456789+05:30\"",
                "\"2026-11-22T10:00:00\"",
                "\"2026-11-22T10:00Z\"",
                "\"2026-11-22 10:00:00Z\"",
                "\"2026-13-22T10:00:00Z\"",
                "\"2026-02-30T10:00:00Z\"",
                "\"2026-11-22T10:00:00+24:00\"",
                "\"cancel\"",
                "\"abandon\"",
                "\"retry\"",
                "\"park\"",
                "\"queue\"",
                "\"replace\"",
                "\"Trigger\""));
        for (int length : List.of(64, 65, 128, 129, 255, 256, 2_000, 2_001)) {
            values.add("\"" + "x".repeat(length) + "\"");
        }
        for (int length : List.of(500, 501, 1_000, 1_001)) {
            values.add("[\"" + "x".repeat(length) + "\"]");
        }
        for (int count : List.of(50, 51)) {
            values.add(Stream.iterate(1, i -> i + 1)
                    .limit(count)
                    .map(i -> "\"s" + i + "\"")
                    .collect(Collectors.joining(",", "[", "]")));
        }
        return List.copyOf(values);
    }

    private Command decoded(String text) {
        return ((Input.CommandReceived)
                        decoder.decode(text.getBytes(StandardCharsets.UTF_8), name -> null, "id", Instant.EPOCH))
                .command();
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        List<JsonNode> elements = new ArrayList<>();
        array.forEach(elements::add);
        return elements.stream();
    }

    private static Set<String> strings(JsonNode array) {
        return stream(array)
                .filter(element -> !element.isNull())
                .map(JsonNode::asText)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> names(JsonNode object) {
        Set<String> names = new TreeSet<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
