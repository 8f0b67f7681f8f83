package org.dbtrelay.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many histories of the real code under simulated trouble: by itself all of them, together with all other tests the first ones,
 * because {@link SimulationIT} runs all. {@code -Dsim.histories=N} for more or fewer of them, {@code -Dsim.seed=S} to begin elsewhere;
 * both together, with one history, replay one that failed. {@code -Dsim.minutes=M} ends a long run.
 */
class SimulationTest {

    /** As many as one of the rarest things that {@link Expected} names needs to be met. */
    static final long ALL = 20_000;

    static final long HISTORIES = Long.getLong("sim.histories", ALL);
    private static final long SEED = Long.getLong("sim.seed", 0);
    private static final Duration AT_MOST = Duration.ofMinutes(Long.getLong("sim.minutes", 60));

    /** It has an end of its own, so the time-out of tests need not be it. */
    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void whatIsPromisedHoldsInEveryHistory() throws InterruptedException {
        assertThat(SimulationMain.faults(SEED, HISTORIES, AT_MOST)).isEmpty();
    }

    @Test
    void aSeedAlwaysGivesTheSameHistory() {
        try (var _ = new Uncaught()) {
            for (long seed = 0; seed < 20; seed++) {
                List<String> once = Simulation.run(Plan.of(seed)).trace().lines();
                List<String> again = Simulation.run(Plan.of(seed)).trace().lines();

                assertThat(again).isEqualTo(once);
            }
        }
    }
}
