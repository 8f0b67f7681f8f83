package org.dbtrelay.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The emulator's document names the options that there are, and the clients whose requests are sent to it. */
class EmulatorDocumentTest {
    private static final Path EMULATOR = Path.of("src/emulator/java/org/dbtrelay/emulator");

    private final Document document = Document.at("docs/emulator.md");

    @Test
    void hasEachOption() throws IOException {
        Set<String> options =
                found("\"(emulator\\.[a-z-]+)\"", Files.readString(EMULATOR.resolve("EmulatorMain.java")));

        assertThat(options).contains("emulator.port", "emulator.strict", "emulator.tls");
        assertThat(found("-D(emulator\\.[a-z-]+)", Files.readString(document.file())))
                .isEqualTo(options);
    }

    @Test
    void hasEachClient() throws IOException {
        Set<String> clients = found(
                "(?m)^ +([a-z-]+) +\\| (?:GET|POST) ",
                Files.readString(Path.of("src/test/java/org/dbtrelay/emulator/DbtCloudEmulatorClientsTest.java")));

        assertThat(clients).containsExactly("airflow", "dbt-cloud-cli", "dbt-mcp", "dbtc", "prefect");
        String text = Files.readString(document.file()).toLowerCase(Locale.ROOT);
        assertThat(clients).allSatisfy(client -> assertThat(text).contains("\n| " + client));
    }

    private static Set<String> found(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
