package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands as CloudEvents, in all modes and with all faults. */
class CloudEventCommandsTest {

    private static final String PLACE = "dbt.commands-3-1207-1790000000000";
    private static final String STRUCTURED = "application/cloudevents+json; charset=UTF-8";
    private static final String COMMAND = "{\"command\": \"trigger\", \"job_id\": 1, \"context\": {\"amount\": 2.50}}";
    private static final String PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private static final String OTHER_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    private final CommandDecoder decoder = new CommandDecoder(20_000);

    // what is read

    static Stream<Arguments> wrapped() {
        return Stream.of(
                arguments("structured", structured("\"data\": " + COMMAND)),
                arguments("structured, in Base64", structured("\"data_base64\": \"" + base64(COMMAND) + "\"")),
                arguments(
                        "structured, with everything",
                        structured(
                                "\"datacontenttype\": \"application/json; charset=utf-8\", \"dataschema\": \"urn:x\","
                                        + " \"subject\": \"s\", \"time\": \"2026-11-22T10:00:00Z\", \"partitionkey\": \"1\","
                                        + " \"data_base64\": null, \"data\": " + COMMAND)),
                arguments(
                        "structured, content type in capitals",
                        structured("\"data\": " + COMMAND).with("content-type", "Application/CloudEvents+JSON ;x=y")),
                arguments("binary", binary(COMMAND)),
                arguments("binary, JSON", binary(COMMAND).with("content-type", "application/json")),
                arguments("binary, some JSON", binary(COMMAND).with("content-type", "application/vnd.shop+json; a=b")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrapped")
    void theDataIsTheCommandAndSourceAndIdItsId(String what, Sent sent) {
        Input.CommandReceived read = commanded(sent);

        assertThat(read.command()).isInstanceOf(Command.Fit.class);
        assertThat(read.command().id()).isEqualTo("/shop/orders|17");
        assertThat(read.command().head().context()).isEqualTo("{\"amount\":2.50}");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrapped")
    void theHashIsThatOfThePlainCommandWithTheSameId(String what, Sent sent) {
        CommandHash plain = commanded(
                        plain(COMMAND.replace("{\"command\"", "{\"command_id\": \"/shop/orders|17\", \"command\"")))
                .hash();

        assertThat(commanded(sent).hash()).isEqualTo(plain);
        assertThat(commanded(plain(COMMAND)).hash()).isNotEqualTo(plain);
    }

    @Test
    void anIdInTheDataGoesFirst() {
        String command = "{\"command\": \"trigger\", \"command_id\": \"own\", \"job_id\": 1}";
        Input.CommandReceived plain = commanded(plain(command));

        for (Sent sent : List.of(structured("\"data\": " + command), binary(command))) {
            assertThat(commanded(sent).command().id()).isEqualTo("own");
            assertThat(commanded(sent).command()).isEqualTo(plain.command());
            assertThat(commanded(sent).hash()).isEqualTo(plain.hash());
        }
    }

    @Test
    void noTwoEventsHaveOneId() {
        String one = idOf("/shop", "orders/17");
        String other = idOf("/shop/orders", "17");

        assertThat(one).isEqualTo("/shop|orders/17").isNotEqualTo(other);
        assertThat(idOf("urn:a", "b|c")).isEqualTo("urn:a|b|c");
    }

    @Test
    void anIdThatGetsTooLongIsHashed() {
        String longest = "x".repeat(128 - "/shop|".length());

        assertThat(idOf("/shop", longest)).isEqualTo("/shop|" + longest);
        assertThat(idOf("/shop", longest + "x"))
                .matches("sha256:[0-9a-f]{64}")
                .isEqualTo(idOf("/shop", longest + "x"))
                .isNotEqualTo(idOf("/shop", longest + "y"));
        assertThat(idOf("abc", "y".repeat(128)))
                .isEqualTo("sha256:b87017b07fc283c8abc29222d44c99d1a538a9dcdd9288bbfbc7b76dee42f9c4");
    }

    @Test
    void theValueAsAWholeHasItsBound() {
        Sent large = structured("\"subject\": \"" + "x".repeat(20_000) + "\", \"data\": " + COMMAND);

        assertThat(letter(large).reason()).isEqualTo(DeadLetterReason.TOO_LARGE);
    }

    @Test
    void headersOfNoCloudEventChangeNothing() {
        Sent sent = plain(COMMAND).with("content-type", "text/plain").with("ce_traceparent", PARENT);

        assertThat(commanded(sent).command())
                .isEqualTo(commanded(plain(COMMAND)).command());
        assertThat(commanded(sent).command().id()).isEqualTo(PLACE);
    }

    // what is no command

    static Stream<Arguments> noCommands() {
        return Stream.of(
                arguments("no value", structured("").with(null), "no value"),
                arguments("an envelope that is no JSON", structured("").with("{"), "the CloudEvent is no JSON"),
                arguments(
                        "an envelope that is no object", structured("").with("[]"), "the CloudEvent is no JSON object"),
                arguments("a name twice", structured("\"id\": \"18\", \"data\": " + COMMAND), "Duplicate"),
                arguments("no data", structured("\"subject\": \"s\""), "data: is missing"),
                arguments("data of null", structured("\"data\": null"), "data: is missing"),
                arguments("data as a string", structured("\"data\": \"{}\""), "data: is no JSON object"),
                arguments("data as a list", structured("\"data\": [" + COMMAND + "]"), "data: is no JSON object"),
                arguments("no Base64", structured("\"data_base64\": \"{}\""), "data_base64: is no Base64"),
                arguments("Base64 as a number", structured("\"data_base64\": 17"), "data_base64: is no string"),
                arguments(
                        "no JSON in Base64",
                        structured("\"data_base64\": \"" + base64("<a/>") + "\""),
                        "data_base64 is no JSON"),
                arguments(
                        "a batch",
                        structured("\"data\": " + COMMAND).with("content-type", "application/cloudevents-batch+json"),
                        "content-type: 'application/cloudevents-batch+json'"),
                arguments(
                        "another format",
                        structured("\"data\": " + COMMAND).with("content-type", "application/cloudevents+avro"),
                        "content-type: 'application/cloudevents+avro'"),
                arguments("binary without data", binary(""), "the data is empty"),
                arguments(
                        "binary, other data",
                        binary("<a/>").with("content-type", "application/xml"),
                        "the data is no JSON"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("noCommands")
    void isMalformed(String what, Sent sent, String message) {
        DeadLetter letter = letter(sent);

        assertThat(letter.reason()).isEqualTo(DeadLetterReason.MALFORMED);
        assertThat(letter.message()).contains(message);
    }

    // what is a command in a bad envelope

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "specversion, -,       /shop/orders|17",
                "specversion, 0.3,     /shop/orders|17",
                "specversion, 1.1,     /shop/orders|17",
                "specversion, '',      /shop/orders|17",
                "type,        -,       /shop/orders|17",
                "type,        ' ',     /shop/orders|17",
                "id,          -,       " + PLACE,
                "id,          '',      " + PLACE,
                "id,          'a\nb',  " + PLACE,
                "id,          '\uFFFD', " + PLACE,
                "source,      -,       " + PLACE,
                "source,      '',      " + PLACE,
                "source,      'a b',   " + PLACE,
                "source,      'a|b',   " + PLACE,
            })
    void aBadAttributeIsARejectionThatNamesIt(String attribute, String value, String id) {
        String member = value == null ? "null" : "\"" + value.replace("\n", "\\n") + "\"";
        Command structured =
                commanded(structured(attribute, member, "\"data\": " + COMMAND)).command();
        Command binary =
                commanded(binary(COMMAND).with("ce_" + attribute, value)).command();

        assertRejected(structured, id, attribute + ": ");
        assertRejected(binary, id, "ce_" + attribute + ": ");
    }

    @Test
    void anAttributeThatIsNoStringIsBad() {
        assertRejected(
                commanded(structured("id", "17", "\"data\": " + COMMAND)).command(), PLACE, "id: must be a string");
        assertRejected(
                commanded(structured("specversion", "1.0", "\"data\": " + COMMAND))
                        .command(),
                "/shop/orders|17",
                "specversion: must be a string");
    }

    @Test
    void dataOfAnotherContentTypeIsBadEvenIfItCouldBeRead() {
        assertRejected(
                commanded(structured("\"datacontenttype\": \"application/xml\", \"data\": " + COMMAND))
                        .command(),
                "/shop/orders|17",
                "datacontenttype: must be application/json");
        assertRejected(
                commanded(binary(COMMAND).with("content-type", "text/plain")).command(),
                "/shop/orders|17",
                "content-type: must be application/json");
    }

    @Test
    void dataTwiceIsBad() {
        Sent sent = structured("\"data\": " + COMMAND + ", \"data_base64\": \"" + base64(COMMAND) + "\"");

        assertRejected(
                commanded(sent).command(), "/shop/orders|17", "data_base64: must not be given together with data");
    }

    @Test
    void aBadEnvelopeIsToldOfUnderTheCommandsOwnId() {
        String command = "{\"command\": \"trigger\", \"command_id\": \"own\", \"job_id\": 1, \"context\": 7}";

        assertRejected(commanded(binary(command).with("ce_id", null)).command(), "own", "ce_id: must be given");
    }

    /** Else a command that was mended would be taken for the one that was rejected, and passed over. */
    @Test
    void aMendedEnvelopeMakesAnotherContent() {
        Sent bad = structured("specversion", "\"0.3\"", "\"data\": " + COMMAND);
        Sent good = structured("\"data\": " + COMMAND);

        assertThat(commanded(bad).hash())
                .isEqualTo(commanded(bad).hash())
                .isNotEqualTo(commanded(good).hash());
        assertThat(commanded(bad).command().id())
                .isEqualTo(commanded(good).command().id());
    }

    @Test
    void aBadCommandInAGoodEnvelopeIsRejectedAsEver() {
        assertRejected(
                commanded(binary("{\"command\": \"trigger\", \"jobid\": 1}")).command(),
                "/shop/orders|17",
                "jobid: is not a field");
        assertRejected(
                commanded(binary("{\"command\": \"trigger\", \"command_id\": 7}"))
                        .command(),
                PLACE,
                "command_id: must be a string");
    }

    // traces

    @Test
    void theTraceComesFromTheHeaderOrFromTheEvent() {
        Sent structured =
                structured("\"traceparent\": \"" + PARENT + "\", \"tracestate\": \"vendor=1\", \"data\": " + COMMAND);
        Sent binary = binary(COMMAND).with("ce_traceparent", PARENT).with("ce_tracestate", "vendor=1");
        Sent plain = plain(COMMAND).with("traceparent", PARENT).with("tracestate", "vendor=1");

        for (Sent sent : List.of(structured, binary, plain)) {
            assertThat(commanded(sent).command().head().trace()).isEqualTo(new TraceContext(PARENT, "vendor=1"));
        }
        assertThat(commanded(binary(COMMAND)).command().head().trace()).isNull();
    }

    @Test
    void theHeaderGoesBeforeTheEventIfItIsValid() {
        for (Sent sent : List.of(
                structured("\"traceparent\": \"" + PARENT + "\", \"tracestate\": \"vendor=1\", \"data\": " + COMMAND),
                binary(COMMAND).with("ce_traceparent", PARENT).with("ce_tracestate", "vendor=1"))) {
            assertThat(commanded(sent.with("traceparent", OTHER_PARENT))
                            .command()
                            .head()
                            .trace())
                    .as("the state belongs to its parent")
                    .isEqualTo(new TraceContext(OTHER_PARENT, null));
            assertThat(commanded(sent.with("traceparent", "00-x"))
                            .command()
                            .head()
                            .trace())
                    .isEqualTo(new TraceContext(PARENT, "vendor=1"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"17", "\"nonsense\"", "null", "{}"})
    void aBadTraceRejectsNothing(String traceparent) {
        Sent sent = structured("\"traceparent\": " + traceparent + ", \"data\": " + COMMAND);

        assertThat(commanded(sent).command()).isInstanceOf(Command.Fit.class);
        assertThat(commanded(sent).command().head().trace()).isNull();
    }

    @Test
    void aRejectionBelongsToTheTraceAsWell() {
        Sent sent = binary("{}").with("ce_traceparent", PARENT);

        assertThat(commanded(sent).command().head().trace()).isEqualTo(new TraceContext(PARENT, null));
    }

    // what goes on the topic from elsewhere

    @Test
    void madePlainItIsTheSameCommand() {
        for (Sent sent : List.of(structured("\"data\": " + COMMAND), binary(COMMAND))) {
            Input.CommandReceived read = commanded(sent);
            byte[] plain = decoder.plain(
                    bytes(sent.value()), sent.headers()::get, read.command().id());

            assertThat(commanded(plain(new String(plain, StandardCharsets.UTF_8))))
                    .isEqualTo(read);
        }
    }

    private static void assertRejected(Command command, String id, String message) {
        assertThat(command).isInstanceOfSatisfying(Command.Unfit.class, unfit -> {
            assertThat(unfit.reason()).isEqualTo(RejectReason.INVALID);
            assertThat(unfit.message()).startsWith(message);
            assertThat(unfit.id()).isEqualTo(id);
        });
    }

    private String idOf(String source, String id) {
        return commanded(binary(COMMAND).with("ce_source", source).with("ce_id", id))
                .command()
                .id();
    }

    private Input.CommandReceived commanded(Sent sent) {
        return (Input.CommandReceived) decoder.decode(sent.record());
    }

    private DeadLetter letter(Sent sent) {
        return ((Input.NotACommand) decoder.decode(sent.record())).verdict();
    }

    private static Sent plain(String value) {
        return new Sent(value, Map.of());
    }

    private static Sent binary(String data) {
        return new Sent(
                data,
                Map.of(
                        "ce_specversion",
                        "1.0",
                        "ce_id",
                        "17",
                        "ce_source",
                        "/shop/orders",
                        "ce_type",
                        "com.example.shop.orders.landed"));
    }

    private static Sent structured(String members) {
        return structured("", "", members);
    }

    /** With one of the required attributes changed. */
    private static Sent structured(String changed, String value, String members) {
        Map<String, String> attributes = new HashMap<>(Map.of(
                "specversion",
                "\"1.0\"",
                "id",
                "\"17\"",
                "source",
                "\"/shop/orders\"",
                "type",
                "\"com.example.shop.orders.landed\""));
        attributes.replace(changed, value);
        List<String> all = new ArrayList<>();
        attributes.forEach((name, text) -> all.add("\"" + name + "\": " + text));
        if (!members.isEmpty()) {
            all.add(members);
        }
        return new Sent("{" + String.join(", ", all) + "}", Map.of("content-type", STRUCTURED));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(bytes(text));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** A record as its producer made it. */
    record Sent(String value, Map<String, String> headers) {

        /** With another header; null: without it. */
        Sent with(String name, String header) {
            Map<String, String> changed = new HashMap<>(headers);
            changed.remove(name);
            if (header != null) {
                changed.put(name, header);
            }
            return new Sent(value, changed);
        }

        Sent with(String text) {
            return new Sent(text, headers);
        }

        ConsumerRecord<byte[], byte[]> record() {
            RecordHeaders all = new RecordHeaders();
            headers.forEach((name, text) -> all.add(name, bytes(text)));
            return new ConsumerRecord<>(
                    "dbt.commands",
                    3,
                    1207,
                    1790000000000L,
                    TimestampType.CREATE_TIME,
                    0,
                    0,
                    new byte[0],
                    value == null ? null : bytes(value),
                    all,
                    Optional.empty());
        }

        @Override
        public String toString() {
            return "record";
        }
    }
}
