package org.dbtrelay.ledger.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.ledger.intake.IntakeBounds.Verdict.AS_IT_IS;
import static org.dbtrelay.ledger.intake.IntakeBounds.Verdict.INSTANCE_FULL;
import static org.dbtrelay.ledger.intake.IntakeBounds.Verdict.MAILBOX_FULL;
import static org.dbtrelay.ledger.intake.IntakeBounds.Verdict.OPEN;
import static org.dbtrelay.ledger.intake.IntakeBounds.Verdict.PARTITION_FULL;

import org.dbtrelay.ledger.intake.Mailbox.Waiting;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IntakeBoundsTest {

    private final IntakeBounds bounds = new IntakeBounds(100, 150);

    @BeforeEach
    void ownTwoPartitions() {
        bounds.begin(0);
        bounds.begin(1);
    }

    @Test
    void aPartitionIsFullWithMaxPendingAndOpenAgainWhenATenthIsFree() {
        assertThat(bounds.settled(0, Waiting.NOTHING, 99)).isEqualTo(AS_IT_IS);
        assertThat(bounds.settled(0, Waiting.NOTHING, 100)).isEqualTo(PARTITION_FULL);
        assertThat(bounds.settled(0, Waiting.NOTHING, 91)).isEqualTo(AS_IT_IS);
        assertThat(bounds.settled(0, Waiting.NOTHING, 90)).isEqualTo(OPEN);
        assertThat(bounds.settled(1, Waiting.NOTHING, 0)).isEqualTo(OPEN);
    }

    @Test
    void theInstanceIsFullWhenItsPartitionsTogetherAre() {
        bounds.settled(0, Waiting.NOTHING, 80);

        assertThat(bounds.settled(1, Waiting.NOTHING, 69)).isEqualTo(AS_IT_IS);
        assertThat(bounds.settled(1, Waiting.NOTHING, 70)).isEqualTo(INSTANCE_FULL);
        assertThat(bounds.settled(0, Waiting.NOTHING, 66)).isEqualTo(AS_IT_IS);
        assertThat(bounds.settled(0, Waiting.NOTHING, 65)).isEqualTo(OPEN);
        assertThat(bounds.unfinished()).isEqualTo(135);
    }

    @Test
    void whatWaitsInTheMailboxCounts() {
        bounds.settled(0, Waiting.NOTHING, 60);

        assertThat(bounds.filled(0, new Waiting(39, 0))).isEqualTo(AS_IT_IS);
        assertThat(bounds.filled(0, new Waiting(40, 0))).isEqualTo(PARTITION_FULL);
        assertThat(bounds.filled(1, new Waiting(50, 0))).isEqualTo(INSTANCE_FULL);
    }

    @Test
    void aMailboxIsFullByNumberAndByBytes() {
        IntakeBounds wide = new IntakeBounds(1_000_000, 1_000_000);
        wide.begin(0);

        assertThat(wide.filled(0, new Waiting(1_999, 0))).isEqualTo(AS_IT_IS);
        assertThat(wide.filled(0, new Waiting(2_000, 0))).isEqualTo(MAILBOX_FULL);
        assertThat(wide.settled(0, new Waiting(500, 0), 0)).isEqualTo(OPEN);
        assertThat(wide.filled(0, new Waiting(16, 4L * 1024 * 1024))).isEqualTo(MAILBOX_FULL);
        assertThat(wide.settled(0, new Waiting(5, 2L * 1024 * 1024), 0)).isEqualTo(AS_IT_IS);
        assertThat(wide.settled(0, new Waiting(4, 1024 * 1024), 0)).isEqualTo(OPEN);
    }

    @Test
    void aPartitionThatComesWithMoreThanTheBoundIsOnlyFull() {
        assertThat(bounds.settled(0, Waiting.NOTHING, 60_000)).isEqualTo(INSTANCE_FULL);
        assertThat(bounds.settled(1, Waiting.NOTHING, 0)).isEqualTo(INSTANCE_FULL);
    }

    @Test
    void whatIsGivenUpDoesNotCountAndIsNotHeardOfAgain() {
        bounds.settled(0, Waiting.NOTHING, 150);
        bounds.forget(0);

        assertThat(bounds.settled(0, Waiting.NOTHING, 150)).isEqualTo(AS_IT_IS);
        assertThat(bounds.settled(1, Waiting.NOTHING, 0)).isEqualTo(OPEN);
        assertThat(bounds.partitions()).containsExactly(1);
        assertThat(bounds.unfinished()).isZero();
    }

    @Test
    void aBoundOfOneCanBeOpen() {
        IntakeBounds narrow = new IntakeBounds(1, 1);
        narrow.begin(0);

        assertThat(narrow.settled(0, Waiting.NOTHING, 1)).isEqualTo(INSTANCE_FULL);
        assertThat(narrow.settled(0, Waiting.NOTHING, 0)).isEqualTo(OPEN);
    }
}
