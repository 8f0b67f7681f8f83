package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
import org.dbtrelay.emulator.ReceivedRequest;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.RecordBatches;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How fast the relay is, each figure beside what the same machine does without it, in the same run. It asserts nothing about
 * time: it prints, and writes {@link Figures}. Only with {@code -Pbench}; {@code docs/performance.md} tells what came out.
 * {@code -Dbench.options} gives the relay further options of the JVM, such as a recording of what it does.
 */
@Tag("bench")
@Tag("alone")
class PerformanceIT {

    private static final long FIRST_ACCOUNT = 71_000_000_000_001L;
    private static final long FIRST_JOB = 72_000_000_000_001L;
    private static final long FIRST_IDLE_JOB = 73_000_000_000_001L;

    /** An account may be asked 5,000 times a minute, so one alone shows the limit and not the relay. */
    private static final int ACCOUNTS = 40;

    private static final int COMMANDS = 6_000;

    /** Of each instance: by then its code is compiled, and that of broker and emulator, which are in this process. */
    private static final int WARM_UP = 6_000;

    private static final int POSTS_WARM_UP = 3_000;
    private static final int JOBS = 4 * WARM_UP + 2 * POSTS_WARM_UP + 5 * COMMANDS;
    private static final int SINGLE = 100;
    private static final int SINGLE_WARM_UP = 2_000;
    private static final int PARTITIONS = 6;
    private static final int REMEMBERED = 1_000_000;
    private static final int IN_FLIGHT = 50_000;
    private static final int TRANSACTIONS = 1_000;
    private static final Duration LONG = Duration.ofMinutes(7);

    private static final String OPTIONS = System.getProperty("bench.options", "");

    private static final int POLLED_JOBS = 400;
    private static final int LEARNED_RUNS = 4;
    private static final int POLLED_RUNS = 2;

    @Test
    void durableTriggersASecond() throws Exception {
        try (RelayStage stage = RelayStage.of(PerformanceIT.class, manyAccounts(0))) {
            bareTransactions(stage);
            Deployment one = deployment(stage, "one");
            try (RelayProcess relay = one.start().relay()) {
                triggers(stage, one, "1 instance", 0, WARM_UP);
                assertThat(relay.stop()).isZero();
            }
            Deployment three = deployment(stage, "three");
            try (RelayProcess first = three.start().relay();
                    RelayProcess second = three.start().relay();
                    RelayProcess third = three.start().relay()) {
                triggers(stage, three, "3 instances on the same two cores", WARM_UP + COMMANDS, 3 * WARM_UP);
                assertThat(first.isAlive() && second.isAlive() && third.isAlive())
                        .isTrue();
            }
            int first = 4 * WARM_UP + 2 * COMMANDS;
            plainConsumer(stage, 1, first, POSTS_WARM_UP);
            plainConsumer(stage, 16, first + POSTS_WARM_UP + COMMANDS, 0);
            barePosts(stage);
        }
    }

    /** The same figures with an empty ledger, and with a million remembered ids and 50,000 runs in flight. */
    @Test
    void whatAFullLedgerCosts() {
        try (RelayStage stage = RelayStage.of(PerformanceIT.class, manyAccounts(2 * (WARM_UP + SINGLE) + 1))) {
            Deployment relay = deployment(stage, "growth")
                    .set("relay.commands.max-pending-per-instance", Integer.toString(2 * IN_FLIGHT))
                    // Else the fullest partition is paused before the end.
                    .set("relay.commands.max-pending", Integer.toString(IN_FLIGHT));
            // As much as the sizing in docs/operations.md wants for the second half.
            relay.builder().option("-Xmx1g");
            int idle = WARM_UP + SINGLE;
            try (RelayProcess process = relay.start().relay()) {
                triggers(stage, relay, "1 instance, empty ledger", 0, WARM_UP);
                Figures.row(
                        "command to POST, idle, empty ledger",
                        Latencies.percentiles(Latencies.toPost(stage, relay, FIRST_IDLE_JOB, 0, SINGLE)));
                assertThat(process.stop()).isZero();
            }
            LedgerFill.remember(relay, PARTITIONS, REMEMBERED);
            LedgerFill.follow(relay, PARTITIONS, IN_FLIGHT, stage.dbtCloud(), FIRST_IDLE_JOB + 2L * idle);
            try (RelayProcess process = relay.start().relay()) {
                triggers(stage, relay, "1 instance, full ledger", WARM_UP + COMMANDS, WARM_UP);
                Figures.row(
                        "command to POST, idle, full ledger",
                        Latencies.percentiles(Latencies.toPost(stage, relay, FIRST_IDLE_JOB + idle, 0, SINGLE)));
                assertThat(process.isAlive()).isTrue();
            }
        }
    }

