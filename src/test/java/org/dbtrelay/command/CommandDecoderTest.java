package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.job.JobNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandDecoderTest {

    private static final int MAX_SIZE = 20_000;

    private final CommandDecoder decoder = new CommandDecoder(MAX_SIZE);

    @Test
    void aTriggerWithEverythingIsReadToTheLetter() {
        Command.Fit trigger = trigger("""
                {"command": "trigger", "command_id": "orders-1", "connection": "eu", "account_id": 4238,
                 "job_id": 70403103930101, "cause": "orders landed", "steps_override": ["dbt run"],
                 "schema_override": "tmp", "additional_run_config": {"git_branch": "main", "threads_override": 8},
                 "poll_interval": "PT5S", "timeout": "PT2H", "artifacts": ["manifest.json",
                 {"path": "run_results.json", "step": 3}, {"path": "run_results.json", "step": 4}], "context": {"batch": [17]}}
                """);

        assertThat(trigger.id()).isEqualTo("orders-1");
        assertThat(trigger.head().connection()).isEqualTo("eu");
        assertThat(trigger.head().accountId()).isEqualTo(4238L);
        assertThat(task(trigger).job()).isEqualTo(new JobSelector.ById(70403103930101L));
        assertThat(task(trigger).cause()).isEqualTo("orders landed");
        assertThat(task(trigger).overrides().steps()).containsExactly("dbt run");
        assertThat(task(trigger).overrides().schema()).isEqualTo("tmp");
        assertThat(task(trigger).overrides().runConfig()).isEqualTo("{\"git_branch\":\"main\",\"threads_override\":8}");
        assertThat(task(trigger).overrides().runConfigFields()).isEqualTo(Set.of("git_branch", "threads_override"));
        assertThat(trigger.requested().pollInterval()).isEqualTo(Duration.ofSeconds(5));
        assertThat(trigger.requested().timeout()).isEqualTo(Duration.ofHours(2));
        assertThat(trigger.requested().artifacts())
                .containsExactly(
                        ArtifactWish.of("manifest.json"),
                        new ArtifactWish("run_results.json", 3),
                        new ArtifactWish("run_results.json", 4));
        assertThat(trigger.head().context()).isEqualTo("{\"batch\":[17]}");
    }

    @Test
    void whatIsAbsentOrNullTakesTheDefault() {
        Command.Fit trigger = trigger("{\"command\": \"trigger\", \"job_id\": 1, \"cause\": null}");

        assertThat(trigger.id()).isEqualTo("the-default-id");
        assertThat(trigger.head().connection()).isEqualTo("default");
        assertThat(task(trigger).cause()).isNull();
        assertThat(trigger.requested().artifacts()).isNull();
    }

    @Test
    void aJobCanBeNamed() {
        Command.Fit trigger = trigger("""
                {"command": "trigger", "project_name": "p", "environment_name": "e", "job_name": "j"}
                """);

        assertThat(task(trigger).job()).isEqualTo(new JobSelector.ByNames(new JobNames("p", "e", "j")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"job_id\": 1}                                                     | command:",
                "{\"command\": \"run\", \"job_id\": 1}                               | command:",
                "{\"command\": 7, \"job_id\": 1}                                     | command:",
                "{\"command\": \"trigger\"}                                          | job_id:",
                "{\"command\": \"trigger\", \"job_id\": \"1\"}                       | job_id:",
                "{\"command\": \"trigger\", \"job_id\": 1.5}                         | job_id:",
                "{\"command\": \"trigger\", \"job_id\": 0}                           | job_id:",
                "{\"command\": \"trigger\", \"job_id\": 9223372036854775808}         | job_id:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"job_name\": \"j\"}      | job_id:",
                "{\"command\": \"trigger\", \"project_name\": \"p\"}                 | job_id:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"jobid\": 2}             | jobid:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"cause\": \"\"}          | cause:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"timeout\": \"2 hours\"} | timeout:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"timeout\": \"-PT1H\"}   | timeout:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"poll_interval\": \"PT0.1S\"} | poll_interval:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": \"a\"}     | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [\"../a\"]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [\"/etc\"]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [\"a//b\"]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [\"a/\"]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [\"a/./b\"]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [\"a\\u0007b\"]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [7]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [\"a\", \"a\"]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [{\"path\": \"a\"}]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [{\"path\": \"a\", \"step\": 0}]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [{\"path\": \"a\", \"step\": \"3\"}]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [{\"path\": \"a\", \"step\": 1.5}]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [{\"path\": \"a\", \"step\": 1e9}]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [{\"path\": 1, \"step\": 1}]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [{\"path\": \"../a\", \"step\": 1}]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"artifacts\": [{\"path\": \"a\", \"step\": 1, \"x\": 1}]} | artifacts:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"steps_override\": []}   | steps_override:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"steps_override\": [1]}  | steps_override:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"additional_run_config\": {\"cause\": \"x\"}} | additional_run_config:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"command_id\": \"a\\u0000b\"} | command_id:",
                "{\"command\": \"trigger\", \"job_id\": 1, \"account_id\": true}     | account_id:",
            })
    void aBrokenRuleIsARejectionThatNamesTheField(String json, String field) {
        Command.Unfit unfit = unfit(json);

        assertThat(unfit.reason()).isEqualTo(RejectReason.INVALID);
        assertThat(unfit.message()).startsWith(field);
    }

    @Test
    void aRejectionKeepsTheIdAndTheContextWhereTheyCanBeRead() {
        Command.Unfit unfit =
                unfit("{\"command_id\": \"c1\", \"context\": {\"a\": 1}, \"command\": \"trigger\", \"typo\": 1}");

        assertThat(unfit.id()).isEqualTo("c1");
        assertThat(unfit.head().context()).isEqualTo("{\"a\":1}");
    }

    @Test
    void anIdThatIsTooLongIsRejectedUnderTheDefaultId() {
        Command.Unfit unfit =
                unfit("{\"command\": \"trigger\", \"job_id\": 1, \"command_id\": \"" + "x".repeat(129) + "\"}");

        assertThat(unfit.id()).isEqualTo("the-default-id");
        assertThat(unfit.message()).startsWith("command_id:");
    }

    @Test
    void aContextThatIsTooLargeIsRejected() {
        String context = "\"" + "x".repeat(8 * 1024) + "\"";

        assertThat(unfit("{\"command\": \"trigger\", \"job_id\": 1, \"context\": " + context + "}")
                        .message())
                .startsWith("context:");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nonsense",
                "{\"a\":",
                "[]",
                "17",
                "\"trigger\"",
                "null",
                "{} {}",
                "{\"a\": 1, \"a\": 2}",
            })
    void whatIsNoJsonObjectIsMalformed(String text) {
        assertThat(verdict(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(DeadLetterReason.MALFORMED);
    }

    @Test
    void whatIsNotUtf8IsMalformed() {
        byte[] latin1 = "{\"command\": \"trigger\", \"job_id\": 1, \"cause\": \"\u00e9\"}"
                .getBytes(StandardCharsets.ISO_8859_1);
        byte[] utf16 = "{\"command\": \"trigger\", \"job_id\": 1}".getBytes(StandardCharsets.UTF_16BE);

        assertThat(verdict(latin1)).isEqualTo(DeadLetterReason.MALFORMED);
        assertThat(verdict(utf16)).isEqualTo(DeadLetterReason.MALFORMED);
    }

    @Test
    void noValueIsMalformedAndTooMuchOfItTooLarge() {
        byte[] large = new byte[MAX_SIZE + 1];
        Arrays.fill(large, (byte) ' ');

        assertThat(verdict(null)).isEqualTo(DeadLetterReason.MALFORMED);
        assertThat(verdict(large)).isEqualTo(DeadLetterReason.TOO_LARGE);
    }

    @Test
    void theHashTellsContentsApartAndNotTheOrderOfFields() {
        CommandHash one = hash("{\"command\": \"trigger\", \"job_id\": 1, \"context\": {\"a\": 1, \"b\": 2}}");

        assertThat(hash("{\"context\":{\"b\":2,\"a\":1},\"job_id\":1,\"command\":\"trigger\"}"))
                .isEqualTo(one);
        assertThat(hash("{\"context\":{\"b\":2,\"a\":1},\"job_id\":2,\"command\":\"trigger\"}"))
                .isNotEqualTo(one);
    }

    @Test
    void anIdCanBeWrittenIntoACommand() {
        byte[] without = "{\"command\": \"trigger\", \"job_id\": 1}".getBytes(StandardCharsets.UTF_8);
        byte[] with = decoder.plain(without, name -> null, "new");

        assertThat(((Input.CommandReceived) decode(with)).command().id()).isEqualTo("new");
    }

    private static Task.Trigger task(Command.Fit command) {
        return (Task.Trigger) command.task();
    }

    private Command.Fit trigger(String json) {
        return (Command.Fit) commanded(json).command();
    }

    private Command.Unfit unfit(String json) {
        return (Command.Unfit) commanded(json).command();
    }

    private CommandHash hash(String json) {
        return commanded(json).hash();
    }

    private Input.CommandReceived commanded(String json) {
        return (Input.CommandReceived) decode(json.getBytes(StandardCharsets.UTF_8));
    }

    private DeadLetterReason verdict(byte[] value) {
        return ((Input.NotACommand) decode(value)).verdict().reason();
    }

    private Input decode(byte[] value) {
        return decoder.decode(value, name -> null, "the-default-id", Instant.EPOCH);
    }

    /** Over HTTP a command without an id gets one. The topic's reader put it aside for its size, after an answer of 202. */
    @Test
    void whatItsIdMakesTooLargeIsKnownBeforeItIsTaken() {
        String begin = "{\"command\": \"cancel\", \"run_id\": 1, \"context\": \"";
        byte[] fits = (begin + "x".repeat(MAX_SIZE - begin.length() - 2) + "\"}").getBytes(StandardCharsets.UTF_8);

        byte[] plain = decoder.plain(fits, name -> null, "an-id-that-was-not-there");

        assertThat(fits).hasSize(MAX_SIZE);
        assertThat(decoder.tooLarge(fits)).isNull();
        assertThat(decoder.tooLarge(plain)).contains("command_id", "relay.commands.max-size is " + MAX_SIZE);
    }

    @Test
    void theIdsOfObservedRunsAreTheRelaysOwn() {
        Command.Fit own = (Command.Fit) received(OBSERVED, "observed/4238/70").command();

        assertThat(own.id()).isEqualTo("observed/4238/70");
        assertThat(own.task()).isEqualTo(new Task.Follow(70, Set.of()));
    }

    /** It must not take the id: the run that has it would not be told of any more. */
    @ParameterizedTest
    @ValueSource(strings = {"", "observed/4238/71", "something"})
    void aClientsCommandWithSuchAnIdIsRejectedUnderAnother(String header) {
        Command.Unfit unfit = (Command.Unfit) received(OBSERVED, header).command();

        assertThat(unfit.id()).isEqualTo("t-0-5-0");
        assertThat(unfit.message()).startsWith("command_id: must not begin with observed/");
    }

    @Test
    void aHeaderThatFitsMakesNoOtherCommandTheRelaysOwn() {
        for (String other : List.of(
                OBSERVED.replace("\"run_id\": 70", "\"run_id\": 71"),
                OBSERVED.replace("follow", "cancel"),
                OBSERVED.replace("\"run_id\"", "\"timeout\": \"PT1S\", \"run_id\""))) {
            assertThat(received(other, "observed/4238/70").command()).isInstanceOf(Command.Unfit.class);
        }
    }

    @Test
    void overHttpNoIdOfAnObservedRunIsTaken() {
        Input.CommandReceived sent = (Input.CommandReceived) decode(OBSERVED.getBytes(StandardCharsets.UTF_8));

        assertThat(sent.command()).isInstanceOf(Command.Unfit.class);
        assertThat(sent.command().id()).isEqualTo("the-default-id");
    }

    private static final String OBSERVED = """
            {"command": "follow", "command_id": "observed/4238/70", "connection": "default", "account_id": 4238, "run_id": 70}""";

    private Input.CommandReceived received(String json, String header) {
        byte[] value = json.getBytes(StandardCharsets.UTF_8);
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "t",
                0,
                5,
                0,
                TimestampType.CREATE_TIME,
                -1,
                value.length,
                null,
                value,
                new RecordHeaders(),
                Optional.empty());
        if (!header.isEmpty()) {
            record.headers().add("relay-observed", header.getBytes(StandardCharsets.UTF_8));
        }
        return (Input.CommandReceived) decoder.decode(record);
    }
}
