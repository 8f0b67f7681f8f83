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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Kafka clients for Node.js, as their authors have published them: the scripts of {@code src/test/clients}, and the packages
 * that its lock file pins. They are installed once for each state of the lock file, under {@code target/clients}.
 */
public final class NodeClients {

    private static final Path SOURCE = Path.of("src", "test", "clients").toAbsolutePath();
    private static final Path HOME = Path.of("target", "clients").toAbsolutePath();
    private static final Duration INSTALLED_WITHIN = Duration.ofMinutes(3);
    private static final Duration RUN_WITHIN = Duration.ofMinutes(1);
    private static final String LOCK_FILE = "package-lock.json";
    private static final AtomicInteger RUNS = new AtomicInteger();

    private NodeClients() {}

    /** Installs the clients, or skips the test that asks for them and says why. */
    public static synchronized NodeClients orSkip() {
        try {
            Files.createDirectories(HOME);
            try (FileChannel channel = FileChannel.open(
                            HOME.resolve("installing"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    var _ = channel.lock()) {
                Path installed = HOME.resolve("installed.json");
                copySources();
                if (!Files.exists(installed) || Files.mismatch(SOURCE.resolve(LOCK_FILE), installed) >= 0) {
                    install();
                    Files.copy(SOURCE.resolve(LOCK_FILE), installed, StandardCopyOption.REPLACE_EXISTING);
                }
            }
            return new NodeClients();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copySources() throws IOException {
        try (Stream<Path> files = Files.list(SOURCE)) {
            for (Path file : files.toList()) {
                Files.copy(file, HOME.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void install() {
        Path output = HOME.resolve("npm-ci.log");
        List<String> command = List.of(
                "npm",
                "ci",
                "--prefix",
                HOME.toString(),
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--prefer-offline");
        try (ChildProcess npm = ChildProcess.start("npm ci", command, Map.of(), output)) {
            if (npm.awaitExit(INSTALLED_WITHIN) != 0) {
                abort("The clients for Node.js cannot be installed: " + String.join(" ", npm.lastLines(5)));
            }
        } catch (UncheckedIOException e) {
            abort("The clients for Node.js cannot be installed, there is no npm: " + e.getMessage());
        }
    }

    /**
     * Starts a script of {@code src/test/clients}; whoever starts it closes it.
     *
     * @param script its file name
     */
    public ChildProcess start(String script, String... arguments) {
        List<String> command =
                new ArrayList<>(List.of("node", HOME.resolve(script).toString()));
        command.addAll(List.of(arguments));
        return ChildProcess.start(
                script,
                command,
                Map.of(),
                HOME.resolve("output").resolve(RUNS.incrementAndGet() + "-" + script + ".log"));
    }

    /**
     * Runs a script of {@code src/test/clients} to its end and gives the lines that it has printed.
     *
     * @throws AssertionError if it fails, with the last of these lines
     */
    public List<String> run(String script, String... arguments) {
        try (ChildProcess node = start(script, arguments)) {
            int status = node.awaitExit(RUN_WITHIN);
            if (status != 0) {
                throw new AssertionError("%s ended with status %d:%n  %s"
                        .formatted(node, status, String.join("\n  ", node.lastLines(30))));
            }
            return node.lines();
        }
    }
}
