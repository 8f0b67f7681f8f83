package org.dbtrelay.demo;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.EmbeddedKafka;
import org.dbtrelay.testkit.RelayProcess;
import org.dbtrelay.testkit.TopicReader;

/** The parts of the demo: broker, dbt Cloud emulator and relay. It prints each part that it starts, and the time that took. */
final class Stage {

    /** The name of a job whose runs have no end of their own. */
    static final String ENDLESS_JOB = "Nightly backfill";

    private static final Duration READY_LIMIT = Duration.ofSeconds(60);

    private final Path directory;
    private final PrintStream out;
    private volatile EmbeddedKafka kafka;
    private volatile DbtCloudEmulator dbtCloud;
    private volatile RelayProcess relay;
    private volatile TopicReader reader;

    /** A stage with its files in this directory; nothing runs yet. */
    Stage(Path directory, PrintStream out) {
        this.directory = directory;
        this.out = out;
    }

    /** Starts everything and returns when the relay is ready. */
    void setUp() {
        kafka = EmbeddedKafka.temporaryIn(directory.resolve("kafka"));
        step("Kafka broker", () -> kafka.start().bootstrapServers());
        step("dbt Cloud emulator", () -> {
            dbtCloud = DbtCloudEmulator.builder()
                    .world(World.standard().job(EmulatedJob.named(ENDLESS_JOB).plan(RunPlan.unending())))
                    .start();
            return dbtCloud.baseUrl();
        });
        step("relay, the packaged application", () -> {
            relay = RelayProcess.named("relay")
                    .outputDirectory(directory)
                    .set(relaySettings())
                    .start();
            return relay.awaitReady(READY_LIMIT).url() + " pid "
                    + relay.process().pid();
        });
        reader = TopicReader.of(kafka.bootstrapServers(), "dbt.run.events", "dbt.artifact.events", "dbt.commands.dlq");
    }

    /** Ends what runs, the relay first and in good order. What the relay printed and stored stays. */
    void tearDown() {
        quietly("the relay", relay == null ? null : relay::stop);
        quietly("the reader", reader == null ? null : reader::close);
        quietly("the emulator", dbtCloud == null ? null : dbtCloud::close);
        quietly("the broker", kafka == null ? null : kafka::close);
    }

    EmbeddedKafka kafka() {
        return kafka;
    }

    World world() {
        return dbtCloud.world();
    }

    /** How many runs of the job dbt Cloud has seen. */
    int runsOf(long jobId) {
        return dbtCloud.runsOfJob(jobId).size();
    }

    /** dbt Cloud's scheduler starts a run, without anybody sending a command. */
    void startByScheduler(long jobId) {
        dbtCloud.startByScheduler(jobId);
    }

    RelayProcess relay() {
        return relay;
    }

    TopicReader reader() {
        return reader;
    }

    Path artifacts() {
        return directory.resolve("artifacts");
    }

    private Map<String, String> relaySettings() {
        var settings = new HashMap<String, String>();
        settings.put("kafka.bootstrap.servers", kafka.bootstrapServers());
        settings.put("relay.topics.create", "true");
        settings.put("relay.connections.default.host", dbtCloud.baseUrl());
        settings.put("relay.connections.default.account-id", Long.toString(dbtCloud.accountId()));
        settings.put("relay.connections.default.token", dbtCloud.token());
        settings.put("relay.connections.default.observe.jobs", "all");
        settings.put("relay.connections.default.observe.interval", "1s");
        settings.put("relay.poll.interval", "1s");
        settings.put("relay.artifacts.paths", String.join(",", Script.ARTIFACTS));
        settings.put("relay.artifacts.store", "file");
        settings.put("relay.artifacts.directory", artifacts().toString());
        settings.put("relay.api.open", "true");
        return settings;
    }

    private void step(String what, Supplier<String> start) {
        out.printf("  starting %-33s", what);
        out.flush();
        long began = System.nanoTime();
        String where = start.get();
        out.printf("%5.1f s  %s%n", (System.nanoTime() - began) / 1e9, where);
    }

    private void quietly(String what, Runnable end) {
        if (end == null) {
            return;
        }
        try {
            end.run();
        } catch (RuntimeException | AssertionError e) {
            // The rest has to be ended all the same.
            out.println("Could not end " + what + " in good order: " + e.getMessage());
        }
    }
}
