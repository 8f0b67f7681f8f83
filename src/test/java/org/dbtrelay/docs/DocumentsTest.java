package org.dbtrelay.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.config.ConfigKey;
import org.dbtrelay.config.ConfigKeys;
import org.junit.jupiter.api.Test;

/**
 * Whether the documents hold together: links lead somewhere, and the configuration that they speak of is there. What the
 * references of commands, events and metrics say is tested next to the code that they describe.
 */
class DocumentsTest {

    private static final Pattern KEY = Pattern.compile("(?<![\\w./-])relay\\.[a-z][\\w.<>* -]*");
    private static final Pattern VARIABLE = Pattern.compile("(?<!\\w)RELAY_[A-Z0-9_]+");
    private static final Pattern TEST = Pattern.compile("(?<![\\w@.])[A-Z]\\w+(Test|IT)(?!\\w)");
    private static final Pattern READ = Pattern.compile("(?:event|node)\\[\"(\\w+)\"\\]|\\.get\\(\"(\\w+)\"");
    private static final Pattern OUTWARD = Pattern.compile("[a-z]+:.*");

    @Test
    void linksLeadSomewhere() {
        List<String> dead = new ArrayList<>();
        for (Document document : Document.all()) {
            for (String link : document.links()) {
                if (!OUTWARD.matcher(link).matches() && !leadsSomewhere(document.file(), link)) {
                    dead.add(document + " -> " + link);
                }
            }
        }
        assertThat(dead).isEmpty();
    }

    @Test
    void configurationKeysExist() {
        List<ConfigKey> keys = ConfigKeys.declared().all();
        List<String> unknown = new ArrayList<>();
        for (Document document : documentsButTheReference()) {
            document.find(KEY)
                    .map(found -> found.group()
                            .replaceAll(" .*", "")
                            .replaceAll("<[^>]*>", "*")
                            .replaceAll("[.*>-]+$", ""))
                    .filter(name -> keys.stream().noneMatch(key -> isOrBegins(key, name)))
                    .forEach(name -> unknown.add(document + ": " + name));
        }
        assertThat(unknown).isEmpty();
    }

    /** A promise whose test has gone is no promise. */
    @Test
    void testsThatAreNamedExist() throws IOException {
        Set<String> tests;
        try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
            tests = files.map(file -> file.getFileName().toString().replace(".java", ""))
                    .collect(Collectors.toSet());
        }
        List<String> unknown = new ArrayList<>();
        for (Document document : Document.all()) {
            document.find(TEST)
                    .map(java.util.regex.MatchResult::group)
                    .filter(name -> !tests.contains(name))
                    .forEach(name -> unknown.add(document + ": " + name));
        }
        assertThat(unknown).isEmpty();
    }

    /** A consumer that is copied from a document must find what it reads. */
    @Test
    void fieldsThatExamplesReadExist() throws IOException {
        String schemas = Files.readString(Path.of("docs/schemas/run-event.schema.json"))
                + Files.readString(Path.of("docs/schemas/artifact-event.schema.json"));
        List<String> unknown = new ArrayList<>();
        int read = 0;
        for (Document document : Document.all()) {
            for (String field : document.find(READ)
                    .map(found -> found.group(1) == null ? found.group(2) : found.group(1))
                    .toList()) {
                read++;
                if (!schemas.contains("\"" + field + "\":")) {
                    unknown.add(document + ": " + field);
                }
            }
        }
        assertThat(unknown).isEmpty();
        assertThat(read).isPositive();
    }

    @Test
    void environmentVariablesExist() {
        List<ConfigKey> keys = ConfigKeys.declared().all();
        List<String> unknown = new ArrayList<>();
        for (Document document : documentsButTheReference()) {
            document.find(VARIABLE)
                    .map(java.util.regex.MatchResult::group)
                    .filter(name -> keys.stream().noneMatch(key -> isVariable(key, name)))
                    .forEach(name -> unknown.add(document + ": " + name));
        }
        assertThat(unknown).isEmpty();
    }

    /** The reference of the configuration has a test of its own, and speaks of variables that there are not. */
    private static List<Document> documentsButTheReference() {
        return Document.all().stream()
                .filter(document -> !document.file().endsWith("configuration.md"))
                .toList();
    }

    private static boolean leadsSomewhere(Path from, String link) {
        String[] parts = link.split("#", 2);
        Path target = parts[0].isEmpty() ? from : from.resolveSibling(parts[0]).normalize();
        if (!Files.exists(target)) {
            return false;
        }
        return parts.length == 1 || Document.at(target).anchors().contains(parts[1]);
    }

    private static boolean isOrBegins(ConfigKey key, String name) {
        List<String> declared = List.of(key.pattern().split("\\."));
        List<String> told = List.of(name.split("\\."));
        if (told.size() > declared.size()) {
            return false;
        }
        for (int i = 0; i < told.size(); i++) {
            if (!declared.get(i).equals(told.get(i)) && !declared.get(i).equals("*")) {
                return false;
            }
        }
        return true;
    }

    /** The names that the user chooses are upper-case words, between two underscores at either side where they must be. */
    private static boolean isVariable(ConfigKey key, String name) {
        String pattern = key.pattern()
                .toUpperCase(Locale.ROOT)
                .replaceAll("[^A-Z0-9*]", "_")
                .replace("*", "_?[A-Z0-9]+(_[A-Z0-9]+)*_{0,2}");
        return name.matches(pattern);
    }
}
