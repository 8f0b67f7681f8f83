package org.dbtrelay.soak;

import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.awaitility.core.ConditionTimeoutException;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.FaultRule;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.it.Deployment;
import org.dbtrelay.testkit.ForkedKafka;

/**
 * One soak: the broker, the emulator of dbt Cloud with its faults, three instances, commands all the time, and attacks until
 * the time is over; then quiet, and the verdict.
 */
final class Soak implements AutoCloseable {

    private static final String TOKEN = "dbtc_soak-token-nobody-may-see";
    private static final int INSTANCES = 3;
    private static final int PARTITIONS = 6;
    private static final int JOBS = 150;
    private static final int MOST_UNFINISHED = 500;
    private static final double FAULTS = 0.05;
    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final Duration PROGRESS = Duration.ofSeconds(10);

    /** The waiting time for a run that was not found: send window, read time-out, visibility lag; and a little more. */
    private static final Duration UNTIL_NO_START_IS_IN_DOUBT = Duration.ofSeconds(5 + 5 + 2 + 3);

    /** A heap of 64 MiB, and what a JVM needs beside it. */
    private static final long MOST_MEBIBYTES = 400;

    private final long seed;
    private final DbtCloudEmulator dbtCloud;
    private final ForkedKafka kafka;
    private final EventTally tally = new EventTally();
    private final RelayLogs logs = new RelayLogs(TOKEN);
    private final Deployment relay;
    private final Fleet fleet;
    private final Attacks attacks;
    private final List<FaultRule> passing;
    private final CommandLoad load;
    private final Instant begin = Clock.systemUTC().instant();
    private Instant nextProgress = begin;

    Soak(Path directory, long seed, int commandsPerSecond) {
        this.seed = seed;
        List<EmulatedJob> jobs = new ArrayList<>();
        World world = World.jaffleShop();
        IntStream.range(0, JOBS)
                .forEach(i -> world.job(EmulatedJob.named("job-" + i).plan(plan(i))));
        IntStream.range(0, JOBS).forEach(i -> jobs.add(world.jobNamed("job-" + i)));
        Map<Refused, EmulatedJob> refused = new EnumMap<>(Refused.class);
        for (Refused what : Refused.values()) {
            world.job(what.job());
            refused.put(what, world.jobNamed(what.name()));
        }
        List<EmulatedJob> flaky = putIn(world, Special.flaky(seed));
        List<EmulatedJob> ofBursts = putIn(world, Special.ofBursts());
        this.dbtCloud = DbtCloudEmulator.builder().world(world).token(TOKEN).start();
        this.kafka = ForkedKafka.in(directory.resolve("kafka")).start();
        this.relay = Deployment.of(
                        "soak",
                        directory,
                        kafka.bootstrapServers(),
                        dbtCloud.baseUrl(),
                        dbtCloud.accountId(),
                        TOKEN,
                        tally::keep)
                .set("relay.topics.partitions", Integer.toString(PARTITIONS))
                .set("relay.artifacts.paths", "run_results.json")
                .set("relay.connections.default.requests-per-minute", "5000")
                // Shorter than in production, so that an hour holds hundreds of attacks: docs/guarantees.md says what
                // they are.
                .set("mp.messaging.incoming.commands.session.timeout.ms", Long.toString(Attacks.SESSION.toMillis()))
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.ledger.visibility-lag", "2s")
                .set("relay.run.cancel-patience", Refused.CANCEL_PATIENCE.toString())
                .set("relay.ledger.sweep-interval", "1m");
        relay.builder().option("-Xmx64m").option("-XX:+UseSerialGC").option("-XX:+ExitOnOutOfMemoryError");
        // The first rule that fits a request decides about it.
        refused.forEach((what, job) -> what.putInForce(dbtCloud.faults(), job.id()));
        this.passing = putFaultsInForce();
        this.fleet = new Fleet(relay, INSTANCES);
        fleet.launchAll();
        this.attacks = new Attacks(fleet, kafka, dbtCloud, new Random(seed));
        this.load = new CommandLoad(
                relay,
                new CommandLoad.Jobs(jobs, refused, flaky, ofBursts),
                tally,
                seed,
                commandsPerSecond,
                MOST_UNFINISHED);
    }

    private static List<EmulatedJob> putIn(World world, List<EmulatedJob> jobs) {
        jobs.forEach(world::job);
        return jobs.stream().map(job -> world.jobNamed(job.name())).toList();
    }

