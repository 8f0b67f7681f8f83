package org.dbtrelay.it;

import static org.dbtrelay.it.Deployment.bytes;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.RunView;
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
import org.dbtrelay.run.state.SampleEntry;

/** Writes entries into a ledger that no relay serves at the time, as a relay would have written them. */
final class LedgerFill {

    private LedgerFill() {}

    /** Commands that have finished within the last day. */
    static void remember(Deployment relay, int partitions, int count) {
        Random random = new Random(1);
        Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
        try (KafkaProducer<byte[], byte[]> producer = producer(relay)) {
            for (int i = 0; i < count; i++) {
                write(
                        producer,
                        relay,
                        partitions,
                        i,
                        new RunEntry(
                                "orders-2026-11-22T10:00:00Z-%07d".formatted(i),
                                i,
                                CommandHash.of(hash(random)),
                                now.minusSeconds(i % 86_400),
                                5,
                                false,
                                false,
                                List.of(),
                                null,
                                null,
                                null,
                                null,
                                new RunState.Finished(
                                        EventType.RUN_SUCCEEDED,
                                        null,
                                        70403104900000L + i,
                                        now.minusSeconds(i % 80_000),
                                        "default",
                                        7L),
                                // Accepted, queued, starting, running, succeeded.
                                "A0D1E" + i % 30 + "F" + i % 60 + "G" + Integer.toString(i % 3_600, 36)));
            }
        }
    }

    /** Commands whose runs are in flight; the runs are started here, as by somebody else. */
    static void follow(Deployment relay, int partitions, int count, DbtCloudEmulator dbtCloud, long job) {
        Random random = new Random(2);
        try (KafkaProducer<byte[], byte[]> producer = producer(relay)) {
            for (int i = 0; i < count; i++) {
                RunView run = dbtCloud.triggerByOther(job, "nightly");
                String id = "in-flight-" + run.id();
                write(producer, relay, partitions, i, inFlight(id, run, random, dbtCloud, job));
            }
        }
    }

    /** As large as such an entry is where producers use context and trace ids, with all that is told of a running run. */
    private static RunEntry inFlight(String id, RunView run, Random random, DbtCloudEmulator dbtCloud, long job) {
        Instant now = run.createdAt();
        return SampleEntry.of(id)
                .offset(run.id())
                .hash(CommandHash.of(hash(random)))
                .acceptedAt(now)
                .nextSequence(2)
                .resolved(new ResolvedCommand(
                        new Task.Trigger(new JobSelector.ById(job), "nightly", Overrides.NONE, false, false),
                        "default",
                        dbtCloud.accountId(),
                        job,
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
                        null))
                .in(new RunState.Following(
                        new RunSnapshot(
                                run.id(),
                                dbtCloud.accountId(),
                                70403103931000L,
                                70403103932000L,
                                job,
                                "endless",
                                JobRunStatus.Known.RUNNING,
                                null,
                                dbtCloud.baseUrl() + "/deploy/" + dbtCloud.accountId()
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

    private static void write(
            KafkaProducer<byte[], byte[]> producer, Deployment relay, int partitions, int i, RunEntry entry) {
        var _ = producer.send(new ProducerRecord<>(
                relay.topic("ledger"), i % partitions, bytes("c:" + entry.commandId()), EntryCodec.write(entry)));
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
}
