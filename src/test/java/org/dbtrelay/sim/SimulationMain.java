package org.dbtrelay.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Runs many histories and tells of them, in this JVM or as a process of its own, whose exit status says whether all that is promised
 * has held.
 */
final class SimulationMain {

    /** Fewer do not say anything about what was not met. */
    private static final long ENOUGH_FOR_COVERAGE = 15_000;

    private SimulationMain() {}

    /** The number of histories. */
    public static void main(String[] args) throws InterruptedException {
        List<String> faults = faults(0, Long.parseLong(args[0]), Duration.ofHours(1));
        faults.forEach(System.out::println);
        System.exit(faults.isEmpty() ? 0 : 1);
    }

    /** Runs them and gives what did not hold; prints what they met, and the first history that failed. */
    static List<String> faults(long firstSeed, long histories, Duration atMost) throws InterruptedException {
        try (var uncaught = new Uncaught()) {
            Histories.Outcome outcome = Histories.run(firstSeed, histories, atMost);
            System.out.print(outcome.coverage());
            System.out.printf(
                    "%d histories from seed %d in %.1f s, %d bad%n",
                    outcome.histories(), firstSeed, outcome.seconds(), outcome.bad());
            List<String> faults = new ArrayList<>();
            outcome.badSeeds().forEach(bad -> faults.add("something did not hold: " + bad));
            if (outcome.firstBad() != null) {
                tell(outcome.firstBad(), uncaught);
            }
            faults.addAll(uncaught.all());
            if (outcome.histories() >= ENOUGH_FOR_COVERAGE) {
                faults.addAll(notMet(outcome.coverage()));
            }
            return faults;
        }
    }

    private static void tell(Simulation.Result bad, Uncaught uncaught) {
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
                .forEach(what -> missing.add("never met: " + kind + ": " + what)));
        Set<String> wrong = new TreeSet<>(Expected.IMPOSSIBLE.keySet());
        wrong.retainAll(coverage.of("pair").keySet());
        wrong.forEach(pair -> missing.add("said to be impossible, but met: " + pair));
        return missing;
    }
}
