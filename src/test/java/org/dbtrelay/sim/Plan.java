package org.dbtrelay.sim;

import java.time.Duration;
import java.util.SplittableRandom;

/**
 * What the seed decides beforehand about a history: how large it is, and what kinds of trouble it has. The trouble ends after
 * some time, and then the world is quiet, so that everything has to come to its end.
 *
 * @param faults how many times at most a process is killed, frozen and so on
 * @param strike how likely that is at each blocking point
 * @param http how likely a request to dbt Cloud goes wrong
 * @param kafka how likely a request to the brokers goes wrong
 * @param hidden how long dbt Cloud hides a new run at the most: 0 hardly, 1 within T_lag, 2 also beyond
 * @param troubleUntil simulated nanoseconds
 * @param maxEventBytes what the event topics take
 * @param hangs a thread that waits for the answer to a trigger hangs, alone
 * @param people how many things people do at dbt Cloud's user interface
 * @param oneJob most commands are for the same job
 * @param degraded a partition whose ledger holds what no build can read; -1: none
 */
record Plan(
        long seed,
        int partitions,
        int instances,
        int commands,
        int faults,
        double strike,
        double http,
        double kafka,
        int hidden,
        int config,
        boolean wrongClocks,
        boolean clocksAreSet,
        boolean lockOuts,
        boolean tokenTrouble,
        boolean outages,
        boolean runsVanish,
        boolean assumptionBroken,
        long troubleUntil,
        int maxEventBytes,
        int degraded,
        boolean hangs,
        int people,
        boolean oneJob) {

    /** The plan of a seed. */
    static Plan of(long seed) {
        SplittableRandom random = new SplittableRandom(seed * 31 + 7);
        boolean calm = random.nextInt(12) == 0;
        boolean clocksAreSet = random.nextInt(12) == 0;
        int partitions = 1 + random.nextInt(random.nextInt(3) == 0 ? 3 : 2);
        return new Plan(
                seed,
                partitions,
                1 + random.nextInt(3),
                2 + random.nextInt(5),
                calm ? 0 : 1 + random.nextInt(5),
                random.nextInt(3) == 0 ? 0.04 : 0.012,
                clocksAreSet ? 0.3 : calm || random.nextInt(3) == 0 ? 0 : random.nextInt(3) == 0 ? 0.3 : 0.06,
                calm || random.nextInt(2) == 0 ? 0 : 0.01,
                clocksAreSet ? 1 : random.nextInt(4) == 0 ? 2 : random.nextInt(2),
                random.nextInt(SimConfig.VARIANTS),
                random.nextInt(4) == 0,
                clocksAreSet,
                random.nextInt(8) == 0,
                random.nextInt(10) == 0,
                random.nextInt(8) == 0,
                random.nextInt(40) == 0,
                random.nextInt(20) == 0,
                Duration.ofSeconds(15 + random.nextInt(60)).toNanos(),
                random.nextInt(12) == 0 ? 4_800 : 1_000_000,
                partitions > 1 && random.nextInt(15) == 0 ? random.nextInt(partitions) : -1,
                random.nextInt(25) == 0,
                random.nextInt(3) == 0 ? 0 : random.nextInt(6),
                random.nextBoolean());
    }

    /** The same with fewer commands and faults, to find out how few are enough. */
    Plan with(int fewerCommands, int fewerFaults) {
        return new Plan(
                seed,
                partitions,
                instances,
                fewerCommands,
                fewerFaults,
                strike,
                http,
                kafka,
                hidden,
                config,
                wrongClocks,
                clocksAreSet,
                lockOuts,
                tokenTrouble,
                outages,
                runsVanish,
                assumptionBroken,
                troubleUntil,
                maxEventBytes,
                degraded,
                hangs,
                people,
                oneJob);
    }

    /** Whether the runs of the account are observed; a partition that is not served would hold what is found. */
    boolean observes() {
        return degraded < 0 && new SplittableRandom(seed * 47 + 13).nextInt(3) == 0;
    }

    /** Whether some commands want another run after one that failed. */
    boolean hasRetries() {
        return seed % 5 == 2;
    }

    /** Whether there are bursts of commands that share a run. */
    boolean coalesces() {
        return seed % 4 == 1;
    }

    /** Whether failures are of a kind that passes, where a test has found nothing. */
    boolean mayFailTransiently() {
        return hasRetries() || coalesces();
    }

    /** Whether the starts of some jobs are to be apart. */
    boolean startsApart() {
        return seed % 8 == 5 || seed % 16 == 1;
    }

    /** How large a record a topic takes. */
    int maxRecordBytes(String topic) {
        return topic.equals(SimConfig.LEDGER) ? 1_000_000 : maxEventBytes;
    }
}
