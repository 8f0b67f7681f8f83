package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class RefusalsTest {

    private static final Instant NOW = Instant.parse("2026-11-30T10:00:00Z");

    /** The rights or the limit that were in the way may have been mended, and nobody restarts the relay for that. */
    @Test
    void afterAWhileCommandsForObservedRunsAreTriedAgain() {
        Refusals refusals = new Refusals();
        assertThat(refusals.mayObserve(NOW)).isTrue();

        refusals.ofObserving(NOW);

        Instant again = NOW.plus(Refusals.OBSERVES_AGAIN_AFTER);
        assertThat(refusals.mayObserve(again.minusMillis(1))).isFalse();
        assertThat(refusals.mayObserve(again)).isTrue();
    }
}
