package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Records that are no command, or a bad one: each is told of in the right place, starts nothing and holds nothing up. */
class BadRecordsIT {

    private static final long JOB = 70403103940001L;
    private static final byte[] BINARY_HEADER = {0, (byte) 0xff, 'x'};
    private static final int MAX_SIZE = 256 * 1024;

    /** The broker takes records of 1 MiB in all. */
    private static final int ALMOST_A_MEBIBYTE = 1_048_000;

    private static final AtomicInteger GOOD_COMMANDS = new AtomicInteger();

    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                BadRecordsIT.class,
                World.empty()
                        .account(World.ACCOUNT_ID, "Jaffle Shop")
                        .project("Jaffle Shop")
                        .environment("Production")
                        .job(EmulatedJob.named("quick")
                                .id(JOB)
                                .plan(RunPlan.succeeding().instantly())));
        relay = stage.deployment("bad-records");
        // As many have it: the time of a record is the producer's.
        relay.clients().createTopic(relay.topic("commands"), 2, Map.of("message.timestamp.type", "CreateTime"));
        relay.start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    static Stream<Arguments> unreadable() {
        return Stream.of(
                arguments("no JSON", bytes("run the orders job, please"), "malformed"),
                arguments("JSON that breaks off", bytes("{\"command\": \"trigger\", "), "malformed"),
                arguments("text after the JSON", bytes(trigger("trailing", JOB) + " and again"), "malformed"),
                arguments("an array", bytes("[" + trigger("array", JOB) + "]"), "malformed"),
                arguments("a string", bytes("\"trigger\""), "malformed"),
                arguments(
                        "a field twice",
                        bytes("{\"command\": \"trigger\", \"job_id\": 1, \"job_id\": 2}"),
                        "malformed"),
                arguments("invalid UTF-8", new byte[] {'{', '"', (byte) 0xc3, '"', ':', '1', '}'}, "malformed"),
                arguments("UTF-16", trigger("utf-16", JOB).getBytes(StandardCharsets.UTF_16BE), "malformed"),
                arguments("nesting without end", bytes("{\"context\": " + "[".repeat(100_000)), "malformed"),
                arguments("half a character", bytes("{\"command\": \"trigger\", \"cause\": \"\\ud83d\"}"), "malformed"),
                arguments("a number without end", bytes("{\"context\": 1e99999999999999}"), "malformed"),
                arguments("nothing", new byte[0], "malformed"),
                arguments("a null value", null, "malformed"),
                arguments("a command of 300 KB", command(300_000), "too_large"),
                arguments("a byte more than relay.commands.max-size", command(MAX_SIZE + 1), "too_large"),
                arguments("a command of almost 1 MiB", command(ALMOST_A_MEBIBYTE), "too_large"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unreadable")
    void isADeadLetter(String what, byte[] value, String reason) {
        var message = new ProducerRecord<>(relay.topic("commands"), bytes("the key"), value);
        message.headers()
                .add("binary", BINARY_HEADER)
                .add("from", bytes("orders"))
                .add("from", bytes("again"));
        Instant before = Clock.systemUTC().instant();

        RecordMetadata sent = relay.send(message);

        assertDeadLetter(message, sent, reason, before);
        assertGoodCommandIsServed("the key");
    }

    @Test
    void tooOldIsADeadLetter() {
        Instant before = Clock.systemUTC().instant();
        var message = new ProducerRecord<>(
                relay.topic("commands"),
                null,
                before.minus(Duration.ofDays(8)).toEpochMilli(),
                bytes("old"),
                bytes(trigger("too-old", JOB)));

        RecordMetadata sent = relay.send(message);

        assertDeadLetter(message, sent, "expired", before);
        assertGoodCommandIsServed("old");
        assertThat(relay.history().commandIds()).doesNotContain("too-old");
    }

    @Test
    void keyOfNullStaysNull() {
        var message = new ProducerRecord<byte[], byte[]>(relay.topic("commands"), 1, null, bytes("no key"));

        RecordMetadata sent = relay.send(message);

        assertDeadLetter(message, sent, "malformed", Instant.EPOCH);
    }

    static Stream<Arguments> invalid() {
        return Stream.of(
                arguments("unknown field", "\"job_id\": 1, \"steps_overide\": [\"dbt seed\"]", "steps_overide"),
                arguments("job as a string", "\"job_id\": \"559062\"", "job_id"),
                arguments("job as a fraction", "\"job_id\": 1.5", "job_id"),
                arguments("job as a huge number", "\"job_id\": 1e999999999", "job_id"),
                arguments("job over 64 bits", "\"job_id\": 9223372036854775808", "job_id"),
                arguments("job below one", "\"job_id\": 0", "job_id"),
                arguments("no job", "\"cause\": \"orders\"", "job_id"),
                arguments("job by id and by name", "\"job_id\": 1, \"job_name\": \"daily\"", "job_id"),
                arguments("cause as a number", "\"job_id\": 1, \"cause\": 7", "cause"),
                arguments("steps as a string", "\"job_id\": 1, \"steps_override\": \"dbt build\"", "steps_override"),
                arguments("interval of another format", "\"job_id\": 1, \"poll_interval\": \"10s\"", "poll_interval"),
                arguments("interval of zero", "\"job_id\": 1, \"poll_interval\": \"PT0S\"", "poll_interval"),
                arguments("path out of the store", "\"job_id\": 1, \"artifacts\": [\"../../etc/passwd\"]", "artifacts"),
                arguments(
                        "cause in the run configuration",
                        "\"job_id\": 1, \"additional_run_config\": {\"cause\": \"x\"}",
                        "additional_run_config"),
                arguments(
                        "context of more than 8 KiB",
                        "\"job_id\": 1, \"context\": \"" + "x".repeat(8 * 1024) + "\"",
                        "context"),
                arguments("unknown command", "\"job_id\": 1, \"command\": \"start\"", "command"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("invalid")
    void isRejected(String what, String fields, String field) {
        String id = "invalid, " + what;
        String verb = fields.contains("\"command\"") ? "" : "\"command\": \"trigger\", ";

        relay.send("invalid", "{\"command_id\": \"%s\", %s%s}".formatted(id, verb, fields));

        assertRejected(id, field);
        assertGoodCommandIsServed("invalid");
    }

    @Test
    void isRejectedUnderTheRecordsPlaceIfTheIdIsBad() {
        RecordMetadata sent = relay.send("bad-id", """
                {"command": "trigger", "command_id": "%s", "job_id": %d}""".formatted("x".repeat(129), JOB));

        assertRejected(
                "%s-%d-%d-%d".formatted(sent.topic(), sent.partition(), sent.offset(), sent.timestamp()), "command_id");
        assertGoodCommandIsServed("bad-id");
    }

    private static void assertRejected(String commandId, String field) {
        ReceivedEvent rejected = relay.reader().awaitEvent("command.rejected", commandId, PATIENCE);
        assertThat(rejected.reason()).contains("invalid");
        assertThat(rejected.data().path("message").asText()).startsWith(field + ": ");
        EventShape.assertRight(relay, relay.reader().eventsOf(commandId));
        assertThat(relay.reader().eventsOf(commandId)).hasSize(1);
    }

    private static void assertDeadLetter(
            ProducerRecord<byte[], byte[]> message, RecordMetadata sent, String reason, Instant before) {
        ReceivedEvent letter = relay.reader()
                .awaitFor(
                        event -> Long.toString(sent.offset()).equals(event.header("dlq-offset"))
                                && Integer.toString(sent.partition()).equals(event.header("dlq-partition")),
                        PATIENCE);
        assertThat(letter.topic()).isEqualTo(relay.topic("commands.dlq"));
        assertThat(letter.header("dlq-reason")).isEqualTo(reason);
        assertThat(letter.header("dlq-message")).isNotBlank();
        assertThat(letter.header("dlq-topic")).isEqualTo(message.topic());
        assertThat(Instant.parse(letter.header("dlq-time")))
                .isBetween(before, Clock.systemUTC().instant());
        assertThat(letter.origin().key()).isEqualTo(message.key());
        assertThat(letter.origin().value()).isEqualTo(message.value());
        assertThat(Stream.of(letter.origin().headers().toArray())
                        .filter(header -> !header.key().startsWith("dlq-")))
                .as("headers as they were, in their order")
                .containsExactly(message.headers().toArray());
        assertThat(letter.origin().headers().toArray())
                .hasSize(message.headers().toArray().length + 6);
    }

    private static void assertGoodCommandIsServed(String key) {
        String id = "good-" + GOOD_COMMANDS.incrementAndGet();
        relay.send(key, trigger(id, JOB));
        relay.reader().awaitEvent("run.succeeded", id, PATIENCE);
        assertThat(stage.dbtCloud().runs()).hasSize(GOOD_COMMANDS.get());
    }

    /** A command of so many bytes that would be fine if it were smaller. */
    private static byte[] command(int size) {
        String start = "{\"command\": \"trigger\", \"job_id\": %d, \"cause\": \"".formatted(JOB);
        return bytes(start + "x".repeat(size - start.length() - 2) + "\"}");
    }
}
