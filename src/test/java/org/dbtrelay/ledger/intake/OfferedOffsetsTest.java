package org.dbtrelay.ledger.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.dbtrelay.ledger.kafka.Offsets;
import org.junit.jupiter.api.Test;

class OfferedOffsetsTest {

    private final OfferedOffsets offered = new OfferedOffsets();

    @Test
    void nothingIsLostAsLongAsTheTopicHasWhatComesNext() {
        offered.beginAt(5);
        take(5, 6, 7);

        assertThat(offered.lostBefore(0, 8)).isNull();
        assertThat(offered.lostBefore(8, 8)).as("what was read may go").isNull();
    }

    @Test
    void whatAPausedPartitionHasLostIsToldOnce() {
        take(5, 6);
        assertThat(offered.lostBefore(0, 7)).isNull();

        assertThat(offered.lostBefore(20, 7)).isEqualTo(new Offsets(7, 20));
        assertThat(offered.lostBefore(20, 7)).isNull();
        take(20, 21);
        assertThat(offered.lostBefore(20, 22)).isNull();
    }

    @Test
    void whatWasLostBetweenTwoChecksIsSeenByItsHole() {
        take(5, 6);
        assertThat(offered.lostBefore(0, 7)).isNull();
        take(20, 21);

        assertThat(offered.lostBefore(20, 22)).isEqualTo(new Offsets(7, 20));
    }

    @Test
    void whatWasLostWithAllThatWasThereIsSeenWithoutAnyRecord() {
        take(5, 6);
        assertThat(offered.lostBefore(0, 7)).isNull();

        assertThat(offered.lostBefore(20, 20)).isEqualTo(new Offsets(7, 20));
    }

    @Test
    void marksOfTransactionsAreNoLossWhenTheyGrowOld() {
        take(5);
        assertThat(offered.lostBefore(0, 7)).isNull();

        assertThat(offered.lostBefore(7, 7)).isNull();
        take(7);
        assertThat(offered.lostBefore(7, 9)).isNull();
    }

    @Test
    void whatWasFetchedFromATopicThatIsGoneIsLeftOut() {
        take(5, 6, 7);
        offered.beginAnew(0);
        assertThat(offered.isNew(8)).as("of the old topic").isFalse();
        offered.rewound(false);
        assertThat(offered.isNew(9))
                .as("fetched before the new topic was gone back in")
                .isFalse();

        take(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    }

    /** As after an aborted transaction: a record behind all that came before may as well be one of the old topic. */
    @Test
    void aNewTopicWhoseFirstRecordLiesBehindTheLastOfTheOldOneIsFetchedOnceMore() {
        take(0);
        offered.beginAnew(0);
        assertThat(offered.isNew(1)).isFalse();
        offered.rewound(true);
        assertThat(offered.waitsInVain()).as("nothing has come since").isFalse();
        assertThat(offered.isNew(2)).isFalse();
        assertThat(offered.isNew(3)).isFalse();
        assertThat(offered.waitsInVain()).isTrue();

        offered.rewound(false);
        assertThat(offered.waitsInVain()).isFalse();

        take(2, 3, 4);
        assertThat(offered.waitsInVain()).isFalse();
    }

    @Test
    void aNewTopicIsReadFromItsBeginningWhateverTheGroupHadCommitted() {
        offered.beginAnew(0);
        offered.rewound(false);
        assertThat(offered.isNew(9)).isFalse();
        take(0, 1);

        OfferedOffsets other = new OfferedOffsets();
        other.beginAnew(3);
        other.rewound(true);
        assertThat(other.isNew(4)).as("3 may be no record").isTrue();
    }

    private void take(long... offsets) {
        LongStream.of(offsets)
                .forEach(offset -> assertThat(offered.isNew(offset)).isTrue());
    }
}
