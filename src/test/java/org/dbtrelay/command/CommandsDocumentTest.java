package org.dbtrelay.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.docs.Document;
import org.dbtrelay.run.Command;
import org.dbtrelay.run.DeadLetterReason;
import org.dbtrelay.run.Input;
import org.dbtrelay.run.Overrides;
import org.dbtrelay.run.RejectReason;
import org.junit.jupiter.api.Test;

/** {@code docs/commands.md} says what the decoder does. */
class CommandsDocumentTest {

    private final Document document = Document.at("docs/commands.md");
    private final CommandDecoder decoder = new CommandDecoder(new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(RelayConfig.class)
            .build()
            .getConfigMapping(RelayConfig.class));

    @Test
    void listsTheFields() {
        assertThat(document.firstColumn("Fields")).containsExactlyInAnyOrderElementsOf(CommandDecoder.FIELDS);
    }

    @Test
    void listsWhatIsNotSupportedYet() {
        Set<String> later = new TreeSet<>(CommandDecoder.LATER);
        CommandDecoder.VERBS.stream()
                .filter(verb -> !verb.equals("trigger"))
                .forEach(verb -> later.add("\"command\": \"" + verb + "\""));

        assertThat(document.firstColumn("Not supported yet")).containsExactlyInAnyOrderElementsOf(later);
    }

    @Test
    void whatIsNotSupportedYetIsAnsweredSo() {
        assertThat(CommandDecoder.LATER).allSatisfy(field -> {
            String command = "{\"command\": \"trigger\", \"job_id\": 1, \"" + field + "\": 1}";
            assertThat(decoded(command))
                    .isInstanceOfSatisfying(
                            Command.Unfit.class,
                            unfit -> assertThat(unfit.reason()).isEqualTo(RejectReason.UNSUPPORTED));
        });
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
        assertThat(document.examples("json"))
                .isNotEmpty()
                .allSatisfy(example -> assertThat(decoded(example)).isInstanceOf(Command.Fit.class));
    }

    private Command decoded(String text) {
        return decoder.decode(text.getBytes(StandardCharsets.UTF_8), name -> null, "id", Instant.EPOCH)
                        instanceof Input.Commanded commanded
                ? commanded.command()
                : null;
    }
}
