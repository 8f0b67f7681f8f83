package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.dbtrelay.run.decide.Action;
import org.junit.jupiter.api.Test;

class TimersTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

    private final Set<String> open = new HashSet<>();
    private final Timers wakes = new Timers(open::contains);

    @Test
    void they_come_in_order_and_not_before_their_time() {
        add("late", 20);
        add("soon", 10);

        assertThat(wakes.next()).isEqualTo(NOW.plusSeconds(10));
        assertThat(wakes.takeDue(NOW.plusSeconds(9))).isNull();
        assertThat(wakes.takeDue(NOW.plusSeconds(20)).commandId()).isEqualTo("soon");
        assertThat(wakes.takeDue(NOW.plusSeconds(20)).commandId()).isEqualTo("late");
        assertThat(wakes.next()).isNull();
    }

    @Test
    void the_wishes_of_finished_commands_do_not_heap_up() {
        for (int i = 0; i < 100_000; i++) {
            add("run-" + i, 86_400);
            open.remove("run-" + (i - 5_000));
        }

        assertThat(wakes.size()).isBetween(5_000, 12_000);
        assertThat(open).hasSize(5_000);
    }

    private void add(String id, int seconds) {
        open.add(id);
        wakes.add(new Action.SetTimer(id, NOW.plusSeconds(seconds)));
    }
}
