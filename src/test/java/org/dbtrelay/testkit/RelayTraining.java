package org.dbtrelay.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Starts the packaged application once, as the image does while it is built, for the JVM to write down what it has loaded and
 * linked. The many relays of the integration tests start from that in half of the processor's time. Run by the build, before them.
 */
public final class RelayTraining {

    private static final String CACHE = "relay.aot";

    private static final Duration LIMIT = Duration.ofMinutes(3);

    private RelayTraining() {}

    /** The cache that belongs to a packaged application, whether it is there or not; packaging it anew removes it. */
    static Path cacheOf(Path jar) {
        return jar.toAbsolutePath().resolveSibling(CACHE);
    }

    /** Writes the cache of the application that {@value RelayProcess#JAR_PROPERTY} names; fails if it does not come to be. */
    public static void main(String[] args) throws IOException {
        RelayProcess.Builder relay = RelayProcess.named("training");
        Path cache = cacheOf(relay.jar());
        Files.deleteIfExists(cache);
        try (RelayProcess trained = relay.option("-XX:AOTCacheOutput=" + cache)
                .option("-Xlog:aot=error")
                // Nobody answers there: it is live all the same, and that is all that is wanted of it.
                .set("kafka.bootstrap.servers", "127.0.0.1:9")
                .set("relay.api.open", "true")
                // To write it down is a part of the stop, as the process sees it.
                .set("relay.stop-timeout", LIMIT.toString())
                .set("relay.connections.default.host", "http://127.0.0.1:9")
                .set("relay.connections.default.account-id", "1")
                .environment("RELAY_CONNECTIONS_DEFAULT_TOKEN", "none")
                .start()) {
            trained.awaitLive(LIMIT);
            // The JVM writes the cache at its end.
            int exit = trained.process().stop(LIMIT);
            if (exit != 0 || !Files.isRegularFile(cache)) {
                throw new IllegalStateException(
                        "the relay could not be trained: exit code %d, see %s".formatted(exit, trained.outputFile()));
            }
        }
    }
}
