package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private static final Instant AT = Instant.parse("2026-11-29T12:00:00Z");

    private final Progress progress = new Progress(100, "");

    private long offset() {
        return progress.toCommit().map(Progress.State::offset).orElseThrow();
    }

    @Test
    void movesPastWhatDoesNotMatter() {
        assertThat(progress.take(100, AT, false)).isEmpty();
        assertThat(progress.take(105, AT, false)).isEmpty();

        assertThat(offset()).isEqualTo(106);
        assertThat(progress.pending()).isZero();
        assertThat(progress.oldest()).isEmpty();
    }

    @Test
    void staysAtTheFirstEventThatIsNotTold() {
        progress.take(100, AT, true);
        progress.take(101, AT.plusSeconds(5), true);
        progress.told(101, Note.ALL);

        assertThat(offset()).isEqualTo(100);
        assertThat(progress.pending()).isEqualTo(1);
        assertThat(progress.oldest()).contains(AT);

        progress.told(100, Note.ALL);
        assertThat(offset()).isEqualTo(102);
    }

    @Test
    void isCommittedOnlyWhenItHasChanged() {
        progress.take(100, AT, true);
        Progress.State state = progress.toCommit().orElseThrow();
        progress.committed(state);
        assertThat(progress.toCommit()).isEmpty();

        progress.told(100, new Note(4, "rm", 200));
        assertThat(progress.toCommit()).isPresent();
    }

    /** Another process goes on with what was committed. */
    @Test
    void goesOnWhereItWas() {
        progress.take(100, AT, true);
        progress.take(101, AT, true);
        progress.take(102, AT, true);
        progress.told(100, new Note(4, "rm", 200));
        progress.told(101, Note.ALL);
        Progress.State state = progress.toCommit().orElseThrow();

        Progress next = new Progress(state.offset(), state.text());

        assertThat(next.take(100, AT, true)).contains(new Note(4, "rm", 200));
        assertThat(next.take(101, AT, true)).isEmpty();
        assertThat(next.take(102, AT, true))
                .hasValueSatisfying(note -> assertThat(note.step()).isNegative());
        assertThat(next.pending()).isEqualTo(2);
    }

    /** A third process must know of it, even if the second one dies before it has read so far. */
    @Test
    void keepsWhatItHasNotReadAgainYet() {
        progress.take(100, AT, true);
        progress.take(101, AT, true);
        progress.told(101, Note.ALL);
        Progress.State first = progress.toCommit().orElseThrow();
        Progress second = new Progress(first.offset(), first.text());
        second.take(100, AT, true);
        second.told(100, new Note(4, "r", 7));

        Progress.State state = second.toCommit().orElseThrow();

        Progress third = new Progress(state.offset(), state.text());
        assertThat(third.take(100, AT, true)).contains(new Note(4, "r", 7));
        assertThat(third.take(101, AT, true)).isEmpty();
    }

    /** Then what comes has nothing to do with what was told of the old topic. */
    @Test
    void beginsAnewWithATopicThatWasMadeAnew() {
        progress.take(5_000, AT, true);

        assertThat(progress.take(0, AT, true)).isPresent();
        progress.told(0, Note.ALL);

        assertThat(progress.toCommit()).contains(new Progress.State(1, ""));
        assertThat(progress.pending()).isZero();
    }

    /** What was read and is not told is told, also if the run is not wanted any more: then it is done. */
    @Test
    void forgetsWhatIsNotWantedAnyMore() {
        Progress next = new Progress(100, Note.write(100, Map.of(100L, new Note(4, "rm", 200))));

        assertThat(next.take(100, AT, false)).isEmpty();
        assertThat(next.toCommit().orElseThrow()).isEqualTo(new Progress.State(101, ""));
    }
}
