package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Test;

/**
 * The licences of what is shipped, by the build's own list of it (CycloneDX): each is allowed, and {@code docs/licences.md} names
 * it. What it should say is written to {@code target/licences.md}.
 */
class LicencesIT {

    /** Those that ask for no more than their text and notices to go along. Of several that one may choose from, one has to be here. */
    private static final Set<String> ALLOWED =
            Set.of("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "EPL-1.0", "EPL-2.0", "MIT", "MIT-0");

    private static final Path LIBRARIES = Path.of(System.getProperty(RelayProcess.JAR_PROPERTY))
            .toAbsolutePath()
            .resolveSibling("lib");

    /** Something that is shipped; {@code licences} as SPDX has them, or by their own names. */
    record Component(String group, String name, String version, List<String> licences) {
        String jar() {
            return group + "." + name + "-" + version + ".jar";
        }
    }

    @Test
    void whatIsShippedIsListedAndItsLicencesAreAllowed() throws IOException {
        Map<String, Component> listed =
                components().stream().collect(Collectors.toMap(Component::jar, component -> component));

        Set<String> jars = jars();
        assertThat(jars).hasSizeGreaterThan(100).isSubsetOf(listed.keySet());
        assertThat(jars.stream().map(listed::get))
                .allSatisfy(component -> assertThat(component.licences())
                        .as("%s: licences, of which one has to be allowed", component.name())
                        .containsAnyElementsOf(ALLOWED));
    }

    @Test
    void documentNamesThem() throws IOException {
        Set<String> jars = jars();
        Map<String, Set<String>> names = new TreeMap<>();
        for (Component component : components()) {
            if (jars.contains(component.jar())) {
                names.computeIfAbsent(
                                "| `" + component.group() + "` | " + String.join(" or ", component.licences()) + " | ",
                                row -> new TreeSet<>())
                        .add(component.name());
            }
        }
        List<String> rows = new ArrayList<>();
        names.forEach((row, of) -> rows.add(row + String.join(", ", of) + " |"));
        Files.write(Path.of("target", "licences.md"), rows);

        assertThat(Files.readAllLines(Path.of("docs", "licences.md")).stream().filter(line -> line.startsWith("| `")))
                .as("the rows of docs/licences.md; target/licences.md has them as they should be")
                .containsExactlyElementsOf(rows);
    }

    private static List<Component> components() throws IOException {
        Path list = Path.of("target", "bom.json");
        assertThat(list)
                .as("CycloneDX writes it when the application is packaged, but not with -o or -Dcyclonedx.skip")
                .exists();
        JsonNode bom = new ObjectMapper().readTree(list.toFile());
        return StreamSupport.stream(bom.path("components").spliterator(), false)
                .map(component -> new Component(
                        component.path("group").asText(),
                        component.path("name").asText(),
                        component.path("version").asText(),
                        StreamSupport.stream(component.path("licenses").spliterator(), false)
                                .map(LicencesIT::licence)
                                .sorted()
                                .toList()))
                .toList();
    }

    private static String licence(JsonNode choice) {
        return Stream.of(
                        choice.path("license").path("id"),
                        choice.path("expression"),
                        choice.path("license").path("name"))
                .filter(JsonNode::isTextual)
                .map(JsonNode::asText)
                .findFirst()
                .orElse("unknown");
    }

    private static Set<String> jars() throws IOException {
        try (Stream<Path> files = Files.walk(LIBRARIES)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".jar"))
                    .collect(Collectors.toSet());
        }
    }
}
