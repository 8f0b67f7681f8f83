package org.dbtrelay.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;

/**
 * Starts the packaged application once and has it do its main job, for the JVM to write down what it has loaded and linked.
 * The many relays of the integration tests start from that in less than half of the processor's time. Run by the build,
 * before them.
 */
public final class RelayTraining {

    private static final String JOB = "trains";
    private static final Duration EACH = Duration.ofMillis(200);

    /** To write it down is a part of the stop, as the process sees it. */
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private RelayTraining() {}

    /** Writes the cache of the application that {@value RelayProcess#JAR_PROPERTY} names; fails if it does not come to be. */
    public static void main(String[] args) throws IOException {
        World world = World.jaffleShop()
                .job(EmulatedJob.named(JOB).plan(RunPlan.succeeding().taking(EACH, EACH, EACH)));
        try (RelayStage stage = RelayStage.of(RelayTraining.class, world);
                Deployment relay = stage.deployment("training").set("relay.stop-timeout", LIMIT.toString())) {
            Path cache = relay.builder().cache();
            Files.deleteIfExists(cache);
            relay.builder().option("-XX:AOTCacheOutput=" + cache).option("-Xlog:aot=error");
            relay.start();
            long job = stage.dbtCloud().world().jobNamed(JOB).id();
            relay.send(job, Deployment.trigger(JOB, job));
            relay.reader().awaitEvent("artifact.ready", JOB, LIMIT);
            for (String path : new String[] {"", "api/commands/" + JOB, "api/connections"}) {
                relay.relay().get(relay.relay().url().resolve(path));
            }
            relay.relay().get(relay.relay().managementUrl().resolve("q/metrics"));
            // The JVM writes the cache at its end.
            int exit = relay.relay().process().stop(LIMIT);
            if (exit != 0 || !Files.isRegularFile(cache)) {
                throw new IllegalStateException("the relay could not be trained: exit code %d, see %s"
                        .formatted(exit, relay.relay().outputFile()));
            }
        }
    }
}
