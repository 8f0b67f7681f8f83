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
    void it_is_open_at_first() {
        clock.advance(Duration.ofSeconds(4));
        nanos += Duration.ofSeconds(4).toNanos();

        assertThat(window.isOpen()).isTrue();
    }

    @Test
    void a_machine_that_was_suspended_and_whose_monotonic_clock_stood_still_is_late() {
        clock.advance(LENGTH);

        assertThat(window.isOpen()).isFalse();
    }

    @Test
    void a_wall_clock_that_was_set_back_does_not_keep_it_open() {
        clock.advance(Duration.ofHours(-1));
        nanos += LENGTH.toNanos();

        assertThat(window.isOpen()).isFalse();
    }
}
