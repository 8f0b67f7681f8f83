package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dbtrelay.flow.WaitReason;
import org.dbtrelay.run.state.RunState;
import org.junit.jupiter.api.Test;

/** Whoever adds a state, or a reason to wait, adds it to the filter, to the document and to the words of the page. */
class CommandQueryTest {

    private static final Path DOCUMENT = Path.of("docs", "http.md");
    private static final Path WORDS = Path.of("src", "main", "resources", "page", "words.js");

    @Test
    void aListCanBeAskedForEachState() throws IOException {
        assertThat(CommandQuery.STATES).hasSize((int) leaves(RunState.class).count());
        String row = row("state");
        assertThat(CommandQuery.STATES).allSatisfy(state -> assertThat(row).contains("`" + state + "`"));
    }

    @Test
    void thePageHasWordsForEachState() throws IOException {
        String words = Files.readString(WORDS);
        String states = words.substring(words.indexOf("const STATES"), words.indexOf("};"));

        assertThat(all(Pattern.compile("(?m)^  (\\w+): \\["), states))
                .containsExactlyInAnyOrderElementsOf(CommandQuery.STATES);
    }

    @Test
    void thePageAndTheDocumentSayWhyACommandWaits() throws IOException {
        String words = Files.readString(WORDS);
        String row = row("waits_for");
        List<String> reasons =
                Arrays.stream(WaitReason.values()).map(WaitReason::label).toList();

        assertThat(reasons).allSatisfy(reason -> assertThat(row).contains("`" + reason + "`"));
        for (String function : List.of("whyItWaits", "waitInShort")) {
            String body = words.substring(words.indexOf("function " + function));
            assertThat(all(Pattern.compile("case '(\\w+)':"), body.substring(0, body.indexOf("default:"))))
                    .as(function)
                    .containsExactlyInAnyOrderElementsOf(reasons);
        }
    }

    private static Stream<Class<?>> leaves(Class<?> type) {
        return type.isSealed()
                ? Arrays.stream(type.getPermittedSubclasses()).flatMap(CommandQueryTest::leaves)
                : Stream.of(type);
    }

    /** The row of a command's field in the document. */
    private static String row(String field) throws IOException {
        return Files.readAllLines(DOCUMENT).stream()
                .filter(line -> line.startsWith("| `" + field + "` |") && line.length() > 200)
                .findFirst()
                .orElseThrow();
    }

    private static List<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(found -> found.group(1)).toList();
    }
}
