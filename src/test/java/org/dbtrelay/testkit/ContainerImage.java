package org.dbtrelay.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;

/** The relay's image, built by {@code src/test/container/image.sh}, which needs no container engine; and how it is run. */
public final class ContainerImage {

    private static final Path SCRIPT = Path.of("src", "test", "container", "image.sh");
    private static final Path DIRECTORY = Path.of("target", "container");
    private static final Duration LONGEST_BUILD = Duration.ofMinutes(15);
    private static final int CANNOT = 3;

    private final Path root;
    private final JsonNode config;

    private ContainerImage(Path root, JsonNode config) {
        this.root = root;
        this.config = config;
    }

    /** Why no image can be built and run on this machine; empty if it can. */
    public static Optional<String> whyNot() {
        Said said = run("check");
        return said.status() == 0 ? Optional.empty() : Optional.of(said.text());
    }

    /**
     * Builds it of what has been packaged.
     *
     * @throws CannotBuild if the machine lacks what the build needs
     */
    public static ContainerImage build() throws CannotBuild {
        Said said = run("build", DIRECTORY.toString());
        if (said.status() == CANNOT) {
            throw new CannotBuild(said.text());
        }
        if (said.status() != 0) {
            throw new AssertionError("The image cannot be built:\n" + said.text());
        }
        try {
            JsonNode image =
                    new ObjectMapper().readTree(DIRECTORY.resolve("image.json").toFile());
            return new ContainerImage(
                    Path.of(said.text().lines().toList().getLast()),
                    image.path("OCIv1").path("config"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The image's configuration as OCI has it: {@code User}, {@code Entrypoint}, {@code Labels}, … */
    public JsonNode config() {
        return config;
    }

    /** The directory of its files on this machine. */
    public Path root() {
        return root;
    }

    /** The command that it runs with. */
    public List<String> entrypoint() {
        return StreamSupport.stream(config.path("Entrypoint").spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    /**
     * The command line that runs it with a read-only root and as its own user; its process is the relay's.
     *
     * @param settings the relay's configuration, handed over as environment variables
     * @param jvm {@code JAVA_TOOL_OPTIONS}
     * @param command what is run in it
     */
    public List<String> command(Map<String, String> settings, String jvm, List<String> command) {
        var line =
                new ArrayList<String>(List.of("unshare", "--mount", "sh", SCRIPT.toString(), "run", root.toString()));
        config.path("Env").forEach(variable -> line.add(variable.asText()));
        settings.forEach((key, value) -> line.add(variable(key) + "=" + value));
        line.add("JAVA_TOOL_OPTIONS=" + jvm);
        line.addAll(command);
        return line;
    }

    /** Directories that the tests fill with gigabytes. */
    public static void clean() {
        run("clean", DIRECTORY.toString());
    }

    private static String variable(String key) {
        return key.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }

    private static Said run(String... arguments) {
        try {
            Path output = Files.createDirectories(DIRECTORY).resolve(arguments[0] + ".out");
            var command = new ArrayList<String>(List.of("sh", SCRIPT.toString()));
            command.addAll(List.of(arguments));
            var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            Process process = builder.start();
            if (!process.waitFor(LONGEST_BUILD.toSeconds(), TimeUnit.SECONDS)) {
                process.destroy();
                throw new AssertionError(SCRIPT + " takes longer than " + LONGEST_BUILD);
            }
            return new Said(
                    process.exitValue(),
                    Files.readString(output, StandardCharsets.UTF_8).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private record Said(int status, String text) {}

    /** The machine lacks something; the message says what. */
    public static final class CannotBuild extends Exception {
        private static final long serialVersionUID = 1;

        CannotBuild(String message) {
            super(message);
        }
    }
}