    /** Attacks for so long. */
    void attackFor(Duration time, Duration longestGap) {
        for (int index = 0; index < INSTANCES; index++) {
            fleet.awaitReady(index, PATIENCE);
        }
        await().atMost(PATIENCE).until(() -> tally.outcomes() > 0);
        var gaps = new Random(seed + 1);
        Instant end = now().plus(time);
        while (now().isBefore(end) || !attacks.hasShownAll()) {
            Attack attack = attacks.next();
            System.out.printf("soak %d: %s%n", seed, attack);
            Instant next = now().plus(Duration.ofMillis(1000 + gaps.nextLong(longestGap.toMillis())));
            while (now().isBefore(next)) {
                Pause.of(Duration.ofMillis(100));
                attacks.tick();
                tellProgress();
            }
        }
        attacks.finish();
    }

    /** Sends no more, lets what is begun come to its end, ends the instances, and gives what does not hold. */
    List<String> violations() {
        load.close();
        passing.forEach(FaultRule::remove);
        var violations = new ArrayList<String>();
        awaitOutcomes().ifPresent(violations::add);
        load.sendLast(PARTITIONS);
        awaitOutcomes().ifPresent(violations::add);
        Pause.of(UNTIL_NO_START_IS_IN_DOUBT);
        var topics = new Topics(relay);
        topics.awaitNoLag(PATIENCE).ifPresent(violations::add);
        fleet.look();
        awaitOwners().ifPresent(violations::add);
        fleet.upright().forEach(fleet::stop);
        logs.read(fleet.logs());
        relay.reader().awaitEnd(PATIENCE);
        violations.addAll(new Verdict(load.sent(), relay.reader().events(), dbtCloud.runs()).violations());
        topics.valuesWith(TOKEN.getBytes(StandardCharsets.UTF_8))
                .forEach(place -> violations.add("the token at " + place));
        logs.secrets().forEach(line -> violations.add("the token in a log: " + line));
        logs.errors().forEach(line -> violations.add("an error that no attack explains: " + line));
        violations.addAll(fleet.faults());
        if (fleet.mostMebibytes() > MOST_MEBIBYTES) {
            violations.add("an instance took %d MiB".formatted(fleet.mostMebibytes()));
        }
        return violations;
    }

