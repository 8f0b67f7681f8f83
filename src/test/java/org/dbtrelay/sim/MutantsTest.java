package org.dbtrelay.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The simulation notices when a rule is broken: a proof that cannot fail proves nothing. {@code -Dsim.mutants=A,B} for some of
 * them only.
 */
class MutantsTest {

    private static final long HISTORIES = SimulationTest.ALL;

    private static final Set<String> ONLY =
            Set.of(System.getProperty("sim.mutants", "").split(",", -1));

    private final Uncaught uncaught = new Uncaught();

    @AfterEach
    void listenNoMore() {
        uncaught.close();
    }

    @Test
    @Timeout(
            value = 1,
            unit = TimeUnit.HOURS) // It is work, not waiting: on a busy machine it takes as long as it takes.
    void eachBrokenRuleIsNoticed() throws InterruptedException {
        List<Mutant> survivors = new ArrayList<>();
        for (Mutant mutant : Mutant.values()) {
            if (mutant != Mutant.NONE && (ONLY.contains("") || ONLY.contains(mutant.name()))) {
                Histories.Outcome outcome = Histories.untilBad(HISTORIES, mutant);
                Simulation.Result caught = outcome.firstBad();
                System.out.printf(
                        "%-26s %-52s %s%n",
                        mutant,
                        mutant.rule(),
                        caught == null
                                ? "SURVIVED " + outcome.histories() + " histories"
                                : "after " + outcome.histories() + ", seed "
                                        + caught.plan().seed() + ": "
                                        + caught.violations().getFirst());
                if (caught == null) {
                    survivors.add(mutant);
                }
            }
        }
        assertThat(survivors).isEmpty();
    }
}
