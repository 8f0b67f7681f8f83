package org.dbtrelay.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

/** The last hour of this instance, by the minute. */
class ActivityTest {

    private static final Instant NOON = Instant.parse("2026-11-29T12:00:00Z");

    private final HandTurnedClock clock = HandTurnedClock.at(NOON.plusSeconds(20));
    private final Activity activity = new Activity(clock);
    private final RelayMetrics metrics = SimMetrics.counting(activity);

    @Test
    void hasEachMinuteOfTheLastHour() {
        assertThat(activity.lastHour())
                .hasSize(60)
                .startsWith(empty(NOON.minus(Duration.ofMinutes(59))))
                .endsWith(empty(NOON));
    }

    @Test
    void countsWhatHappensInItsMinute() {
        metrics.sent(Duration.ofSeconds(1));
        metrics.told(EventType.RUN_RUNNING);
        metrics.told(EventType.RUN_SUCCEEDED);
        metrics.endTold(Duration.ofMillis(300));
        clock.advance(Duration.ofMinutes(1));
        metrics.told(EventType.RUN_ATTEMPT_FAILED);
        metrics.told(EventType.RUN_FAILED);
        metrics.told(EventType.RUN_CANCELLED);
        metrics.endTold(Duration.ofMillis(100));
        metrics.endTold(Duration.ofMillis(500));
        metrics.endTold(Duration.ofSeconds(-5));

        assertThat(activity.lastHour())
                .endsWith(
                        new Activity.Minute(NOON, 1, 1, 0, 1, 300, 300),
                        new Activity.Minute(NOON.plusSeconds(60), 0, 3, 2, 3, 600, 500));
    }

    @Test
    void forgetsWhatIsOlderThanAnHour() {
        metrics.sent(Duration.ZERO);
        clock.advance(Duration.ofMinutes(59));
        assertThat(activity.lastHour().getFirst().starts()).isEqualTo(1);

        clock.advance(Duration.ofMinutes(1));
        assertThat(starts()).containsOnly(0L);

        metrics.sent(Duration.ZERO);
        assertThat(activity.lastHour().getLast().starts())
                .as("not added to what was there an hour ago")
                .isEqualTo(1);
    }

    @Test
    void standsAClockThatIsSetBack() {
        metrics.sent(Duration.ZERO);
        clock.advance(Duration.ofHours(-2));
        metrics.sent(Duration.ZERO);

        assertThat(activity.lastHour().getLast().starts()).isEqualTo(1);
    }

    @Test
    void addsTheSameMinuteOfAnotherInstance() {
        assertThat(new Activity.Minute(NOON, 1, 2, 3, 4, 500, 60).and(new Activity.Minute(NOON, 10, 20, 30, 40, 5, 70)))
                .isEqualTo(new Activity.Minute(NOON, 11, 22, 33, 44, 505, 70));
    }

    private List<Long> starts() {
        return activity.lastHour().stream().map(Activity.Minute::starts).toList();
    }

    private static Activity.Minute empty(Instant at) {
        return new Activity.Minute(at, 0, 0, 0, 0, 0, 0);
    }
}
