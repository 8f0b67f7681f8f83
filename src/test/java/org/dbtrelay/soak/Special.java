package org.dbtrelay.soak;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.TransientFailure;

/** The jobs of commands that ask for more than one run ({@code on_failure}), or for a part of one ({@code coalesce}). */
final class Special {

    /** Of each command of a flaky job. */
    static final int RETRIES = 2;

    private static final int FLAKY_JOBS = 4;
    private static final int BURST_JOBS = 3;

    /** Of each job; the last one is for all runs after them. */
    private static final int PLANS = 500;

    /** More than there are retries, so that some commands use theirs up. */
    private static final int MOST_FAILURES = RETRIES + 2;

    private static final TransientFailure CONFLICT = TransientFailure.POSTGRES_DEADLOCK;
    private static final String FAILED_TEST = "Got 2 results, configured to fail if != 0";

    private Special() {}

    /** Jobs whose runs fail with a conflict of locks, some several times in a row, or with a failed test, or succeed. */
    static List<EmulatedJob> flaky(long seed) {
        return IntStream.range(0, FLAKY_JOBS)
                .mapToObj(i -> EmulatedJob.named("flaky-" + i).plan(plans(new Random(seed + i))))
                .toList();
    }

    /** Jobs that things land for. */
    static List<EmulatedJob> ofBursts() {
        return IntStream.range(0, BURST_JOBS)
                .mapToObj(i -> EmulatedJob.named("burst-" + i)
                        .plan(RunPlan.succeeding()
                                .taking(Duration.ZERO, Duration.ofMillis(100), Duration.ofSeconds(1))))
                .toList();
    }

    /** Whether it has failed in a way that passes by itself. */
    static boolean isTransient(RunView run) {
        return run.status() == RunStatus.ERROR && run.plan().failureMessage().equals(CONFLICT.message());
    }

    private static RunPlan[] plans(Random random) {
        return Stream.generate(() -> plan(random))
                .limit(PLANS)
                .map(plan -> plan.taking(Duration.ZERO, Duration.ofMillis(100), Duration.ofMillis(300)))
                .toArray(RunPlan[]::new);
    }

    private static RunPlan plan(Random random) {
        int dice = random.nextInt(100);
        if (dice < 60) {
            return RunPlan.failing(CONFLICT).failsAgain(random.nextInt(MOST_FAILURES));
        }
        if (dice < 70) {
            return RunPlan.failing("dbt build", FAILED_TEST)
                    .failingNode("test.jaffle_shop.unique_orders_id", "fail", FAILED_TEST);
        }
        return RunPlan.succeeding();
    }
}
