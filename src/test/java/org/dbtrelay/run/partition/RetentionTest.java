package org.dbtrelay.run.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.SampleEntry;
import org.junit.jupiter.api.Test;

class RetentionTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
    private static final Duration TIME = Duration.ofDays(8);

    @Test
    void whatWasRestoredIsTakenInTheOrderInWhichItFinished() {
        Retention retention =
                new Retention(TIME, List.of(finished("third", 30), finished("first", 10), finished("second", 20)));

        assertThat(taken(retention, 9)).isEmpty();
        assertThat(taken(retention, 20)).containsExactly("first", "second");
        assertThat(taken(retention, 29)).isEmpty();
        assertThat(taken(retention, 30)).containsExactly("third");
        assertThat(taken(retention, 1_000)).isEmpty();
    }

    @Test
    void whatFinishesLaterComesAfterThat() {
        Retention retention = new Retention(TIME, List.of(finished("restored", 10)));
        retention.add(finished("new", 11));

        assertThat(taken(retention, 11)).containsExactly("restored", "new");
    }

    private static List<String> taken(Retention retention, int seconds) {
        List<String> taken = new ArrayList<>();
        Instant now = NOW.plus(TIME).plusSeconds(seconds);
        for (RunEntry next = retention.takeOver(now); next != null; next = retention.takeOver(now)) {
            taken.add(next.commandId());
        }
        return taken;
    }

    private static RunEntry finished(String id, int seconds) {
        return SampleEntry.of(id)
                .acceptedAt(NOW)
                .in(new RunState.Finished(EventType.RUN_SUCCEEDED, null, 1L, NOW.plusSeconds(seconds), null, null));
    }
}
