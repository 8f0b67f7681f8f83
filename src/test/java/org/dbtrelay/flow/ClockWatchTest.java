package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ClockWatchTest {

    private static final Instant T0 = Instant.parse("2026-11-22T10:00:00Z");
    private static final long NANOS = -5;

    private final ClockWatch watch = new ClockWatch();

    @Test
    void clocksThatGoOnTogetherAgree() {
        watch.begin(T0, NANOS);

        assertThat(watch.cameApart(
                        T0.plusSeconds(3_601), NANOS + Duration.ofHours(1).toNanos()))
                .isFalse();
    }

    @Test
    void aClockThatWasSetIsNoticedEitherWay() {
        watch.begin(T0, NANOS);

        assertThat(watch.cameApart(
                        T0.plusSeconds(63), NANOS + Duration.ofMinutes(1).toNanos()))
                .isTrue();
        assertThat(watch.cameApart(
                        T0.plusSeconds(57), NANOS + Duration.ofMinutes(1).toNanos()))
                .isTrue();
    }

    @Test
    void onceItWasNoticedThingsBeginAnew() {
        watch.begin(T0, NANOS);
        watch.begin(T0.plusSeconds(600), NANOS);

        assertThat(watch.cameApart(
                        T0.plusSeconds(601), NANOS + Duration.ofSeconds(1).toNanos()))
                .isFalse();
    }
}
