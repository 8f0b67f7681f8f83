package org.dbtrelay.dbtcloud.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.junit.jupiter.api.Test;

class SuspensionTest {

    private final Suspension suspension = new Suspension();

    @Test
    void thoseThatWaitGoOnInTheirOrder() {
        suspension.suspend(Instant.EPOCH, "a test");
        List<Integer> asked = new ArrayList<>();
        List<CompletableFuture<Permit>> permits = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int number = i;
            permits.add(suspension.whenOpen(() -> {
                asked.add(number);
                return TestBudgets.wide().reserve(Priority.TRIGGER);
            }));
        }
        assertThat(asked).isEmpty();
        permits.get(1).cancel(false);

        assertThat(suspension.resume()).isTrue();

        assertThat(asked).as("who has given up asks for nothing").containsExactly(0, 2, 3);
        assertThat(permits.get(3).join().isOpen()).isTrue();
        assertThat(suspension.waiting()).isZero();
    }

    /** Commands end at their deadline while a person suspends a connection, perhaps for months. */
    @Test
    void nothingIsLeftOfThoseThatHaveGivenUp() {
        suspension.suspend(Instant.EPOCH, "a test");
        for (int i = 0; i < 1_000; i++) {
            suspension.whenOpen(CompletableFuture::new).cancel(false);
        }
        assertThat(suspension.waiting()).isZero();
    }

    @Test
    void whatIsGrantedToOneThatHasGivenUpGoesBack() {
        suspension.suspend(Instant.EPOCH, "a test");
        CompletableFuture<Permit> granted = new CompletableFuture<>();
        CompletableFuture<Permit> permit = suspension.whenOpen(() -> granted);
        suspension.resume();

        permit.cancel(false);

        assertThat(granted).isCancelled();
    }
}
