package org.dbtrelay.ledger.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.entry.Position;
import org.junit.jupiter.api.Test;

class CommandsLogTest {

    private static final Position AT_NINE = new Position("topic", 9, "orders", "cluster", null);

    @Test
    void thePositionIsGoneOnFrom() throws LedgerException {
        assertThat(new CommandsLog(0, 20, 10).startingPosition(AT_NINE, "topic", 9, 0))
                .isEqualTo(AT_NINE);
        assertThat(new CommandsLog(0, 20, 3).startingPosition(AT_NINE, "topic", 9, 0))
                .as("the group lags behind")
                .isEqualTo(AT_NINE);
    }

    @Test
    void aLedgerThatWasSetBackIsDegraded() {
        assertDegraded(new CommandsLog(0, 20, 11), "set back");
    }

    @Test
    void aLogThatEndsTooEarlyIsDegraded() {
        assertDegraded(new CommandsLog(0, 9, 0), "before the ledger's position");
    }

    @Test
    void aTopicThatWasMadeAnewGoesOnBehindAllPlaces() throws LedgerException {
        Position anew = new CommandsLog(0, 3, 0).startingPosition(AT_NINE, "another", 7, 0);

        assertThat(anew).isEqualTo(new Position("another", -1, "orders", "cluster", 10L));
        assertThat(anew.place(0)).isEqualTo(10);
        assertThat(anew.movedTo(4).place(4)).isEqualTo(14);

        assertThat(new CommandsLog(0, 3, 0).startingPosition(anew.movedTo(4), "a third", 90, 0))
                .as("an entry may be behind the position")
                .isEqualTo(new Position("a third", -1, "orders", "cluster", 91L));
        assertThat(new CommandsLog(0, 30, 20).startingPosition(anew.movedTo(4), "another", 7, 0))
                .as("the group may have what it had committed of the topic before")
                .isEqualTo(anew.movedTo(4));
    }

    @Test
    void whatIsMissingBehindThePositionIsLost() {
        assertThat(new CommandsLog(10, 20, 0).lostBehind(AT_NINE)).isNull();
        assertThat(new CommandsLog(15, 20, 0).lostBehind(AT_NINE)).isEqualTo(new Offsets(10, 15));
    }

    private static void assertDegraded(CommandsLog log, String reason) {
        assertThatThrownBy(() -> log.startingPosition(AT_NINE, "topic", 9, 0))
                .isInstanceOfSatisfying(LedgerException.class, e -> {
                    assertThat(e.kind()).isEqualTo(LedgerException.Kind.DEGRADED);
                    assertThat(e).hasMessageContaining(reason);
                });
    }
}
