package org.dbtrelay.testkit;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Packages for Node.js, as their authors have published them: those that the lock file of a directory below {@code src/test} pins.
 * They are installed once for each state of the lock file, below {@code target}, beside copies of the directory's scripts.
 */
final class NodePackages {

    private static final Duration INSTALLED_WITHIN = Duration.ofMinutes(5);
    private static final String LOCK_FILE = "package-lock.json";

    private final Path home;

    private NodePackages(Path home) {
        this.home = home;
    }

    /** Installs the packages of a directory, or skips the test that asks for them and says why. */
    static synchronized NodePackages orSkip(String directory) {
        Path source = Path.of("src", "test", directory).toAbsolutePath();
        Path home = Path.of("target", directory).toAbsolutePath();
        try {
            Files.createDirectories(home);
            try (FileChannel channel = FileChannel.open(
                            home.resolve("installing"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    var _ = channel.lock()) {
                Path installed = home.resolve("installed.json");
                Path wanted = source.resolve(LOCK_FILE);
                copy(source, home);
                if (!Files.exists(installed) || Files.mismatch(wanted, installed) >= 0) {
                    install(directory, home);
                    Files.copy(wanted, installed, StandardCopyOption.REPLACE_EXISTING);
                }
            }
            return new NodePackages(home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The directory of packages and scripts. */
    Path home() {
        return home;
    }

    /** Starts a script, or a tool by its path under {@code node_modules}; whoever starts it closes it. */
    ChildProcess start(String script, Map<String, String> environment, Path output, String... arguments) {
        List<String> command =
                new ArrayList<>(List.of("node", home.resolve(script).toString()));
        command.addAll(List.of(arguments));
        return ChildProcess.start(script, command, environment, output);
    }

    /**
     * Waits for the end of what was started.
     *
     * @throws AssertionError if it fails, with the last lines that it has printed
     */
    static void awaitSuccess(ChildProcess node, Duration within) {
        int status = node.awaitExit(within);
        if (status != 0) {
            throw new AssertionError(
                    "%s ended with status %d:%n  %s".formatted(node, status, String.join("\n  ", node.lastLines(80))));
        }
    }

    private static void copy(Path source, Path home) throws IOException {
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, home.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void install(String directory, Path home) {
        List<String> command = List.of(
                "npm",
                "ci",
                "--prefix",
                home.toString(),
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--prefer-offline");
        try (ChildProcess npm = ChildProcess.start("npm ci", command, Map.of(), home.resolve("npm-ci.log"))) {
            if (npm.awaitExit(INSTALLED_WITHIN) != 0) {
                abort("The packages of src/test/%s cannot be installed: %s"
                        .formatted(directory, String.join(" ", npm.lastLines(5))));
            }
        } catch (UncheckedIOException e) {
            abort("The packages of src/test/%s cannot be installed, there is no npm: %s"
                    .formatted(directory, e.getMessage()));
        }
    }
}
