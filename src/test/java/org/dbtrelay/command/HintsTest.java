package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.decide.Input;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where people stumble the message says what it looks like and what to do. */
class HintsTest {

    private static final String COMMAND = "{\"command\": \"trigger\", \"job_id\": 1}";

    private final CommandDecoder decoder = new CommandDecoder(20_000);

    // bytes that are no JSON in UTF-8

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0000000007         | begins with a zero byte and the schema id 7, as Confluent's serializers write it",
                "0000018A4F         | the schema id 100943",
                "EFBBBF             | begins with a byte order mark; write UTF-8 without one",
                "1F8B08             | is compressed with gzip",
                "AA55               | is not UTF-8",
            })
    void whatStandsInFrontIsNamed(String hex, String message) {
        byte[] front = HexFormat.of().parseHex(hex);
        byte[] command = bytes(COMMAND);
        byte[] value = new byte[front.length + command.length];
        System.arraycopy(front, 0, value, 0, front.length);
        System.arraycopy(command, 0, value, front.length, command.length);

        assertThat(unreadable(value)).startsWith("the record ").contains(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16", "UTF-16LE", "UTF-16BE", "x-UTF-16LE-BOM", "UTF-32", "UTF-32LE", "UTF-32BE"})
    void anotherUnicodeIsNamed(String charset) {
        assertThat(unreadable(COMMAND.getBytes(Charset.forName(charset))))
                .isEqualTo("the record is " + (charset.contains("16") ? "UTF-16" : "UTF-32") + "; write UTF-8");
    }

    // JSON around a command

    @Test
    void aStringThatHoldsACommandIsNamed() {
        String quoted = '"' + COMMAND.replace("\"", "\\\"") + '"';
        String base64 = '"' + Base64.getEncoder().encodeToString(bytes(COMMAND)) + '"';

        assertThat(unreadable(bytes(quoted)))
                .isEqualTo("the record is no JSON object but a string that holds one: it was made JSON twice; send the"
                        + " object itself");
        assertThat(unreadable(bytes(base64)))
                .isEqualTo(
                        "the record is no JSON object but a string that holds one in Base64; send the object itself");
        assertThat(unreadable(bytes("{\"specversion\": \"1.0\", \"data\": " + quoted + "}")))
                .isEqualTo(
                        "data: is no JSON object but a string that holds one: it was made JSON twice; send the object"
                                + " itself");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"schema\": {\"type\": \"struct\"}, \"payload\": COMMAND} | schema: is not a field of a command; "
                        + "schema and payload are written by Kafka Connect's JsonConverter; set schemas.enable=false for it",
                "{\"schema\": null, \"payload\": \"{}\"} | schema: is not a field of a command; "
                        + "schema and payload are written by Kafka Connect's JsonConverter; set schemas.enable=false for it",
                "{\"value\": COMMAND} | value: is not a field of a command, but holds one; send what is in it by itself",
                "{\"id\": \"17\", \"message\": COMMAND} | "
                        + "message: is not a field of a command, but holds one; send what is in it by itself",
                "{\"id\": \"17\", \"source\": \"/a\", \"type\": \"t\", \"data\": COMMAND} | "
                        + "data: is not a field of a command, but holds one; a CloudEvent needs its specversion",
            })
    void anEnvelopeIsNamed(String json, String message) {
        assertThat(unfit(json.replace("COMMAND", COMMAND))).isEqualTo(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ce_specversion", "ce_source"})
    void headersThatWereWrittenAsJsonAreNamed(String name) {
        Map<String, String> headers = new TreeMap<>(Map.of("ce_specversion", "1.0", "ce_id", "17", "ce_type", "t"));
        headers.put("ce_source", "/shop");
        headers.computeIfPresent(name, (it, value) -> '"' + value + '"');

        assertThat(decoder.decode(bytes(COMMAND), headers::get, "id", Instant.EPOCH))
                .isInstanceOfSatisfying(
                        Input.CommandReceived.class,
                        commanded -> assertThat(((Command.Unfit) commanded.command()).message())
                                .isEqualTo(
                                        name
                                                + ": stands in quotes; the producer writes headers as JSON, let it write plain text"
                                                + " (Kafka Connect: header.converter=org.apache.kafka.connect.storage.StringConverter)"));
    }

    // names

    @Test
    void eachFieldIsKnownAgainInAnotherSpelling() {
        for (String field : KnownFields.names()) {
            String camel = camel(field);
            for (String other : List.of(
                    camel,
                    capital(camel),
                    field.replace('_', '-'),
                    field.replace("_", ""),
                    field.toUpperCase(Locale.ROOT))) {
                if (!other.equals(field)) {
                    assertThat(unfit("{\"command\": \"trigger\", \"" + other + "\": 1}"))
                            .isEqualTo(other + ": is not a field of a command; " + field + " was probably meant");
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "comand_id, command_id",
        "commandIds, command_id",
        "jobID, job_id",
        "job, job_id",
        "id, command_id",
        "steps, steps_override",
        "schema, schema_override",
        "runConfig, additional_run_config",
        "addtionalRunConfg, additional_run_config",
        "expiresAtt, expires_at",
    })
    void aNearMissIsKnownAgain(String name, String field) {
        assertThat(unfit("{\"command\": \"trigger\", \"" + name + "\": 1}"))
                .isEqualTo(name + ": is not a field of a command; " + field + " was probably meant");
    }

    @Test
    void aFieldOfAdditionalRunConfigIsShownItsPlace() {
        for (String field : Overrides.DOCUMENTED_RUN_CONFIG) {
            for (String name : List.of(field, camel(field))) {
                assertThat(unfit("{\"command\": \"trigger\", \"job_id\": 1, \"" + name + "\": 1}"))
                        .isEqualTo(name + ": is not a field of a command; it belongs into additional_run_config, as "
                                + field);
            }
        }
        assertThat(unfit("{\"command\": \"retry\", \"run_id\": 1, \"git_branch\": \"x\"}"))
                .isEqualTo(
                        "git_branch: is not a field of a command; it belongs into additional_run_config of a trigger, as"
                                + " git_branch");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "traceparent | it is a header, not a field",
                "tracestate  | it is a header, not a field",
                "key         | the record key stands beside the command, not in it",
                "path        | it belongs into an object in artifacts",
                "step        | it belongs into an object in artifacts",
            })
    void aNameThatBelongsElsewhereIsShownItsPlace(String name, String place) {
        assertThat(unfit("{\"command\": \"trigger\", \"job_id\": 1, \"" + name + "\": 1}"))
                .isEqualTo(name + ": is not a field of a command; " + place);
    }

    // words

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"command\": NaN}                 | the record is no JSON: Non-standard token 'NaN'",
                "{\"command\": \"a\"} {}            | the record is no JSON: there is more behind the object",
                "{\"command\": \"a\", \"command\": 1} | the record is no JSON: Duplicate field 'command'",
                "{\"a\": 'x'}                       | the record is no JSON: Unexpected character",
                "{'a': 1}                           | the record is no JSON: Unexpected character",
                "{\"a\": 01}                        | the record is no JSON: Invalid numeric value: Leading zeroes not allowed",
                "{\"a\": 1 /* x */}                 | the record is no JSON: Unexpected character",
                "{\"a\": \"\\x\"}                   | the record is no JSON: Unrecognized character escape 'x'",
                "{\"a\": DEEP}                      | the record is no JSON: lists and objects stand more than 100 deep",
                "{\"a\": LONG}                      | the record is no JSON: a number has more than 1000 digits",
            })
    void theWordsAreNoLibrarys(String json, String message) {
        String told = unreadable(bytes(json.replace("DEEP", "[".repeat(101)).replace("LONG", "9".repeat(1_001))));

        assertThat(told).startsWith(message).doesNotContain("Feature", "fasterxml", "Constraints", "`", "enable");
    }

    @Test
    void overHttpItIsTheBody() {
        List<byte[]> faults = new ArrayList<>(List.of(
                bytes("7"), bytes("{"), bytes(""), new byte[30_000], bytes("{} {}"), new byte[] {0, 0, 0, 0, 7, '{', '}'
                }));
        for (byte[] value : faults) {
            assertThat(decoder.decode(value, EventHeaders.ofRequest(Map.of()), "id", Instant.EPOCH))
                    .isInstanceOfSatisfying(
                            Input.NotACommand.class,
                            unreadable -> assertThat(unreadable.verdict().message())
                                    .startsWith("the body ")
                                    .doesNotContain("record"));
        }
    }

    private static String camel(String name) {
        StringBuilder camel = new StringBuilder();
        for (String word : name.split("_", -1)) {
            camel.append(camel.isEmpty() ? word : capital(word));
        }
        return camel.toString();
    }

    private static String capital(String word) {
        return Character.toUpperCase(word.charAt(0)) + word.substring(1);
    }

    private String unreadable(byte[] value) {
        return ((Input.NotACommand) decoder.decode(value, name -> null, "id", Instant.EPOCH))
                .verdict()
                .message();
    }

    private String unfit(String json) {
        return ((Command.Unfit) ((Input.CommandReceived) decoder.decode(bytes(json), name -> null, "id", Instant.EPOCH))
                        .command())
                .message();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
