package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RecordBatches;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How fast the relay is, each figure beside what the same machine does without it, in the same run. It asserts nothing about
 * time: it prints, and writes {@code target/performance.md}. Only with {@code -Pbench}; {@code docs/performance.md} tells what
 * came out.
 */
class PerformanceIT {

    private static final long FIRST_ACCOUNT = 71_000_000_000_001L;
    private static final long FIRST_JOB = 72_000_000_000_001L;

    /** An account may be asked 5,000 times a minute, so one alone shows the limit and not the relay. */
    private static final int ACCOUNTS = 40;

    private static final int COMMANDS = 3_000;

    /** Of each instance: by then its code is compiled. */
    private static final int WARM_UP = 2_000;

    private static final int POSTS_WARM_UP = 1_000;
    private static final int JOBS = 4 * WARM_UP + POSTS_WARM_UP + 3 * COMMANDS;
    private static final int SINGLE = 100;
    private static final int TRANSACTIONS = 1_000;
    private static final Duration LONG = Duration.ofMinutes(7);

    private static final List<String> ROWS = new ArrayList<>();

    @AfterAll
    static void write() throws IOException {
        List<String> lines = new ArrayList<>(List.of("| what | figure |", "| --- | --- |"));
        lines.addAll(ROWS);
        Files.write(Path.of("target", "performance.md"), lines);
        lines.forEach(System.out::println);
    }

    private static void row(String what, String figure) {
        ROWS.add("| " + what + " | " + figure + " |");
    }

    @Test
    void durableTriggersASecond() throws Exception {
        try (RelayStage stage = RelayStage.of(PerformanceIT.class, manyAccounts())) {
            bareTransactions(stage);
            Deployment one = deployment(stage, "one");
            try (RelayProcess relay = one.start().relay()) {
                triggers(stage, one, "1 instance", 0, WARM_UP);
                assertThat(relay.isAlive()).isTrue();
            }
            Deployment three = deployment(stage, "three");
            try (RelayProcess first = three.start().relay();
                    RelayProcess second = three.start().relay();
                    RelayProcess third = three.start().relay()) {
                triggers(stage, three, "3 instances on the same two cores", WARM_UP + COMMANDS, 3 * WARM_UP);
                assertThat(first.isAlive() && second.isAlive() && third.isAlive())
                        .isTrue();
            }
            barePosts(stage);
        }
    }

