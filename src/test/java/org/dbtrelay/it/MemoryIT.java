package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.common.config.TopicConfig;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The packaged relay with a heap of 512 MiB and a ledger of a million remembered ids and 50,000 runs in flight: it reads all
 * of it, follows the runs, and takes further commands. By default a tenth of it, with a heap to match. Prints what an id and
 * a run cost and how long the ledger took to read; {@code docs/operations.md} says how to run it.
 */
@Tag("bench")
class MemoryIT {

    /** How much of the whole. */
    private static final int PERCENT = Integer.getInteger("memory.percent", 10);

    /** Further options of the relay's JVM, separated by blanks. */
    private static final String OPTIONS = System.getProperty("memory.options", "");

    private static final int REMEMBERED = Integer.getInteger("memory.remembered", 10_000 * PERCENT);
    private static final int IN_FLIGHT = Integer.getInteger("memory.in-flight", 500 * PERCENT);

    /** The memory that the process needs for itself stays the same. */
    private static final String HEAP = 48 + 464 * PERCENT / 100 + "m";

    private static final int MOMENTS = 3;
    private static final long BYTES_OF_AN_ID = 340;

    /** With all that is told of a running run, and when; as docs/operations.md has it. */
    private static final long BYTES_OF_A_RUN = 1_750;

    /** By so much the process itself differs from one look to the next: buffers, caches. */
    private static final long GIVE = 3 * 1024 * 1024;

    private static final int PARTITIONS = 6;

    private static final Pattern CLAIMED =
            Pattern.compile("Partition claimed and read.* entries=(\\d+).*duration_ms=(\\d+)");
    private static final Pattern TOTAL = Pattern.compile("^Total +\\d+ +(\\d+)", Pattern.MULTILINE);

    private static RelayStage stage;
    private static long endless;
    private static long quick;

    @BeforeAll
    static void start() {
        World world = World.jaffleShop()
                .job(EmulatedJob.named("endless").plan(RunPlan.succeeding().queued(Duration.ofHours(1))))
                .job(EmulatedJob.named("quick")
                        .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1))));
        stage = RelayStage.of(MemoryIT.class, world);
        endless = stage.dbtCloud().world().jobNamed("endless").id();
        quick = stage.dbtCloud().world().jobNamed("quick").id();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void aMillionIdsAndFiftyThousandRunsFitIntoHalfAGigabyte() throws Exception {
        Deployment relay = stage.deployment("memory")
                .set("relay.artifacts.paths", "manifest.json")
                .set("relay.poll.interval", "15s")
                .set("relay.commands.max-pending-per-instance", Integer.toString(IN_FLIGHT + 1_000))
                // Else a partition with more than 10,000 takes no further command.
                .set("relay.commands.max-pending", Integer.toString(IN_FLIGHT + 1_000))
                .set("relay.connections.default.requests-per-minute", "5000");
        relay.builder()
                .option("-Xmx" + HEAP)
                .option("-XX:+ExitOnOutOfMemoryError")
                .option("-XX:TieredStopAtLevel=4");
        Stream.of(OPTIONS.split(" ", -1)).filter(option -> !option.isEmpty()).forEach(relay.builder()::option);
        relay.clients().createTopic(relay.topic("commands"), PARTITIONS, Map.of());
        relay.clients()
                .createTopic(
                        relay.topic("ledger"),
                        PARTITIONS,
                        Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));

        relay.start();
        warmUp(relay, "first");
        long base = liveAtRest(relay.relay());
        relay.relay().stop();

        report(
                "writing %d finished entries took %.1f s",
                REMEMBERED, seconds(() -> LedgerFill.remember(relay, PARTITIONS, REMEMBERED)));
        relay.start();
        warmUp(relay, "second");
        long remembered = liveAtRest(relay.relay());
        reportClaims(relay.relay());
        report(
                "%.0f MiB live without entries, %d bytes for each of %d remembered ids",
                base / 1048576.0, (remembered - base) / Math.max(1, REMEMBERED), REMEMBERED);
        relay.relay().stop();

        report(
                "writing %d runs in flight took %.1f s",
                IN_FLIGHT, seconds(() -> LedgerFill.follow(relay, PARTITIONS, IN_FLIGHT, stage.dbtCloud(), endless)));
        relay.start();
        reportClaims(relay.relay());
        report("following took %.1f s", seconds(() -> work(relay)));
        long all = liveAtRest(relay.relay());
        report(
                "%.0f MiB live of %s with all of it, %d bytes for each of %d runs in flight",
                all / 1048576.0, HEAP, (all - remembered) / IN_FLIGHT, IN_FLIGHT);

        assertThat(remembered - base).as("all remembered ids").isLessThan(REMEMBERED * BYTES_OF_AN_ID + GIVE);
        assertThat(all - remembered).as("all runs in flight").isLessThan(IN_FLIGHT * BYTES_OF_A_RUN + GIVE);
        assertThat(relay.relay().stop()).isZero();
    }

    /** Loads the classes, connections and caches that a command needs once, before anything is measured. */
    private static void warmUp(Deployment relay, String id) {
        relay.send(id, trigger(id, quick));
        relay.reader().awaitEvent("artifact.ready", id, PATIENCE);
    }

    /** A command is taken, one that is known is not taken again, and a run that ends is noticed. */
    private static void work(Deployment relay) {
        relay.send("new", trigger("new", quick));
        RunView one = stage.dbtCloud().runsOfJob(endless).get(IN_FLIGHT / 2);
        stage.dbtCloud().finishRun(one.id(), RunStatus.SUCCESS);
        relay.reader().awaitEvent("artifact.ready", "new", PATIENCE);
        relay.reader().awaitEvent("artifact.ready", "in-flight-" + one.id(), PATIENCE);
    }

    /** A round of polls holds its answers until it is over, so the least of some moments counts. */
    private static long liveAtRest(RelayProcess relay) {
        List<Long> moments = new ArrayList<>();
        await().pollInterval(Duration.ofSeconds(2)).atMost(PATIENCE).until(() -> {
            moments.add(liveBytes(relay));
            return moments.size() == MOMENTS;
        });
        report("live in %d moments: %s", MOMENTS, moments);
        return Collections.min(moments);
    }

    /** The heap in use after a full collection, by the JDK's own tool. */
    private static long liveBytes(RelayProcess relay) {
        String histogram = Jcmd.ask(relay, "GC.class_histogram");
        Matcher total = TOTAL.matcher(histogram);
        assertThat(total.find()).as(histogram).isTrue();
        histogram.lines().limit(Integer.getInteger("memory.classes", 0)).forEach(System.out::println);
        return Long.parseLong(total.group(1));
    }

    private static void reportClaims(RelayProcess relay) {
        long entries = 0;
        long longest = 0;
        for (String line : relay.process().lines(CLAIMED)) {
            Matcher claimed = CLAIMED.matcher(line);
            assertThat(claimed.find()).isTrue();
            entries += Long.parseLong(claimed.group(1));
            longest = Math.max(longest, Long.parseLong(claimed.group(2)));
        }
        report("%d partitions with %d entries were claimed and read in %.1f s", PARTITIONS, entries, longest / 1e3);
    }

    private static double seconds(Runnable work) {
        long began = System.nanoTime();
        work.run();
        return (System.nanoTime() - began) / 1e9;
    }

    private static void report(String what, Object... values) {
        System.out.printf("MemoryIT: " + what + "%n", values);
    }
}
