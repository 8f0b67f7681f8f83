package org.dbtrelay.testkit;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** Tools for Node.js that read descriptions of interfaces: those that the lock file in {@code src/test/linters} pins. */
public final class Linters {

    private static final Duration RUN_WITHIN = Duration.ofMinutes(3);

    private final NodePackages packages;

    private Linters(NodePackages packages) {
        this.packages = packages;
    }

    /** Installs them, or skips the test that asks for them and says why. */
    public static Linters orSkip() {
        return new Linters(NodePackages.orSkip("linters"));
    }

    /**
     * Runs a script of {@code src/test/linters}, or a tool by its path under {@code node_modules}, to its end.
     *
     * @throws AssertionError if it finds fault, with what it has printed
     */
    public void run(String tool, String... arguments) {
        Path output = packages.home().resolve(Path.of(tool).getFileName() + ".log");
        // The tools look for news and send figures unless they are told not to.
        Map<String, String> quiet = Map.of("REDOCLY_TELEMETRY", "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
        try (ChildProcess node = packages.start(tool, quiet, output, arguments)) {
            NodePackages.awaitSuccess(node, RUN_WITHIN);
        }
    }
}
