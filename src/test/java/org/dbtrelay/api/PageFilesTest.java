package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.testkit.DescribedApi;
import org.junit.jupiter.api.Test;

/** The files of the page: which there are, and what is in none of them. */
class PageFilesTest {

    private static final Path DIRECTORY = Path.of("src", "main", "resources", "page");

    /** The build puts it beside them. */
    private static final String SCHEMA = "command.schema.json";

    private static final Pattern OPERATION = Pattern.compile("'(GET|POST|PUT|DELETE) (/api/[^']*)'");
    private static final Pattern IMPORT = Pattern.compile("(?m)^import (?:.* from )?'([^']*)';$");
    private static final Pattern REFERENCE = Pattern.compile("(?:src|href)=\"([^\"]*)\"");
    private static final Pattern ADDRESS = Pattern.compile("(?i)(?:[a-z][a-z0-9+.-]*:)?//[a-z0-9][^\\s'\"`]*");

    /** The name of a language, which nobody fetches. */
    private static final String SVG = "http://www.w3.org/2000/svg";

    @Test
    void serveEveryFileOfTheDirectoryAndNoOther() throws IOException {
        try (Stream<Path> files = Files.list(DIRECTORY)) {
            Set<String> names = files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
            names.add(SCHEMA);
            assertThat(PageFiles.NAMES).containsExactlyInAnyOrderElementsOf(names);
        }
        assertThat(Path.of("docs", "schemas", SCHEMA)).exists();
    }

    @Test
    void referToNoOtherHost() {
        own().forEach(name ->
                assertThat(found(ADDRESS, withoutComments(name))).as(name).isSubsetOf(SVG));
    }

    @Test
    void loadOnlyEachOther() {
        assertThat(found(REFERENCE, text(PageFiles.INDEX))).isNotEmpty().allSatisfy(reference -> {
            assertThat(reference).startsWith(PageFiles.DIRECTORY);
            assertThat(PageFiles.NAMES).contains(reference.substring(PageFiles.DIRECTORY.length()));
        });
        own().forEach(name -> assertThat(found(IMPORT, text(name))).allSatisfy(imported -> {
            assertThat(imported).as(name).startsWith("./");
            assertThat(PageFiles.NAMES).as(name).contains(imported.substring(2));
        }));
    }

    /** The policy of {@link PageResource} forbids all of it; without it nobody has to rely on the browser. */
    @Test
    void makeNoMarkupAndNoCodeOfText() {
        assertThat(text(PageFiles.INDEX)).doesNotContain("<style", "style=", "onclick", "onload");
        assertThat(found(Pattern.compile("<script([^>]*)>[^<]"), text(PageFiles.INDEX)))
                .isEmpty();
        own().forEach(name -> assertThat(text(name))
                .as(name)
                .doesNotContain(
                        "innerHTML",
                        "outerHTML",
                        "insertAdjacentHTML",
                        "document.write",
                        "DOMParser",
                        "eval(",
                        "new Function",
                        "localStorage",
                        "cookie ="));
    }

    @Test
    void askOnlyForWhatTheApiHas() {
        JsonNode paths = DescribedApi.document().path("paths");
        List<MatchResult> asked = OPERATION.matcher(text("api.js")).results().toList();

        assertThat(asked)
                .isNotEmpty()
                .allSatisfy(operation -> assertThat(paths.path(operation.group(2))
                                .has(operation.group(1).toLowerCase(java.util.Locale.ROOT)))
                        .as("docs/openapi.yaml has %s", operation.group())
                        .isTrue());
        own().filter(name -> !name.equals("api.js"))
                .forEach(name -> assertThat(text(name)).as(name).doesNotContain("/api/"));
    }

    private static Stream<String> own() {
        return PageFiles.NAMES.stream().filter(name -> !name.equals(SCHEMA));
    }

    private static Set<String> found(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map(match -> match.group(match.groupCount() == 0 ? 0 : 1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String withoutComments(String name) {
        return text(name).replaceAll("(?m)^\\s*// .*$", "").replaceAll("(?s)/\\*.*?\\*/", "");
    }

    private static String text(String name) {
        try {
            return Files.readString(DIRECTORY.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
