package org.dbtrelay.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.runtime.StartupEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.config.Monotonic;
import org.junit.jupiter.api.Test;

class LivenessWatchTest {

    private static final Duration EXIT_AFTER = Duration.ofSeconds(60);

    private final List<Integer> exits = new ArrayList<>();
    private List<String> down = List.of();
    private Duration now = Duration.ofHours(1);

    @Test
    void aProcessThatStaysDownEndsOnce() {
        LivenessWatch watch = watch(EXIT_AFTER);
        watch.tick();
        down = List.of("commands channel");
        tickFor(watch, 59);
        assertThat(exits).isEmpty();

        tickFor(watch, 30);

        assertThat(exits).containsExactly(1);
    }

    @Test
    void aProcessThatComesBackGoesOn() {
        LivenessWatch watch = watch(EXIT_AFTER);
        down = List.of("owners");
        tickFor(watch, 50);
        down = List.of();
        tickFor(watch, 1);
        down = List.of("owners");

        tickFor(watch, 50);

        assertThat(exits).isEmpty();
    }

    @Test
    void zeroMeansNever() {
        LivenessWatch watch = watch(Duration.ZERO);
        down = List.of("owners");

        tickFor(watch, 1_000);

        assertThat(exits).isEmpty();
    }

    private void tickFor(LivenessWatch watch, int seconds) {
        for (int i = 0; i < seconds; i++) {
            watch.tick();
            now = now.plusSeconds(1);
        }
    }

    private LivenessWatch watch(Duration exitAfter) {
        Monotonic monotonic = new Monotonic() {
            @Override
            public long nanos() {
                return now.toNanos();
            }
        };
        LivenessWatch watch = new LivenessWatch(exitAfter, monotonic, () -> down, exits::add);
        watch.begin(new StartupEvent());
        return watch;
    }
}
