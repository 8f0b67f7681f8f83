package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The memory of the process under steady load, and where it goes by the JVM's own count. A quarter of a
 * minute by itself, two with {@code -Pbench}, others with {@code -Dfootprint.minutes=60}; {@code -Dfootprint.options} for further
 * options of the JVM.
 */
@Tag("bench")
class FootprintIT {

    private static final Duration TIME =
            Duration.ofSeconds(Math.round(60 * Double.parseDouble(System.getProperty("footprint.minutes", "0.25"))));
    private static final Duration BETWEEN_REPORTS = Duration.ofMinutes(1);
    private static final String OPTIONS = System.getProperty("footprint.options", "");
    private static final int JOBS = 50;
    private static final long FIRST_JOB = 74_000_000_000_001L;
    private static final Pattern STATUS = Pattern.compile("^(VmRSS|RssAnon|RssFile):\\s+(\\d+)", Pattern.MULTILINE);
    private static final Pattern AREA =
            Pattern.compile("^-\\s+([A-Z][\\w ]+) \\(.*committed=(\\d+)KB", Pattern.MULTILINE);

    @Test
    void memoryUnderLoad() throws IOException {
        World world = World.jaffleShop();
        for (int i = 0; i < JOBS; i++) {
            world.job(EmulatedJob.named("job-" + i)
                    .id(FIRST_JOB + i)
                    .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(2))));
        }
        try (RelayStage stage = RelayStage.of(FootprintIT.class, world)) {
            Deployment relay = stage.deployment("footprint")
                    .set("relay.connections.default.requests-per-minute", "5000")
                    .set("relay.artifacts.paths", "manifest.json");
            relay.builder()
                    .option("-XX:+UseSerialGC")
                    .option("-XX:TieredStopAtLevel=4")
                    .option("-XX:NativeMemoryTracking=summary")
                    .environment("MALLOC_ARENA_MAX", "2");
            Stream.of(OPTIONS.split(" ", -1))
                    .filter(option -> !option.isEmpty())
                    .forEach(relay.builder()::option);
            relay.start();
            report("ready: %s", resident(relay.relay()));
            int sent = 0;
            for (long second = 1; second <= TIME.toSeconds(); second++) {
                for (int i = 0; i < 5; i++) {
                    long job = FIRST_JOB + sent % JOBS;
                    relay.send(job, trigger("footprint-" + sent++, job));
                }
                await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
                if (second % BETWEEN_REPORTS.toSeconds() == 0 || second == TIME.toSeconds()) {
                    report("after %d s and %d commands: %s", second, sent, resident(relay.relay()));
                }
            }
            String committed = Jcmd.ask(relay.relay(), "VM.native_memory", "summary");
            Matcher area = AREA.matcher(committed);
            while (area.find()) {
                report("committed for %s: %.1f MiB", area.group(1), Long.parseLong(area.group(2)) / 1024.0);
            }
            Figures.row(
                    "memory of the process at -Xmx128m after %d minutes and %,d commands"
                            .formatted(TIME.toMinutes(), sent),
                    resident(relay.relay()));
            assertThat(relay.relay().stop()).isZero();
        }
    }

    private static String resident(RelayProcess process) throws IOException {
        StringBuilder said = new StringBuilder();
        Matcher line = STATUS.matcher(Files.readString(
                Path.of("/proc", Long.toString(process.process().pid()), "status")));
        while (line.find()) {
            said.append(said.isEmpty() ? "" : ", ")
                    .append("%s %d MiB".formatted(line.group(1), Long.parseLong(line.group(2)) / 1024));
        }
        return said.toString();
    }

    private static void report(String what, Object... values) {
        System.out.printf("FootprintIT: " + what + "%n", values);
    }
}
