package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.ledger.Owners.OwnedPartitions;
import org.junit.jupiter.api.Test;

class BudgetShareTest {

    private final List<Double> shares = new ArrayList<>();
    private final BudgetShare share = new BudgetShare(shares::add);

    private double after(int owned, int all) {
        share.onChange(new OwnedPartitions(owned, all));
        return shares.getLast();
    }

    @Test
    void isThePartOfThePartitions() {
        assertThat(after(2, 6)).isEqualTo(2 / 6.0);
        assertThat(after(6, 6)).isEqualTo(1);
        assertThat(after(7, 6)).isEqualTo(1);
        assertThat(after(0, 6)).isZero();
    }

    /** A fault of topics meets all instances at once: each would take what belongs to all together. */
    @Test
    void aFaultOfTopicsLeavesTheShareAsItWas() {
        after(2, 6);

        assertThat(after(2, 0)).isEqualTo(2 / 6.0);
        assertThat(after(1, 0)).isEqualTo(1 / 6.0);
        assertThat(after(2, 12)).isEqualTo(2 / 12.0);
    }

    @Test
    void beforeAnybodyHasToldItIsTheSmallest() {
        assertThat(after(0, 0)).isZero();
    }
}
