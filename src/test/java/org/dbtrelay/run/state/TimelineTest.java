package org.dbtrelay.run.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.state.Timeline.Told;
import org.junit.jupiter.api.Test;

/** What an entry remembers of the events that were told of it. */
class TimelineTest {

    private static final Instant BEGIN = Instant.parse("2026-11-29T10:00:00.750Z");

    private static String add(String text, int sequence, EventType type, long seconds) {
        return Timeline.add(text, sequence, type, BEGIN, BEGIN.plusSeconds(seconds));
    }

    @Test
    void aCommandNeedsAFewBytes() {
        String text = add(null, 0, EventType.COMMAND_ACCEPTED, 0);
        text = add(text, 1, EventType.RUN_QUEUED, 1);
        text = add(text, 2, EventType.RUN_STARTING, 3);
        text = add(text, 3, EventType.RUN_RUNNING, 8);
        text = add(text, 4, EventType.RUN_SUCCEEDED, 8 + 3_600);

        assertThat(text).isEqualTo("A0D1E2F5G2s0");
        assertThat(Timeline.of(text, BEGIN))
                .containsExactly(
                        new Told(0, EventType.COMMAND_ACCEPTED, BEGIN),
                        new Told(1, EventType.RUN_QUEUED, BEGIN.plusSeconds(1)),
                        new Told(2, EventType.RUN_STARTING, BEGIN.plusSeconds(3)),
                        new Told(3, EventType.RUN_RUNNING, BEGIN.plusSeconds(8)),
                        new Told(4, EventType.RUN_SUCCEEDED, BEGIN.plusSeconds(3_608)));
    }

    @Test
    void anEntryOfAnEarlierBuildBeginsWithAGap() {
        String text = add(null, 3, EventType.RUN_RUNNING, 40);
        text = add(text, 4, EventType.RUN_FAILED, 50);

        assertThat(Timeline.of(text, BEGIN))
                .containsExactly(
                        new Told(3, EventType.RUN_RUNNING, BEGIN.plusSeconds(40)),
                        new Told(4, EventType.RUN_FAILED, BEGIN.plusSeconds(50)));
        assertThat(Timeline.of(null, BEGIN)).isEmpty();
    }

    @Test
    void aLongOneLosesItsMiddleAndNoTime() {
        for (int before : new int[] {0, 5}) {
            String text = null;
            for (int i = before; i < before + 100; i++) {
                text = add(text, i, i % 2 == 0 ? EventType.RUN_QUEUED : EventType.RUN_ATTEMPT_FAILED, 10L * i);
            }

            List<Told> told = Timeline.of(text, BEGIN);
            assertThat(told).hasSize(Timeline.FIRST + Timeline.LAST);
            assertThat(told).allSatisfy(each -> {
                assertThat(each.at()).isEqualTo(BEGIN.plusSeconds(10L * each.sequence()));
                assertThat(each.type())
                        .isEqualTo(each.sequence() % 2 == 0 ? EventType.RUN_QUEUED : EventType.RUN_ATTEMPT_FAILED);
            });
            int from = before;
            assertThat(told.stream().map(Told::sequence))
                    .containsExactlyElementsOf(IntStream.concat(
                                    IntStream.range(from, from + Timeline.FIRST),
                                    IntStream.range(from + 100 - Timeline.LAST, from + 100))
                            .boxed()
                            .toList());
            assertThat(text.length()).isLessThan(160);
        }
    }

    @Test
    void aClockThatWasSetBackStandsStill() {
        String text = add(add(null, 0, EventType.COMMAND_ACCEPTED, 100), 1, EventType.RUN_QUEUED, 20);

        assertThat(Timeline.of(text, BEGIN).getLast().at()).isEqualTo(BEGIN.plusSeconds(100));
    }

    /** A timeline that cannot be read is no reason to degrade a partition. */
    @Test
    void whatNobodyUnderstandsIsLeftOut() {
        assertThat(Timeline.of("A0~7zzzzzzzzzzzzzzzzzD1", BEGIN))
                .extracting(Told::type)
                .containsExactly(EventType.COMMAND_ACCEPTED, EventType.RUN_QUEUED);
    }

    /** The letters stand in ledgers. */
    @Test
    void eachTypeHasALetterOfItsOwn() {
        for (EventType type : EventType.values()) {
            String text = add(null, 0, type, 0);
            assertThat(text).matches("[A-Z]0");
            assertThat(Timeline.of(text, BEGIN)).containsExactly(new Told(0, type, BEGIN));
        }
        assertThat(add(null, 0, EventType.ARTIFACT_UNAVAILABLE, 0)).isEqualTo("O0");
    }
}