    /** Many records in a transaction, and then, with a command at a time, as few as there can be. */
    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "lz4"})
    void whatACodecCosts(String codec) {
        try (RelayStage stage = RelayStage.of(PerformanceIT.class, manyAccounts(0))) {
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
                Figures.row(
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

    private static World manyAccounts(int idleJobs) {
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
            for (int job = 0; account == 0 && job < idleJobs; job++) {
                world.job(EmulatedJob.named("idle-" + job)
                        .id(FIRST_IDLE_JOB + job)
                        .plan(RunPlan.succeeding().queued(Duration.ofHours(1))));
            }
        }
        return world;
    }

    private static Deployment deployment(RelayStage stage, String name) {
        Deployment relay = stage.deployment(name)
                .set("relay.topics.partitions", Integer.toString(PARTITIONS))
                .set("relay.poll.interval", "10m")
                .set("relay.artifacts.store", "none");
        setOptions(relay);
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

    private static void setOptions(Deployment relay) {
        relay.builder().option("-XX:TieredStopAtLevel=4");
        Stream.of(OPTIONS.split(" ", -1)).filter(option -> !option.isEmpty()).forEach(relay.builder()::option);
    }

    private static void triggers(RelayStage stage, Deployment relay, String who, int firstJob, int warmUp) {
        long before = stage.dbtCloud().count(Endpoint.TRIGGER);
        send(relay, firstJob, warmUp);
        int first = firstJob + warmUp;
        awaitRuns(stage, before + warmUp);
        int runsBefore = stage.dbtCloud().runs().size();
        long requestsBefore = stage.dbtCloud().counters().total();
        long begun = System.nanoTime();
        send(relay, first, COMMANDS);
        awaitRuns(stage, before + warmUp + COMMANDS);
        double seconds = (System.nanoTime() - begun) / 1e9;
        long requests = stage.dbtCloud().counters().total() - requestsBefore;
        assertThat(stage.dbtCloud().runs()).hasSize(runsBefore + COMMANDS);
        Figures.row(
                "durable triggers, " + who,
                "%.0f a second (%d commands in %.1f s), %.2f requests each"
                        .formatted(COMMANDS / seconds, COMMANDS, seconds, (double) requests / COMMANDS));
        Figures.bar(Figures.Scale.TRIGGERS, "relay, " + who, COMMANDS / seconds, true);
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
    private static void awaitRuns(RelayStage stage, long runs) {
        await().atMost(LONG)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> stage.dbtCloud().count(Endpoint.TRIGGER) >= runs);
    }

    /** The most that one partition can do: transactions of three records to three topics, one after the other. */
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
            Figures.row(
                    "floor: bare transactions of three records, one after the other",
                    "%.0f a second, %.1f ms each".formatted(TRANSACTIONS / seconds, 1000 * seconds / TRANSACTIONS));
            Figures.bar(
                    Figures.Scale.TRIGGERS, "bare transactions, one after the other", TRANSACTIONS / seconds, false);
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

    /** What safety costs, and what taking many records at once gains. */
    private static void plainConsumer(RelayStage stage, int threads, int firstJob, int warmUp) throws Exception {
        Deployment plain = stage.deployment("plain-" + threads);
        plain.clients().createTopics(PARTITIONS, plain.topic("commands"));
        try (PlainConsumer consumer = PlainConsumer.start(
                plain, stage.dbtCloud().baseUrl(), stage.dbtCloud().token(), threads)) {
            send(plain, firstJob, warmUp);
            consumer.await(warmUp, LONG);
            long begun = System.nanoTime();
            send(plain, firstJob + warmUp, COMMANDS);
            consumer.await(warmUp + COMMANDS, LONG);
            double seconds = (System.nanoTime() - begun) / 1e9;
            String who = threads == 1 ? "plain consumer, one thread" : "plain consumer, " + threads + " threads";
            Figures.row(
                    "a " + who + ": poll, POST, read the run, commit; no promise",
                    "%.0f a second".formatted(COMMANDS / seconds));
            Figures.bar(Figures.Scale.TRIGGERS, who, COMMANDS / seconds, false);
        }
    }

    /** The most that the emulator can do: the same POSTs, 64 at a time. */
    private static void barePosts(RelayStage stage) throws Exception {
        int first = JOBS - POSTS_WARM_UP - COMMANDS;
        try (HttpClient http = HttpClient.newHttpClient()) {
            posts(stage, http, first, POSTS_WARM_UP);
            long begun = System.nanoTime();
            posts(stage, http, first + POSTS_WARM_UP, COMMANDS);
            double seconds = (System.nanoTime() - begun) / 1e9;
            Figures.row(
                    "floor: bare POSTs to the same stand-in for dbt Cloud, 64 at a time",
                    "%.0f a second".formatted(COMMANDS / seconds));
            Figures.bar(Figures.Scale.TRIGGERS, "bare POSTs, 64 at a time", COMMANDS / seconds, false);
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

    /** One command at a time, the next one some time after all of the last one is written. */
    @Test
    void latenciesWhenIdle() {
        World world = oneAccount(SINGLE_WARM_UP + SINGLE);
        try (RelayStage stage = RelayStage.of(PerformanceIT.class, world)) {
            bareTransactions(stage);
            Deployment relay = stage.deployment("idle")
                    .set("relay.artifacts.paths", "manifest.json")
                    .set("relay.poll.interval", "1s")
                    .set("relay.connections.default.requests-per-minute", "5000");
            setOptions(relay);
            relay.start();
            List<Duration> toPost = Latencies.toPost(stage, relay, FIRST_JOB, SINGLE_WARM_UP, SINGLE);
            Figures.row("command to POST, idle", Latencies.percentiles(toPost));
            Figures.bar(Figures.Scale.LATENCY, "relay, p50", Latencies.millis(toPost, 50), true);
            Figures.bar(Figures.Scale.LATENCY, "relay, p99", Latencies.millis(toPost, 99), true);

            List<Duration> toEvent = new ArrayList<>();
            Random random = new Random(1);
            for (int i = SINGLE_WARM_UP; i < SINGLE_WARM_UP + SINGLE; i++) {
                String id = "idle-" + (FIRST_JOB + i);
                // Else each would end just after a poll, because the one before it was told of by one.
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
            Figures.row(
                    "end of a run to its event, polled every second (floor: half a second in the mean)",
                    Latencies.percentiles(toEvent));
        }
    }

    /**
     * Two deployments side by side, each with 400 jobs that take 8 to 40 seconds, a job's runs differing by a fifth, one in
     * twenty failing early: one polls all runs alike, the other by how long a job's runs usually take.
     */
    @Test
    void pollsOfRunsWhoseDurationIsKnown() {
        World world = World.empty();
        for (int side = 0; side < 2; side++) {
            world.account(FIRST_ACCOUNT + side, "Account " + side)
                    .project("Jaffle Shop")
                    .environment("Production");
            for (int job = 0; job < POLLED_JOBS; job++) {
                world.job(EmulatedJob.named("job-" + side + "-" + job).id(polledJob(side, job)));
            }
        }
        try (RelayStage stage = RelayStage.of(PerformanceIT.class, world)) {
            stage.dbtCloud().access().allow(stage.dbtCloud().token(), FIRST_ACCOUNT, FIRST_ACCOUNT + 1);
            Random random = new Random(11);
            for (int job = 0; job < POLLED_JOBS; job++) {
                double usual = 8 * Math.exp(random.nextDouble() * Math.log(5));
                for (int run = 0; run < LEARNED_RUNS + POLLED_RUNS; run++) {
                    double part = random.nextInt(20) == 0 ? random.nextDouble() : 1;
                    Duration length =
                            Duration.ofMillis((long) (1000 * usual * Math.exp(0.2 * random.nextGaussian()) * part));
                    for (int side = 0; side < 2; side++) {
                        stage.dbtCloud()
                                .planNextRun(
                                        polledJob(side, job),
                                        RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, length));
                    }
                }
            }
            List<Deployment> sides = List.of(polling(stage, "alike", 0, "1s"), polling(stage, "learned", 1, "6s"));
            sides.forEach(side -> side.start());
            run(sides, 0, LEARNED_RUNS);
            stage.dbtCloud().counters().reset();
            run(sides, LEARNED_RUNS, LEARNED_RUNS + POLLED_RUNS);
            List<ReceivedRequest> lists = stage.dbtCloud().counters().requests().stream()
                    .filter(request -> request.endpoint() == Endpoint.LIST_RUNS
                            && request.query().containsKey("pk__in"))
                    .toList();
            for (int side = 0; side < 2; side++) {
                polled(stage, sides.get(side), side, lists);
            }
        }
    }

    private static long polledJob(int side, int job) {
        return FIRST_JOB + (long) side * POLLED_JOBS + job;
    }

    private static Deployment polling(RelayStage stage, String name, int account, String longestGap) {
        Deployment relay = stage.deployment(name)
                .set("relay.connections.default.account-id", Long.toString(FIRST_ACCOUNT + account))
                .set("relay.connections.default.requests-per-minute", "5000")
                .set("relay.artifacts.store", "none")
                .set("relay.poll.interval", "1s")
                .set("relay.poll.longest-gap", longestGap);
        setOptions(relay);
        return relay;
    }

    /** All jobs of both sides, one run of a job after the other. */
    private static void run(List<Deployment> sides, int from, int to) {
        for (int round = from; round < to; round++) {
            for (int side = 0; side < 2; side++) {
                for (int job = 0; job < POLLED_JOBS; job++) {
                    long id = polledJob(side, job);
                    sides.get(side).send(id, Deployment.trigger("polled-" + round + "-" + id, id));
                }
            }
        }
        for (int round = from; round < to; round++) {
            for (int side = 0; side < 2; side++) {
                for (int job = 0; job < POLLED_JOBS; job++) {
                    sides.get(side)
                            .reader()
                            .awaitEvent("run.succeeded", "polled-" + round + "-" + polledJob(side, job), LONG);
                }
            }
        }
    }

    private static void polled(RelayStage stage, Deployment relay, int side, List<ReceivedRequest> lists) {
        String account = "/accounts/" + (FIRST_ACCOUNT + side) + "/";
        long requests = lists.stream()
                .filter(request -> request.path().contains(account))
                .count();
        long polls = lists.stream()
                .filter(request -> request.path().contains(account))
                .mapToLong(request -> request.query().get("pk__in").split(",", -1).length)
                .sum();
        List<Duration> delays = new ArrayList<>();
        for (int job = 0; job < POLLED_JOBS; job++) {
            List<RunView> runs = stage.dbtCloud().runsOfJob(polledJob(side, job));
            for (int round = LEARNED_RUNS; round < LEARNED_RUNS + POLLED_RUNS; round++) {
                var told = relay.reader()
                        .awaitEvent("run.succeeded", "polled-" + round + "-" + polledJob(side, job), LONG);
                long runId = told.data().path("run_id").asLong();
                Instant finishedAt = runs.stream()
                        .filter(run -> run.id() == runId)
                        .findFirst()
                        .orElseThrow()
                        .finishedAt();
                delays.add(Duration.between(finishedAt, Instant.parse(told.attribute("time"))));
            }
        }
        double perRun = (double) polls / (POLLED_JOBS * POLLED_RUNS);
        String how = side == 0 ? "all runs polled alike, every second" : "polled by usual durations";
        Figures.row(
                "polls of a run of 8 to 40 s, " + how,
                "%.1f a run, %d list requests for %,d runs; end to event %s"
                        .formatted(perRun, requests, POLLED_JOBS * POLLED_RUNS, Latencies.percentiles(delays)));
        Figures.bar(Figures.Scale.REQUESTS, how, perRun, side == 1);
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
                setOptions(relay);
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
                Figures.row(
                        "requests of %,d runs in flight, looked at every 15 s (floor: a request for 100)"
                                .formatted(runs),
                        "%.0f a minute, %.4f for each run and minute".formatted(requests, requests / runs));
            }
        }
    }

    private static World oneAccount(int jobs) {
        World world = World.jaffleShop();
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
}
