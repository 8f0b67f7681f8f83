package org.dbtrelay.testkit;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Tools for Node.js that read descriptions of interfaces, as their authors have published them: those that the lock file in {@code
 * src/test/linters} pins. They are installed once for each state of the lock file, under {@code target/linters}.
 */
public final class Linters {

    private static final Path SOURCE = Path.of("src", "test", "linters").toAbsolutePath();
    private static final Path HOME = Path.of("target", "linters").toAbsolutePath();
    private static final Duration INSTALLED_WITHIN = Duration.ofMinutes(5);
    private static final Duration RUN_WITHIN = Duration.ofMinutes(3);

    private Linters() {}

    /** Installs them, or skips the test that asks for them and says why. */
    public static synchronized Linters orSkip() {
        try {
            Files.createDirectories(HOME);
            Path installed = HOME.resolve("installed.json");
            Path lockFile = SOURCE.resolve("package-lock.json");
            try (Stream<Path> files = Files.list(SOURCE)) {
                for (Path file : files.toList()) {
                    Files.copy(file, HOME.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
                }
            }
            if (!Files.exists(installed) || Files.mismatch(lockFile, installed) >= 0) {
                install();
                Files.copy(lockFile, installed, StandardCopyOption.REPLACE_EXISTING);
            }
            return new Linters();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void install() {
        List<String> command = List.of(
                "npm",
                "ci",
                "--prefix",
                HOME.toString(),
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--prefer-offline");
        try (ChildProcess npm = ChildProcess.start("npm ci", command, Map.of(), HOME.resolve("npm-ci.log"))) {
            if (npm.awaitExit(INSTALLED_WITHIN) != 0) {
                abort("The linters cannot be installed: " + String.join(" ", npm.lastLines(5)));
            }
        } catch (UncheckedIOException e) {
            abort("The linters cannot be installed, there is no npm: " + e.getMessage());
        }
    }

    /**
     * Runs a script of {@code src/test/linters}, or a tool by its path under {@code node_modules}, to its end.
     *
     * @throws AssertionError if it finds fault, with what it has printed
     */
    public void run(String tool, String... arguments) {
        List<String> command =
                new ArrayList<>(List.of("node", HOME.resolve(tool).toString()));
        command.addAll(List.of(arguments));
        Path output = HOME.resolve(Path.of(tool).getFileName() + ".log");
        // The tools look for news and send figures unless they are told not to.
        Map<String, String> quiet = Map.of("REDOCLY_TELEMETRY", "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        try (ChildProcess node = ChildProcess.start(tool, command, quiet, output)) {
            int status = node.awaitExit(RUN_WITHIN);
            if (status != 0) {
                throw new AssertionError("%s ended with status %d:%n  %s"
                        .formatted(tool, status, String.join("\n  ", node.lastLines(80))));
            }
        }
    }
}
