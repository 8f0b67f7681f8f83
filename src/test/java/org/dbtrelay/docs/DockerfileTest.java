package org.dbtrelay.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What can be seen of the image without building it: {@code it.ContainerIT} builds it, where that can be done. */
class DockerfileTest {

    private static final Path DOCKERFILE = Path.of("src", "main", "docker", "Dockerfile");
    private static final Pattern OPTION = Pattern.compile("-XX:\\S+|-Xmx\\S+");

    /** An instruction with its continuation lines joined, and the number of the stage that it stands in; 0 before the first. */
    private record Instruction(int stage, String name, String rest) {
        /** What follows the options that begin with two dashes. */
        List<String> words() {
            return Arrays.stream(rest.split("\\s+"))
                    .filter(word -> !word.startsWith("--"))
                    .toList();
        }
    }

    private final List<Instruction> instructions = instructions();
    private final int last = instructions.getLast().stage();

    @Test
    void theBaseIsPinned() {
        Instruction base = instructions.getFirst();
        assertThat(base.name()).isEqualTo("ARG");
        Matcher pinned = Pattern.compile(
                        "BASE=(docker\\.io/library/eclipse-temurin:(25\\.\\d+\\.\\d+_\\d+-jre-\\w+))@sha256:[0-9a-f]{64}")
                .matcher(base.rest());
        assertThat(pinned.matches()).as(base.rest()).isTrue();
        assertThat(all("FROM"))
                .hasSize(2)
                .allSatisfy(from -> assertThat(from.rest())
                        .as("both stages have the same JVM")
                        .startsWith("${BASE}"));
        assertThat(label("base.name")).isEqualTo(pinned.group(1));
    }

    @Test
    void nothingRunsInWhatIsShipped() {
        assertThat(shipped().map(Instruction::name)).doesNotContain("RUN", "ADD", "SHELL", "CMD");
        assertThat(shipped().filter(instruction -> instruction.name().equals("USER")))
                .singleElement()
                .satisfies(user -> assertThat(user.rest()).isEqualTo("185:0"));
    }

    @Test
    void theCacheIsMadeWithTheOptionsThatItIsUsedWith() throws IOException {
        List<String> entrypoint = entrypoint();
        assertThat(entrypoint).startsWith("java").endsWith("-jar", "/opt/dbt-cloud-relay/quarkus-run.jar");
        String training = all("RUN").getFirst().rest();
        assertThat(training).contains(entrypoint.getLast());
        assertThat(entrypoint).contains("-XX:AOTCache=/opt/dbt-cloud-relay/relay.aot", "-XX:+ExitOnOutOfMemoryError");
        assertThat(OPTION.matcher(training).results().map(found -> found.group()))
                .contains("-XX:AOTCacheOutput=/opt/dbt-cloud-relay/relay.aot", "-XX:+UseCompactObjectHeaders");
        assertThat(entrypoint).contains("-XX:+UseCompactObjectHeaders");
        // By JAVA_TOOL_OPTIONS it could not be changed.
        assertThat(entrypoint).noneMatch(argument -> argument.startsWith("-Xm"));
    }

    @Test
    void thePortsAreTheRelays() throws IOException {
        Properties own = new Properties();
        try (InputStream in = Files.newInputStream(Path.of("src", "main", "resources", "application.properties"))) {
            own.load(in);
        }
        String exposed = shipped()
                .filter(instruction -> instruction.name().equals("EXPOSE"))
                .map(Instruction::rest)
                .toList()
                .getFirst();
        assertThat(exposed)
                .isEqualTo(own.getProperty("quarkus.http.port", "8080") + " "
                        + own.getProperty("quarkus.management.port", "9000"));
        assertThat(own.getProperty("quarkus.management.enabled")).isEqualTo("true");
    }

    @Test
    void theLabelsTellWhatItIs() throws IOException {
        String pom = Files.readString(Path.of("pom.xml"));
        assertThat(label("title")).isEqualTo(between(pom, "<artifactId>", "</artifactId>"));
        assertThat(label("description")).isEqualTo(between(pom, "<description>", "</description>"));
        assertThat(label("licenses")).isEqualTo("Apache-2.0");
        assertThat(label("version")).isEqualTo("${VERSION}");
        assertThat(label("revision")).isEqualTo("${REVISION}");
        assertThat(shipped().map(Instruction::rest)).contains("VERSION=" + between(pom, "<version>", "</version>"));
    }

    /** From the context comes what {@code .dockerignore} lets through; {@code it.PackageIT} looks whether packaging makes it. */
    @Test
    void everythingThatIsCopiedIsLetThrough() throws IOException {
        List<String> sources = all("COPY").stream()
                .filter(copy -> !copy.rest().contains("--from="))
                .map(copy -> copy.words().getFirst())
                .toList();
        List<String> ignored = Files.readAllLines(Path.of(".dockerignore")).stream()
                .filter(line -> !line.startsWith("#") && !line.isBlank())
                .toList();
        assertThat(ignored).startsWith("*");
        assertThat(sources)
                .contains("target/bom.json")
                .allSatisfy(source -> assertThat(ignored)
                        .anyMatch(line -> line.startsWith("!") && source.startsWith(line.substring(1))));
    }

    private Stream<Instruction> shipped() {
        return instructions.stream().filter(instruction -> instruction.stage() == last);
    }

    private List<Instruction> all(String name) {
        return instructions.stream()
                .filter(instruction -> instruction.name().equals(name))
                .toList();
    }

    private List<String> entrypoint() throws IOException {
        String form = shipped()
                .filter(instruction -> instruction.name().equals("ENTRYPOINT"))
                .map(Instruction::rest)
                .toList()
                .getFirst();
        // The exec form is a JSON array; anything else would want a shell.
        return List.of(new ObjectMapper().readValue(form, String[].class));
    }

    private String label(String name) {
        String labels = shipped()
                .filter(instruction -> instruction.name().equals("LABEL"))
                .map(Instruction::rest)
                .toList()
                .getFirst();
        return between(labels, "org.opencontainers.image." + name + "=\"", "\"");
    }

    private static String between(String text, String before, String after) {
        int from = text.indexOf(before) + before.length();
        assertThat(from).as(before).isGreaterThanOrEqualTo(before.length());
        return text.substring(from, text.indexOf(after, from));
    }

    private static List<Instruction> instructions() {
        List<Instruction> found = new ArrayList<>();
        int stage = 0;
        StringBuilder open = new StringBuilder();
        for (String line : lines()) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            if (line.endsWith("\\")) {
                open.append(line, 0, line.length() - 1).append(' ');
                continue;
            }
            String[] parts = open.append(line).toString().strip().split("\\s+", 2);
            open.setLength(0);
            if (parts[0].equals("FROM")) {
                stage++;
            }
            found.add(new Instruction(stage, parts[0], parts[1].strip()));
        }
        return found;
    }

    private static List<String> lines() {
        try {
            return Files.readAllLines(DOCKERFILE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