    private Optional<String> awaitOutcomes() {
        try {
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).until(() -> {
                attacks.tick();
                tellProgress();
                return tally.outcomes() >= load.commands().size();
            });
            return Optional.empty();
        } catch (ConditionTimeoutException e) {
            return Optional.of("after %s of quiet %d of %d commands have an outcome"
                    .formatted(PATIENCE, tally.outcomes(), load.commands().size()));
        }
    }

    /** An instance that is busy may not say at once what it owns. */
    private Optional<String> awaitOwners() {
        try {
            await().atMost(PATIENCE).until(() -> fleet.ownedPartitions() == PARTITIONS);
            return Optional.empty();
        } catch (ConditionTimeoutException e) {
            return Optional.of("after %s the instances own %d partitions of %d"
                    .formatted(PATIENCE, fleet.ownedPartitions(), PARTITIONS));
        }
    }

    /** All that can be counted. */
    String summary(int violations) {
        logs.read(fleet.logs());
        return """
                soak %d: %s on %d processors
                  commands %d (of jobs of which something is refused for ever %d), dead letters %d, records repeated and ignored %d
                  runs that failed and were followed by another %d, commands that shared the run of another %d
                  outcomes %d, events %d, runs %d, runs adopted %d, starts without a clear answer %d, requests %d
                  kill -9 %d, freezes beyond the session %d, shorter ones %d, SIGTERM %d (rolling restarts %d, 3 to 1 to 3 %d)
                  broker: kill -9 and restarts %d, freezes %d; dbt Cloud: shut out %d times, slow %d times
                  claims %d (lost %d); most memory of an instance %d MiB
                  claimed again after kill -9: %s; after a freeze: %s (the session of %s included)
                  violations %d""".formatted(
                        seed,
                        Duration.ofSeconds(Duration.between(begin, now()).toSeconds()),
                        Runtime.getRuntime().availableProcessors(),
                        load.commands().size(),
                        load.commands().stream()
                                .filter(command -> command.kind() == Command.Kind.REFUSED)
                                .count(),
                        load.sent().size() - load.commands().size(),
                        load.repeated(),
                        tally.failedAttempts(),
                        tally.sharedRuns(),
                        tally.outcomes(),
                        tally.events(),
                        dbtCloud.runs().size(),
                        logs.adoptions(),
                        logs.unclearStarts(),
                        dbtCloud.counters().total(),
                        fleet.kills().size(),
                        fleet.freezes().size(),
                        attacks.count(Attack.SHORT_FREEZE),
                        fleet.stops(),
                        attacks.count(Attack.ROLLING_RESTART),
                        attacks.count(Attack.SCALE_DOWN_AND_UP),
                        attacks.count(Attack.KILL_BROKER),
                        attacks.count(Attack.FREEZE_BROKER),
                        attacks.count(Attack.LOCK_OUT),
                        attacks.count(Attack.SLOW_API),
                        logs.claims().size(),
                        logs.lostClaims(),
                        fleet.mostMebibytes(),
                        quantiles(logs.claimedAgainAfter(fleet.kills(), PARTITIONS)),
                        quantiles(logs.claimedAgainAfter(fleet.freezes(), PARTITIONS)),
                        Attacks.SESSION,
                        violations);
    }

    @Override
    public void close() {
        fleet.close();
        relay.close();
        kafka.close();
        dbtCloud.close();
    }

    /** Each request has a chance of one in twenty to fail, in one of the ways in which requests fail. */
    private List<FaultRule> putFaultsInForce() {
        Endpoint[] starts = {Endpoint.TRIGGER, Endpoint.RETRY, Endpoint.CANCEL};
        Endpoint[] reads = {
            Endpoint.LIST_RUNS, Endpoint.GET_RUN, Endpoint.GET_JOB, Endpoint.LIST_ARTIFACTS, Endpoint.GET_ARTIFACT
        };
        double each = FAULTS / 5;
        var faults = dbtCloud.faults();
        return List.of(
                faults.randomly(each, seed).on(starts).loseAnswerAfterCreating(),
                faults.randomly(each, seed + 1).on(starts).resetBeforeCreating(),
                faults.randomly(each, seed + 2).on(starts).garbledAfterCreating(),
                faults.randomly(each, seed + 3).on(starts).htmlStatusAfterCreating(502),
                faults.randomly(each, seed + 4).on(starts).answerLateAfterCreating(Duration.ofSeconds(7)),
                faults.randomly(each, seed + 5).on(reads).loseAnswerBeforeCreating(),
                faults.randomly(each, seed + 6).on(reads).resetMidBody(100),
                faults.randomly(each, seed + 7).on(reads).garbledAfterCreating(),
                faults.randomly(each, seed + 8).on(reads).status(500),
                faults.randomly(each, seed + 9).on(reads).answerLateAfterCreating(Duration.ofSeconds(3)),
                faults.randomly(FAULTS, seed + 10).on(Endpoint.TRIGGER).hideRunFromLists(Duration.ofMillis(1500)));
    }

    private void tellProgress() {
        if (now().isBefore(nextProgress)) {
            return;
        }
        nextProgress = now().plus(PROGRESS);
        logs.read(fleet.logs());
        System.out.printf(
                "soak %d: %d s: commands %d, outcomes %d, runs %d, adoptions %d, kills %d, freezes %d, claims %d%n",
                seed,
                Duration.between(begin, now()).toSeconds(),
                load.commands().size(),
                tally.outcomes(),
                dbtCloud.runs().size(),
                logs.adoptions(),
                fleet.kills().size(),
                fleet.freezes().size(),
                logs.claims().size());
    }

    /** Nine of ten jobs succeed and one fails, and one of thirty takes long. */
    private static RunPlan plan(int job) {
        RunPlan plan = job % 10 == 0 ? RunPlan.failing("dbt build", "a column is missing") : RunPlan.succeeding();
        return plan.taking(
                Duration.ofMillis(100),
                Duration.ofMillis(200),
                job % 30 == 1 ? Duration.ofSeconds(10) : Duration.ofMillis(200 + job * 10L));
    }

    private static String quantiles(List<Duration> ascending) {
        if (ascending.isEmpty()) {
            return "none";
        }
        return String.format(
                Locale.ROOT,
                "%d times, p50 %.1f s, p95 %.1f s, max %.1f s",
                ascending.size(),
                seconds(ascending, 0.5),
                seconds(ascending, 0.95),
                seconds(ascending, 1));
    }

    private static double seconds(List<Duration> ascending, double part) {
        int index = Math.max(0, (int) Math.ceil(part * ascending.size()) - 1);
        return ascending.get(index).toMillis() / 1000.0;
    }

    private static Instant now() {
        return Clock.systemUTC().instant();
    }
}
