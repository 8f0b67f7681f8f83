package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.TopicConfig;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
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

    private static final int REMEMBERED = 10_000 * PERCENT;
    private static final int IN_FLIGHT = 500 * PERCENT;

    /** The memory that the process needs for itself stays the same. */
    private static final String HEAP = 48 + 464 * PERCENT / 100 + "m";

    private static final int MOMENTS = 3;
    private static final long BYTES_OF_AN_ID = 330;
    private static final long BYTES_OF_A_RUN = 1_300;

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

        report("writing %d finished entries took %.1f s", REMEMBERED, seconds(() -> remember(relay)));
        relay.start();
        warmUp(relay, "second");
        long remembered = liveAtRest(relay.relay());
        reportClaims(relay.relay());
        report(
                "%.0f MiB live without entries, %d bytes for each of %d remembered ids",
                base / 1048576.0, (remembered - base) / REMEMBERED, REMEMBERED);
        relay.relay().stop();

        report("writing %d runs in flight took %.1f s", IN_FLIGHT, seconds(() -> follow(relay)));
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

    private static void remember(Deployment relay) {
        Random random = new Random(1);
        Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
        try (KafkaProducer<byte[], byte[]> producer = producer(relay)) {
            for (int i = 0; i < REMEMBERED; i++) {
                write(
                        producer,
                        relay,
                        i,
                        new RunEntry(
                                "orders-2026-11-22T10:00:00Z-%07d".formatted(i),
                                i,
                                CommandHash.of(hash(random)),
                                now.minusSeconds(i % 86_400),
                                5,
                                false,
                                List.of(),
                                null,
                                new RunState.Finished(
                                        EventType.RUN_SUCCEEDED,
                                        null,
                                        70403104900000L + i,
                                        now.minusSeconds(i % 80_000))));
            }
        }
    }

    private static void follow(Deployment relay) {
        Random random = new Random(2);
        try (KafkaProducer<byte[], byte[]> producer = producer(relay)) {
            for (int i = 0; i < IN_FLIGHT; i++) {
                RunView run = stage.dbtCloud().triggerByOther(endless, "nightly");
                String id = "in-flight-" + run.id();
                write(producer, relay, i, inFlight(id, run, random));
            }
        }
    }

    /** As large as such an entry is where producers use context and trace ids, with all that is told of a running run. */
    private static RunEntry inFlight(String id, RunView run, Random random) {
        Instant now = run.createdAt();
        return new RunEntry(
                id,
                run.id(),
                CommandHash.of(hash(random)),
                now,
                2,
                false,
                List.of(),
                new ResolvedCommand(
                        new Task.Trigger(new JobSelector.ById(endless), "nightly", Overrides.NONE, false, false),
                        "default",
                        World.ACCOUNT_ID,
                        endless,
                        "endless",
                        null,
                        null,
                        new RunOptions(
                                Duration.ofSeconds(15),
                                now.plus(Duration.ofHours(24)),
                                null,
                                false,
                                IfRunning.QUEUE,
                                List.of(ArtifactWish.of("manifest.json"), ArtifactWish.of("run_results.json"))),
                        "{\"dag_id\":\"nightly_orders\",\"dag_run_id\":\"scheduled__" + id + "\",\"try_number\":1}",
                        "00-" + hash(random) + "-" + hash(random).substring(16) + "-01",
                        null),
                new RunState.Following(
                        new RunSnapshot(
                                run.id(),
                                World.ACCOUNT_ID,
                                70403103931000L,
                                70403103932000L,
                                endless,
                                "endless",
                                JobRunStatus.Known.RUNNING,
                                null,
                                stage.dbtCloud().baseUrl() + "/deploy/" + World.ACCOUNT_ID
                                        + "/projects/70403103931000/runs/" + run.id(),
                                now,
                                now,
                                null,
                                false,
                                "[relay:memory:" + hash(random).substring(20) + "] nightly",
                                null,
                                new RunDetails(
                                        "main",
                                        hash(random) + hash(random).substring(24),
                                        "2025.9.30+21d3fd7",
                                        List.of(),
                                        null,
                                        "scheduled",
                                        "api",
                                        null,
                                        null)),
                        now,
                        null));
    }

    private static void write(KafkaProducer<byte[], byte[]> producer, Deployment relay, int i, RunEntry entry) {
        var _ = producer.send(new ProducerRecord<>(
                relay.topic("ledger"), i % PARTITIONS, bytes("c:" + entry.commandId()), EntryCodec.write(entry)));
    }

    private static KafkaProducer<byte[], byte[]> producer(Deployment relay) {
        return relay.clients()
                .newProducer(Map.of(
                        ProducerConfig.ACKS_CONFIG,
                        "all",
                        ProducerConfig.COMPRESSION_TYPE_CONFIG,
                        "lz4",
                        ProducerConfig.LINGER_MS_CONFIG,
                        20,
                        ProducerConfig.BATCH_SIZE_CONFIG,
                        256 * 1024));
    }

    private static String hash(Random random) {
        byte[] hash = new byte[16];
        random.nextBytes(hash);
        return HexFormat.of().formatHex(hash);
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
        try {
            Process jcmd = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "jcmd")
                                    .toString(),
                            Long.toString(relay.process().pid()),
                            "GC.class_histogram")
                    .redirectErrorStream(true)
                    .start();
            String histogram = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            jcmd.waitFor(1, TimeUnit.MINUTES);
            Matcher total = TOTAL.matcher(histogram);
            assertThat(total.find()).as(histogram).isTrue();
            histogram.lines().limit(Integer.getInteger("memory.classes", 0)).forEach(System.out::println);
            return Long.parseLong(total.group(1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
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
