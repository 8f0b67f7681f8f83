package org.dbtrelay.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Kafka clients for Node.js: the scripts of {@code src/test/clients}, and the packages that its lock file pins. */
public final class NodeClients {

    private static final Duration RUN_WITHIN = Duration.ofMinutes(1);
    private static final AtomicInteger RUNS = new AtomicInteger();

    private final NodePackages packages;

    private NodeClients(NodePackages packages) {
        this.packages = packages;
    }

    /** Installs the clients, or skips the test that asks for them and says why. */
    public static NodeClients orSkip() {
        return new NodeClients(NodePackages.orSkip("clients"));
    }

    /**
     * Starts a script of {@code src/test/clients}; whoever starts it closes it.
     *
     * @param script its file name
     */
    public ChildProcess start(String script, String... arguments) {
        Path output = packages.home().resolve("output").resolve(RUNS.incrementAndGet() + "-" + script + ".log");
        return packages.start(script, Map.of(), output, arguments);
    }

    /** Starts a script from elsewhere with the same packages, as if it lay beside them; whoever starts it closes it. */
    public ChildProcess startCopyOf(Path script, String... arguments) {
        String name = script.getFileName().toString();
        try {
            Files.copy(script, packages.home().resolve(name), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return start(name, arguments);
    }

    /**
     * Runs a script of {@code src/test/clients} to its end and gives the lines that it has printed.
     *
     * @throws AssertionError if it fails, with the last of these lines
     */
    public List<String> run(String script, String... arguments) {
        try (ChildProcess node = start(script, arguments)) {
            NodePackages.awaitSuccess(node, RUN_WITHIN);
            return node.lines();
        }
    }
}
