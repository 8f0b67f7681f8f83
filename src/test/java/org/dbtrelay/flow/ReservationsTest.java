package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.budget.TestBudgets;
import org.junit.jupiter.api.Test;

class ReservationsTest {

    private final RequestBudget budget = TestBudgets.wide();
    private final Reservations reservations = new Reservations();

    @Test
    void whatIsTakenIsNotGivenBack() {
        reservations.put("c1", permit());
        Permit taken = reservations.take("c1");

        reservations.close();

        assertThat(TestBudgets.isOpen(taken)).isTrue();
        assertThat(reservations.holds("c1")).isFalse();
    }

    @Test
    void aSecondPermitReplacesTheFirst() {
        Permit first = permit();
        reservations.put("c1", first);
        Permit second = permit();
        reservations.put("c1", second);

        assertThat(TestBudgets.isOpen(first)).isFalse();
        assertThat(reservations.take("c1")).isSameAs(second);
    }

    @Test
    void whenTheClaimEndsEverythingGoesBackAlsoWhatIsGrantedLater() {
        Permit before = permit();
        reservations.put("c1", before);
        reservations.close();
        Permit late = permit();
        reservations.put("c2", late);

        assertThat(TestBudgets.isOpen(before)).isFalse();
        assertThat(TestBudgets.isOpen(late)).isFalse();
        assertThat(budget.slotsTaken()).isZero();
    }

    @Test
    void aGrantIsKeptAndToldOf() {
        AtomicInteger told = new AtomicInteger();
        reservations.await("c1", budget.reserve(Priority.TRIGGER), told::incrementAndGet, _ -> {});

        assertThat(told).hasValue(1);
        assertThat(reservations.holds("c1")).isTrue();
    }

    @Test
    void whenTheClaimEndsThePlacesInTheQueueAreGivenUp() {
        budget.coolDown(Duration.ofHours(1));
        AtomicInteger told = new AtomicInteger();
        CompletableFuture<Permit> before = budget.reserve(Priority.TRIGGER);
        CompletableFuture<Permit> after = budget.reserve(Priority.TRIGGER);

        reservations.await("c1", before, told::incrementAndGet, _ -> {});
        reservations.close();
        reservations.await("c2", after, told::incrementAndGet, _ -> {});

        assertThat(before).isCancelled();
        assertThat(after).isCancelled();
        assertThat(told).hasValue(0);
    }

    @Test
    void aCommandWaitsOnlyOnce() {
        budget.coolDown(Duration.ofHours(1));
        CompletableFuture<Permit> first = budget.reserve(Priority.TRIGGER);
        CompletableFuture<Permit> second = budget.reserve(Priority.TRIGGER);

        reservations.await("c1", first, () -> {}, _ -> {});
        reservations.await("c1", second, () -> {}, _ -> {});

        assertThat(first).isCancelled();
        assertThat(second).isNotDone();
    }

    @Test
    void whoWantsNoPermitAnyMoreLeavesTheQueue() {
        budget.coolDown(Duration.ofHours(1));
        CompletableFuture<Permit> grant = budget.reserve(Priority.TRIGGER);
        reservations.await("c1", grant, () -> {}, _ -> {});

        reservations.withdraw("c2");
        assertThat(grant).isNotDone();

        reservations.withdraw("c1");
        assertThat(grant).isCancelled();
    }

    private Permit permit() {
        return budget.reserve(Priority.TRIGGER).join();
    }
}
