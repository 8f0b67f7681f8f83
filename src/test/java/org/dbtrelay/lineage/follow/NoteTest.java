package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NoteTest {

    @Test
    void areReadAsTheyWereWritten() {
        Map<Long, Note> notes = Map.of(
                5_000_000_000L,
                Note.ALL,
                5_000_000_001L,
                new Note(4, "rmce", 9_600),
                5_000_000_007L,
                Note.BEGUN,
                5_000_000_009L,
                new Note(12, "rm!", 3));

        String text = Note.write(5_000_000_000L, notes);

        assertThat(Note.read(5_000_000_000L, text)).isEqualTo(notes);
        assertThat(text.length()).isLessThan(60);
    }

    /** Kafka refuses a longer one, and with it the offset. */
    @Test
    void areNeverLongerThanKafkaKeeps() {
        Map<Long, Note> notes = new HashMap<>();
        for (long offset = 0; offset < 5_000; offset++) {
            notes.put(offset, new Note(4, "rmc", 1));
        }
        notes.put(4_321L, new Note(7, "rm", 40_000));

        String text = Note.write(0, notes);

        assertThat(text.length()).isLessThanOrEqualTo(4_096);
        assertThat(Note.read(0, text))
                .containsEntry(4_321L, new Note(7, "rm", 40_000))
                .hasSizeGreaterThan(300);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "1", "1:2", "1:2rm:", "-1d", "1:99999999999rm:1", "1d;2d", "🦆", ",,,"})
    void areLeftOutWhereSomebodyElseWroteThem(String text) {
        assertThat(Note.read(7, text)).isEmpty();
    }
}