    /** Many records in a transaction, and then, with a command at a time, as few as there can be. */
    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "lz4"})
    void whatACodecCosts(String codec) {
        try (RelayStage stage = RelayStage.of(PerformanceIT.class, manyAccounts())) {
            Deployment relay = deployment(stage, codec).set("kafka.compression.type", codec);
            try (RelayProcess process = relay.start().relay()) {
                triggers(stage, relay, "1 instance, compression.type=" + codec, 0, WARM_UP);
                int first = WARM_UP + COMMANDS;
                double many = (double) written(stage, relay) / first;
                for (int job = first; job < first + SINGLE; job++) {
                    send(relay, job, 1);
                    relay.reader().awaitEvent("run.queued", "p-" + job, PATIENCE);
                }
                double single = (double) written(stage, relay) / SINGLE - many * first / SINGLE;
                assertThat(process.isAlive()).isTrue();
                row(
                        "ledger and events on the broker's disk, compression.type=" + codec,
                        "%.0f bytes a command, %.0f where commands come one at a time".formatted(many, single));
            }
        }
    }

    private static long written(RelayStage stage, Deployment relay) {
        return Stream.of("ledger", "run.events")
                .mapToLong(topic -> RecordBatches.bytes(stage.kafkaDirectory(), relay.topic(topic)))
                .sum();
    }

    private static World manyAccounts() {
        World world = World.empty();
        for (int account = 0; account < ACCOUNTS; account++) {
            world.account(FIRST_ACCOUNT + account, "Account " + account)
                    .project("Jaffle Shop")
                    .environment("Production");
            for (int job = account; job < JOBS; job += ACCOUNTS) {
                world.job(EmulatedJob.named("job-" + job)
                        .id(FIRST_JOB + job)
                        .plan(RunPlan.succeeding().queued(Duration.ofHours(1))));
            }
        }
        return world;
    }

    private static Deployment deployment(RelayStage stage, String name) {
        Deployment relay = stage.deployment(name)
                .set("relay.topics.partitions", "6")
                .set("relay.poll.interval", "10m")
                .set("relay.artifacts.store", "none");
        relay.builder().option("-XX:TieredStopAtLevel=4");
        stage.dbtCloud()
                .access()
                .allow(
                        stage.dbtCloud().token(),
                        LongStream.range(FIRST_ACCOUNT, FIRST_ACCOUNT + ACCOUNTS)
                                .boxed()
                                .toArray(Long[]::new));
        for (int account = 0; account < ACCOUNTS; account++) {
            String connection = "relay.connections.c" + account;
            relay.set(connection + ".host", stage.dbtCloud().baseUrl())
                    .set(connection + ".account-id", Long.toString(FIRST_ACCOUNT + account))
                    .set(connection + ".token", stage.dbtCloud().token())
                    .set(connection + ".requests-per-minute", "5000");
        }
        return relay.set("relay.connections.default.account-id", Long.toString(FIRST_ACCOUNT));
    }

    private static void triggers(RelayStage stage, Deployment relay, String who, int firstJob, int warmUp) {
        send(relay, firstJob, warmUp);
        int first = firstJob + warmUp;
        awaitRuns(stage, first);
        long begun = System.nanoTime();
        send(relay, first, COMMANDS);
        awaitRuns(stage, first + COMMANDS);
        double seconds = (System.nanoTime() - begun) / 1e9;
        assertThat(stage.dbtCloud().runs()).hasSize(first + COMMANDS);
        row(
                "durable triggers, " + who,
                "%.0f a second (%d commands in %.1f s, each with two transactions and a POST)"
                        .formatted(COMMANDS / seconds, COMMANDS, seconds));
    }

    private static void send(Deployment relay, int first, int count) {
        try (KafkaProducer<byte[], byte[]> producer = relay.clients().newProducer(Map.of("acks", "all"))) {
            IntStream.range(first, first + count).forEach(job -> {
                long id = FIRST_JOB + job;
                var _ = producer.send(new ProducerRecord<>(
                        relay.topic("commands"),
                        bytes(Long.toString(id)),
                        bytes(
                                "{\"command\": \"trigger\", \"command_id\": \"p-%d\", \"connection\": \"c%d\", \"job_id\": %d}"
                                        .formatted(job, job % ACCOUNTS, id))));
            });
            producer.flush();
        }
    }

    /** Counted by the emulator, which is asked for all its runs only once: it has other things to do. */
    private static void awaitRuns(RelayStage stage, int runs) {
        await().atMost(LONG)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> stage.dbtCloud().count(Endpoint.TRIGGER) >= runs);
    }

    /** What one partition can do at most: transactions of three records to three topics, one after the other. */
    private static void bareTransactions(RelayStage stage) {
        Deployment bare = stage.deployment("bare");
        bare.clients().createTopics(1, "bare-a", "bare-b", "bare-c");
        try (KafkaProducer<byte[], byte[]> producer =
                bare.clients().newProducer(Map.of("acks", "all", "transactional.id", "bare"))) {
            producer.initTransactions();
            transactions(producer, TRANSACTIONS / 4);
            long begun = System.nanoTime();
            transactions(producer, TRANSACTIONS);
            double seconds = (System.nanoTime() - begun) / 1e9;
            row(
                    "floor: bare transactions of three records, one after the other",
                    "%.0f a second, %.1f ms each".formatted(TRANSACTIONS / seconds, 1000 * seconds / TRANSACTIONS));
        }
    }

    private static void transactions(KafkaProducer<byte[], byte[]> producer, int count) {
        byte[] value = new byte[600];
        for (int i = 0; i < count; i++) {
            producer.beginTransaction();
            for (String topic : List.of("bare-a", "bare-b", "bare-c")) {
                var _ = producer.send(new ProducerRecord<>(topic, value));
            }
            producer.commitTransaction();
        }
    }

    /** What the stand-in for dbt Cloud can do at most: the same POSTs, 64 at a time. */
    private static void barePosts(RelayStage stage) throws Exception {
        int first = JOBS - POSTS_WARM_UP - COMMANDS;
        try (HttpClient http = HttpClient.newHttpClient()) {
            posts(stage, http, first, POSTS_WARM_UP);
            long begun = System.nanoTime();
            posts(stage, http, first + POSTS_WARM_UP, COMMANDS);
            double seconds = (System.nanoTime() - begun) / 1e9;
            row(
                    "floor: bare POSTs to the same stand-in for dbt Cloud, 64 at a time",
                    "%.0f a second".formatted(COMMANDS / seconds));
        }
    }

    private static void posts(RelayStage stage, HttpClient http, int first, int count) throws Exception {
        try (ExecutorService threads =
                Executors.newFixedThreadPool(64, Thread.ofVirtual().factory())) {
            List<Future<Integer>> answers = new ArrayList<>();
            for (int job = first; job < first + count; job++) {
                HttpRequest request = HttpRequest.newBuilder(URI.create("%s/api/v2/accounts/%d/jobs/%d/run/"
                                .formatted(
                                        stage.dbtCloud().baseUrl(), FIRST_ACCOUNT + job % ACCOUNTS, FIRST_JOB + job)))
                        .header("Authorization", "Token " + stage.dbtCloud().token())
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"cause\": \"bare\"}"))
                        .build();
                answers.add(threads.submit(
                        () -> http.send(request, BodyHandlers.ofByteArray()).statusCode()));
            }
            for (Future<Integer> answer : answers) {
                assertThat(answer.get()).isEqualTo(200);
            }
        }
    }

    @Test
    void latenciesWhenIdle() {
        World world = oneAccount(SINGLE);
        try (RelayStage stage = RelayStage.of(PerformanceIT.class, world)) {
            Deployment relay = stage.deployment("idle")
                    .set("relay.artifacts.paths", "manifest.json")
                    .set("relay.poll.interval", "1s");
            relay.builder().option("-XX:TieredStopAtLevel=4");
            relay.start();
            List<Duration> toPost = new ArrayList<>();
            List<Duration> toEvent = new ArrayList<>();
            Random random = new Random(1);
            for (int i = 0; i < SINGLE; i++) {
                long job = FIRST_JOB + i;
                Instant sent = stage.dbtCloud().clock().instant();
                relay.send(job, Deployment.trigger("p-" + i, job));
                await().atMost(PATIENCE)
                        .pollInterval(Duration.ofMillis(2))
                        .until(() -> !stage.dbtCloud().runsOfJob(job).isEmpty());
                RunView run = stage.dbtCloud().runsOfJob(job).getFirst();
                toPost.add(Duration.between(sent, run.createdAt()));
            }
            for (int i = 0; i < SINGLE; i++) {
                String id = "p-" + i;
                // Else each would end just after a look, because the one before it was told of by one.
                letPass(Duration.ofMillis(random.nextInt(1_000)));
                RunView run = stage.dbtCloud()
                        .finishRun(
                                stage.dbtCloud()
                                        .runsOfJob(FIRST_JOB + i)
                                        .getFirst()
                                        .id(),
                                RunStatus.SUCCESS);
                var told = relay.reader().awaitEvent("run.succeeded", id, PATIENCE);
                toEvent.add(Duration.between(run.finishedAt(), Instant.parse(told.attribute("time"))));
            }
            // The first ones warm up.
            row("command to POST, idle", percentiles(toPost.subList(SINGLE / 4, SINGLE)));
            row(
                    "end of a run to its event, polled every second (floor: half a second in the mean)",
                    percentiles(toEvent.subList(SINGLE / 4, SINGLE)));
        }
    }

    @Test
    void requestsOfRunsInFlight() {
        for (int runs : List.of(100, 1_000, 10_000)) {
            World world = oneAccount(runs);
            try (RelayStage stage = RelayStage.of(PerformanceIT.class, world)) {
                Duration interval = Duration.ofSeconds(15);
                Deployment relay = stage.deployment("flight-" + runs)
                        .set("relay.poll.interval", interval.toSeconds() + "s")
                        .set("relay.connections.default.requests-per-minute", "5000");
                relay.builder().option("-XX:TieredStopAtLevel=4");
                relay.start();
                try (KafkaProducer<byte[], byte[]> producer = relay.clients().newProducer(Map.of("acks", "all"))) {
                    for (int i = 0; i < runs; i++) {
                        var _ = producer.send(new ProducerRecord<>(
                                relay.topic("commands"),
                                bytes(Long.toString(FIRST_JOB + i)),
                                bytes(Deployment.trigger("p-" + i, FIRST_JOB + i))));
                    }
                }
                await().atMost(LONG).until(() -> stage.dbtCloud().count(Endpoint.TRIGGER) >= runs);
                letPass(interval.multipliedBy(2));
                stage.dbtCloud().counters().reset();
                letPass(interval.multipliedBy(2));
                double requests = stage.dbtCloud().counters().total() * 60.0 / (2 * interval.toSeconds());
                row(
                        "requests of %,d runs in flight, looked at every 15 s (floor: a request for 100)"
                                .formatted(runs),
                        "%.0f a minute, %.4f for each run and minute".formatted(requests, requests / runs));
            }
        }
    }

    private static World oneAccount(int jobs) {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        for (int i = 0; i < jobs; i++) {
            world.job(EmulatedJob.named("job-" + i)
                    .id(FIRST_JOB + i)
                    .plan(RunPlan.succeeding().queued(Duration.ofHours(1))));
        }
        return world;
    }

    /** Time is what is measured here. */
    private static void letPass(Duration time) {
        await().pollDelay(time).atMost(time.plusSeconds(30)).until(() -> true);
    }

    private static String percentiles(List<Duration> durations) {
        List<Duration> sorted =
                durations.stream().sorted(Comparator.naturalOrder()).toList();
        return String.format(
                Locale.ROOT,
                "p50 %d ms, p99 %d ms, of %d",
                sorted.get(sorted.size() / 2).toMillis(),
                sorted.get(sorted.size() * 99 / 100).toMillis(),
                sorted.size());
    }
}
