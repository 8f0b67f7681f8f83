package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.docs.Document;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.testkit.Schemas;
import org.junit.jupiter.api.Test;

/** {@code docs/commands.md} says what the decoder does. */
class CommandsDocumentTest {

    private static final Pattern IN_A_LINE = Pattern.compile("\\{\"command\": .*\\}(?=')");

    private final Document document = Document.at("docs/commands.md");
    private final CommandDecoder decoder = new CommandDecoder(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(RelayConfig.class)
            .build()
            .getConfigMapping(RelayConfig.class));

    @Test
    void listsTheFields() {
        assertThat(document.firstColumn("Fields"))
                .filteredOn(code -> !code.contains(":"))
                .containsExactlyInAnyOrderElementsOf(KnownFields.names());
    }

    @Test
    void saysWhichFieldIsForWhichVerb() {
        assertThat(KnownFields.names()).allSatisfy(field -> {
            List<String> verbs = Arrays.stream(Verb.values())
                    .filter(verb -> KnownFields.of(verb).contains(field))
                    .map(Verb::word)
                    .toList();
            String told = verbs.size() == Verb.values().length ? "all" : String.join(", ", verbs);
            assertThat(document.row(field)).startsWith("| `" + field + "` | " + told + " | ");
        });
    }

    @Test
    void listsTheVerbs() {
        assertThat(document.row("command")).contains(Verb.words());
        assertThat(Verb.words())
                .allSatisfy(verb ->
                        assertThat(document.row(verb)).as("row of %s", verb).isNotEmpty());
    }

    /** The messages in it are those that the decoder gives. */
    @Test
    void itsMessagesAreReal() {
        List<String> messages = document.firstColumn("Fields").stream()
                .filter(code -> code.contains(": "))
                .toList();

        assertThat(messages)
                .containsExactly(
                        fault("{\"command\": \"trigger\", \"job_id\": \"559062\"}"),
                        fault("{\"command\": \"trigger\", \"job_id\": 1, \"timeout\": \"PT1000H\"}"),
                        fault("{\"command\": \"trigger\", \"jobid\": 1}"),
                        fault("{\"command\": \"trigger\", \"job_id\": 1, \"git_branch\": \"x\"}"),
                        fault("{\"command\": \"cancel\", \"run_id\": 1, \"cause\": \"x\"}"),
                        fault("{\"command\": \"cancel\", \"run_id\": 1, \"target_command_id\": \"x\"}"));
    }

    @Test
    void listsTheReasonsOfRejections() {
        assertThat(document.firstColumn("Rejections"))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(RejectReason.values())
                        .map(RejectReason::wireName)
                        .toList());
    }

    @Test
    void listsTheReasonsOfDeadLetters() {
        assertThat(document.firstColumn("Dead letters"))
                .filteredOn(code -> !code.startsWith("dlq-"))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(DeadLetterReason.values())
                        .map(DeadLetterReason::wireName)
                        .toList());
    }

    @Test
    void listsTheFieldsOfAdditionalRunConfig() {
        assertThat(document.row("additional_run_config"))
                .contains(Overrides.DOCUMENTED_RUN_CONFIG.stream()
                        .map(field -> "`" + field + "`")
                        .toList());
    }

    @Test
    void itsExamplesAreCommands() {
        assertThat(document.examples("json")).isNotEmpty().allSatisfy(this::assertCommand);
        assertThat(document.examples("json"))
                .map(example -> decoded(example).verb())
                .as("one of each verb at least")
                .containsAll(Verb.words());
    }

    /** Those in shell commands too, in all documents. */
    @Test
    void commandsThatStandInOtherPlacesAreCommands() {
        List<String> found = Stream.of("README.md", "docs/commands.md", "docs/http.md", "docs/operations.md")
                .map(Document::at)
                .flatMap(it -> it.find(IN_A_LINE))
                .map(MatchResult::group)
                .toList();

        assertThat(found).hasSizeGreaterThanOrEqualTo(4).allSatisfy(this::assertCommand);
    }

    private void assertCommand(String text) {
        assertThat(decoded(text)).isInstanceOf(Command.Fit.class);
        try {
            assertThat(Schemas.faults("command", new ObjectMapper().readTree(text)))
                    .isEmpty();
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private String fault(String text) {
        return ((Command.Unfit) decoded(text)).message();
    }

    private Command decoded(String text) {
        return decoder.decode(text.getBytes(StandardCharsets.UTF_8), name -> null, "id", Instant.EPOCH)
                        instanceof Input.CommandReceived commanded
                ? commanded.command()
                : null;
    }
}
