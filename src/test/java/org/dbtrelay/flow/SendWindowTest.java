package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

class SendWindowTest {

    private static final Duration LENGTH = Duration.ofSeconds(5);

    private final HandTurnedClock clock = HandTurnedClock.at(Instant.parse("2026-11-22T10:00:00Z"));
    private long nanos = 17;

    private final SendWindow window = new SendWindow(LENGTH, clock.instant(), nanos, clock, new Monotonic() {
        @Override
        public long nanos() {
            return nanos;
        }
    });

    @Test
    void itIsOpenAtFirst() {
        clock.advance(Duration.ofSeconds(4));
        nanos += Duration.ofSeconds(4).toNanos();

        assertThat(window.isOpen()).isTrue();
    }

    @Test
    void aMachineThatWasSuspendedAndWhoseMonotonicClockStoodStillIsLate() {
        clock.advance(LENGTH);

        assertThat(window.isOpen()).isFalse();
    }

    @Test
    void aWallClockThatWasSetBackDoesNotKeepItOpen() {
        clock.advance(Duration.ofHours(-1));
        nanos += LENGTH.toNanos();

        assertThat(window.isOpen()).isFalse();
    }
}
