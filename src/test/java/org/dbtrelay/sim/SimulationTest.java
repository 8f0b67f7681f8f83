package org.dbtrelay.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many histories of the real code under simulated trouble. {@code -Dsim.histories=N} for more or fewer of them,
 * {@code -Dsim.seed=S} to begin elsewhere; both together, with one history, replay one that failed. {@code -Dsim.minutes=M} ends
 * a long run.
 */
class SimulationTest {

    private static final long HISTORIES = Long.getLong("sim.histories", 20_000);
    private static final long SEED = Long.getLong("sim.seed", 0);
    private static final Duration AT_MOST = Duration.ofMinutes(Long.getLong("sim.minutes", 60));

    /** Fewer do not say anything about what was not met. */
    private static final long ENOUGH_FOR_COVERAGE = 15_000;

    private final Uncaught uncaught = new Uncaught();

    @AfterEach
    void listenNoMore() {
        uncaught.close();
    }

    /** It has an end of its own, so the time-out of tests need not be it. */
    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void whatIsPromisedHoldsInEveryHistory() throws InterruptedException {
        Histories.Outcome outcome = Histories.run(SEED, HISTORIES, AT_MOST);
        System.out.print(outcome.coverage());
        System.out.printf(
                "%d histories from seed %d in %.1f s, %d bad%n",
                outcome.histories(), SEED, outcome.seconds(), outcome.bad());
        outcome.badSeeds().forEach(System.out::println);
        if (outcome.firstBad() != null) {
            tell(outcome.firstBad());
        }
        assertThat(outcome.bad())
                .as("histories in which something did not hold")
                .isZero();
        assertThat(uncaught.all()).isEmpty();
        if (outcome.histories() >= ENOUGH_FOR_COVERAGE) {
            assertThat(notMet(outcome.coverage())).as("never met").isEmpty();
        }
    }

    @Test
    void aSeedAlwaysGivesTheSameHistory() {
        for (long seed = 0; seed < 20; seed++) {
            List<String> once = Simulation.run(Plan.of(seed)).trace().lines();
            List<String> again = Simulation.run(Plan.of(seed)).trace().lines();

            assertThat(again).isEqualTo(once);
        }
    }

    private void tell(Simulation.Result bad) {
        Simulation.Result shown = Histories.shrunk(bad);
        System.out.println("Seed " + bad.plan().seed() + ": " + bad.violations());
        uncaught.all().forEach(System.out::println);
        System.out.println("As small as it gets: " + shown.plan());
        shown.trace().lines().forEach(System.out::println);
        System.out.println("Again: -Dsim.histories=1 -Dsim.seed=" + bad.plan().seed());
    }

    private static List<String> notMet(Coverage coverage) {
        List<String> missing = new ArrayList<>();
        Expected.ALL.forEach((kind, whats) -> whats.stream()
                .filter(what -> coverage.of(kind, what) == 0)
                .forEach(what -> missing.add(kind + ": " + what)));
        Set<String> wrong = new TreeSet<>(Expected.IMPOSSIBLE.keySet());
        wrong.retainAll(coverage.of("pair").keySet());
        wrong.forEach(pair -> missing.add("said to be impossible, but met: " + pair));
        return missing;
    }
}
