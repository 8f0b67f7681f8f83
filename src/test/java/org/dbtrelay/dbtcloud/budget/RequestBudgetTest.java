package org.dbtrelay.dbtcloud.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.testkit.HandTurnedClock;
import org.junit.jupiter.api.Test;

class RequestBudgetTest {

    private static final int BURST = 10;

    private record Task(Instant due, Runnable work) {}

    /** By which time passes; the other one is for people. */
    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");

    private HandTurnedClock wall = clock;
    private final PriorityQueue<Task> timers = new PriorityQueue<>(Comparator.comparing(Task::due));
    private final List<String> granted = new ArrayList<>();
    private double jitter;

    private RequestBudget budget(int perMinute, int slots) {
        return new RequestBudget(
                perMinute,
                slots,
                wall,
                clock::instant,
                (delay, work) -> timers.add(new Task(clock.instant().plus(delay), work)),
                Runnable::run,
                () -> jitter);
    }

    /** Lets time pass from timer to timer. */
    private void pass(Duration time) {
        Instant end = clock.instant().plus(time);
        while (!timers.isEmpty() && !timers.peek().due().isAfter(end)) {
            Task next = timers.remove();
            if (next.due().isAfter(clock.instant())) {
                clock.set(next.due());
            }
            next.work().run();
        }
        clock.set(end);
    }

    /** Reserves, gives the slot back at once when granted, and notes the grant. */
    private CompletableFuture<Permit> asking(RequestBudget budget, Priority priority, String name) {
        CompletableFuture<Permit> permit = budget.reserve(priority);
        var _ = permit.thenAccept(granting -> {
            granted.add(name);
            granting.close();
        });
        return permit;
    }

    private void ask(RequestBudget budget, Priority priority, String name) {
        var _ = asking(budget, priority, name);
    }

    private void spend(RequestBudget budget, int tokens) {
        for (int i = 0; i < tokens; i++) {
            assertThat(asking(budget, Priority.CANCEL, "spent")).isCompleted();
        }
        granted.clear();
    }

    @Test
    void servesTheMoreUrgentFirstAndEqualsInTheirOrder() {
        // Given
        RequestBudget budget = budget(60, 32);
        spend(budget, BURST);

        // When
        ask(budget, Priority.ARTIFACT, "artifact");
        ask(budget, Priority.POLL, "poll 1");
        ask(budget, Priority.POLL, "poll 2");
        ask(budget, Priority.FINAL_READ, "final read");
        ask(budget, Priority.LOOK_UP, "look-up");
        ask(budget, Priority.TRIGGER, "trigger 1");
        ask(budget, Priority.CANCEL, "cancel");
        ask(budget, Priority.TRIGGER, "trigger 2");
        pass(Duration.ofSeconds(8));

        // Then
        assertThat(granted)
                .containsExactly(
                        "cancel", "trigger 1", "trigger 2", "look-up", "final read", "poll 1", "poll 2", "artifact");
    }

    /** Calls that hang, one after another, must not keep the runs of others from being polled. */
    @Test
    void moreUrgentOnesDoNotTakeEverySlotThatBecomesFree() {
        RequestBudget budget = budget(60_000, 4);
        List<Permit> held = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            var _ = budget.reserve(Priority.LOOK_UP).thenAccept(held::add);
        }
        ask(budget, Priority.SWEEP, "sweep");
        ask(budget, Priority.POLL, "poll 1");
        ask(budget, Priority.POLL, "poll 2");
        ask(budget, Priority.ARTIFACT, "artifact");

        for (int second = 0; second < 27; second++) {
            pass(Duration.ofSeconds(1));
            held.removeFirst().close();
        }

        assertThat(granted).containsExactly("poll 1", "artifact", "poll 2");
    }

    @Test
    void givesAPermitAtOnceOnlyIfNobodyWaitsWhoComesFirst() {
        RequestBudget budget = budget(60, 2);

        Permit first = budget.reserveAtOnce(Priority.TRIGGER);
        assertThat(first).isNotNull();
        assertThat(budget.reserveAtOnce(Priority.TRIGGER))
                .as("the second slot is kept for cancels")
                .isNull();
        CompletableFuture<Permit> waiter = asking(budget, Priority.TRIGGER, "trigger");
        CompletableFuture<Permit> later = asking(budget, Priority.POLL, "poll");
        assertThat(budget.reserveAtOnce(Priority.TRIGGER))
                .as("somebody asked before")
                .isNull();
        assertThat(waiter.cancel(false)).isTrue();
        first.close();
        assertThat(later).isCompleted();
        Permit second = budget.reserveAtOnce(Priority.TRIGGER);
        assertThat(second).as("the waiter has given up").isNotNull();
        second.close();
        assertThat(budget.slotsTaken()).isZero();
    }

    @Test
    void givesNoPermitAtOnceBeyondTheRateOrInACoolDown() {
        RequestBudget budget = budget(60, 32);
        spend(budget, BURST);
        assertThat(budget.reserveAtOnce(Priority.TRIGGER)).isNull();
        pass(Duration.ofSeconds(1));
        assertThat(budget.reserveAtOnce(Priority.TRIGGER)).isNotNull();

        pass(Duration.ofSeconds(5));
        budget.coolDown(Duration.ofMinutes(5));
        assertThat(budget.reserveAtOnce(Priority.TRIGGER)).isNull();
    }

    @Test
    void keepsToTheRateAfterTheBurst() {
        // Given
        RequestBudget budget = budget(2500, 32);
        for (int i = 0; i < 20_000; i++) {
            ask(budget, Priority.POLL, "poll");
        }
        int burst = granted.size();

        // When
        pass(Duration.ofMinutes(1));

        // Then
        assertThat(burst).isEqualTo(83);
        assertThat(granted.size() - burst).isBetween(2490, 2500);
        assertThat(budget.waiting()).isEqualTo(20_000 - granted.size());
    }

    @Test
    void givesAnInstanceItsShareButNeverLessThanTheFloor() {
        RequestBudget budget = budget(6000, 32);
        budget.share(0.5);
        for (int i = 0; i < 50_000; i++) {
            ask(budget, Priority.POLL, "poll");
        }
        granted.clear();

        pass(Duration.ofMinutes(1));
        assertThat(granted).hasSizeBetween(2990, 3000);

        granted.clear();
        budget.share(0);
        pass(Duration.ofMinutes(1));
        assertThat(granted).hasSizeBetween(298, 302);
    }

    @Test
    void keepsSlotsForWhatIsMoreUrgent() {
        RequestBudget budget = budget(60_000, 8);
        List<CompletableFuture<Permit>> artifacts = reserve(budget, Priority.ARTIFACT, 9);
        List<CompletableFuture<Permit>> polls = reserve(budget, Priority.POLL, 9);
        List<CompletableFuture<Permit>> triggers = reserve(budget, Priority.TRIGGER, 9);
        List<CompletableFuture<Permit>> cancels = reserve(budget, Priority.CANCEL, 9);

        assertThat(done(artifacts)).isEqualTo(4);
        assertThat(done(polls)).isEqualTo(2);
        assertThat(done(triggers)).isEqualTo(1);
        assertThat(done(cancels)).isEqualTo(1);
        assertThat(budget.slotsTaken()).isEqualTo(8);

        artifacts.getFirst().join().close();
        assertThat(done(cancels)).isEqualTo(2);
    }

    @Test
    void aSingleSlotServesEveryKind() {
        RequestBudget budget = budget(60_000, 1);

        for (Priority priority : Priority.values()) {
            assertThat(asking(budget, priority, priority.name())).isCompleted();
        }
    }

    @Test
    void closingAPermitTwiceGivesOneSlotBack() {
        RequestBudget budget = budget(60_000, 1);
        Permit permit = budget.reserve(Priority.CANCEL).join();
        permit.close();
        permit.close();

        List<CompletableFuture<Permit>> next = reserve(budget, Priority.CANCEL, 2);

        assertThat(done(next)).isEqualTo(1);
        assertThat(budget.slotsTaken()).isEqualTo(1);
    }

    @Test
    void aCoolDownStopsEveryGrantUntilItIsOver() {
        // Given
        RequestBudget budget = budget(6000, 32);
        jitter = 0.5;

        // When
        budget.coolDown(Duration.ofSeconds(100));
        ask(budget, Priority.CANCEL, "cancel");
        ask(budget, Priority.POLL, "poll");

        // Then
        assertThat(budget.coolingDownUntil()).contains(Instant.parse("2026-11-22T10:01:45Z"));
        pass(Duration.ofMillis(104_900));
        assertThat(granted).isEmpty();
        pass(Duration.ofMillis(101));
        assertThat(granted).containsExactly("cancel", "poll");
        assertThat(budget.coolingDownUntil()).isEmpty();
    }

    @Test
    void aShorterCoolDownDoesNotEndALongerOne() {
        RequestBudget budget = budget(6000, 32);
        budget.coolDown(Duration.ofMinutes(5));
        budget.coolDown(Duration.ofSeconds(1));

        assertThat(budget.coolingDownUntil()).contains(Instant.parse("2026-11-22T10:05:00Z"));
    }

    @Test
    void whoBlocksIsTurnedAwayByACoolDown() {
        RequestBudget budget = budget(6000, 32);
        budget.coolDown(Duration.ofMinutes(1));
        pass(Duration.ofSeconds(20));

        assertThatThrownBy(() -> budget.acquire(Priority.POLL))
                .isInstanceOfSatisfying(
                        DbtCloudException.class,
                        e -> assertThat(e.failure())
                                .isInstanceOfSatisfying(
                                        CallFailure.Limited.class,
                                        limited -> assertThat(limited.pause()).isEqualTo(Duration.ofSeconds(40))));
    }

    @Test
    void whoBlocksAlreadyIsTurnedAwayWhenACoolDownBegins() {
        // Given
        RequestBudget budget = budget(60, 32);
        spend(budget, BURST);
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread reader = Thread.startVirtualThread(() -> {
            try {
                budget.acquire(Priority.POLL).close();
            } catch (DbtCloudException | InterruptedException e) {
                thrown.set(e);
            }
        });
        await().until(() -> budget.waiting() == 1);

        // When
        budget.coolDown(Duration.ofMinutes(1));

        // Then
        await().until(() -> !reader.isAlive());
        assertThat(thrown.get()).isInstanceOf(DbtCloudException.class);
        assertThat(budget.waiting()).isZero();
    }

    @Test
    void whoGivesUpWaitingCostsNothing() {
        RequestBudget budget = budget(60, 32);
        spend(budget, BURST);
        CompletableFuture<Permit> givenUp = asking(budget, Priority.POLL, "given up");
        ask(budget, Priority.POLL, "patient");

        givenUp.cancel(false);
        pass(Duration.ofMillis(1001));

        assertThat(granted).containsExactly("patient");
        assertThat(budget.slotsTaken()).isZero();
    }

    @Test
    void aGrantThatNobodyTakesIsGivenBack() {
        List<Runnable> deliveries = new ArrayList<>();
        RequestBudget budget = new RequestBudget(60, 1, wall, clock::instant, (_, _) -> {}, deliveries::add, () -> 0);
        CompletableFuture<Permit> late = budget.reserve(Priority.POLL);
        late.cancel(false);

        deliveries.removeFirst().run();

        int grants = 0;
        while (grants < BURST + 1 && !grantOne(budget, deliveries)) {
            grants++;
        }
        assertThat(grants).isEqualTo(BURST);
        assertThat(budget.slotsTaken()).isZero();
    }

    /** True if there is none left. */
    private static boolean grantOne(RequestBudget budget, List<Runnable> deliveries) {
        CompletableFuture<Permit> permit = budget.reserve(Priority.CANCEL);
        if (deliveries.isEmpty()) {
            return true;
        }
        deliveries.removeFirst().run();
        permit.join().close();
        return false;
    }

    /** Before, a clock that was set forward ended a shut-out of five minutes, and the next request began another. */
    @Test
    void aClockThatIsSetNeitherEndsNorLengthensACoolDown() {
        wall = HandTurnedClock.at("2026-11-22T10:00:00Z");
        RequestBudget budget = budget(60, 32);
        spend(budget, BURST);
        ask(budget, Priority.POLL, "poll");
        budget.coolDown(Duration.ofSeconds(30));

        wall.advance(Duration.ofHours(1));
        budget.grantDue();
        assertThat(budget.coolingDownUntil()).contains(wall.instant().plusSeconds(30));
        wall.advance(Duration.ofHours(-2));
        pass(Duration.ofSeconds(29));
        assertThat(granted).isEmpty();
        pass(Duration.ofSeconds(3));

        assertThat(granted).containsExactly("poll");
        assertThat(budget.coolingDownUntil()).isEmpty();
    }

    /** Whoever reads an artifact slowly over HTTP holds its place as long as he likes. */
    @Test
    void downloadsLeavePlacesForTheArtifactsThatCommandsWant() {
        RequestBudget budget = budget(60_000, 16);
        List<CompletableFuture<Permit>> downloads = reserve(budget, Priority.DOWNLOAD, 20);
        List<CompletableFuture<Permit>> artifacts = reserve(budget, Priority.ARTIFACT, 20);

        assertThat(done(downloads)).isEqualTo(4);
        assertThat(done(artifacts)).isEqualTo(4);
    }

    @Test
    void peopleWhoReadDoNotGoBeforePollsOfRuns() {
        RequestBudget budget = budget(60, 32);
        spend(budget, BURST);
        ask(budget, Priority.READ, "read");
        ask(budget, Priority.POLL, "poll");
        pass(Duration.ofSeconds(10));

        assertThat(granted).containsExactly("poll", "read");
    }

    @Test
    void theSmallerLimitsOfTwoConnectionsHold() {
        RequestBudget budget = budget(60_000, 32);
        budget.atMost(60, 4);
        budget.atMost(6000, 64);
        List<CompletableFuture<Permit>> cancels = reserve(budget, Priority.CANCEL, 50);

        assertThat(done(cancels)).isEqualTo(4);
        for (int i = 0; i < 20; i++) {
            cancels.stream()
                    .filter(CompletableFuture::isDone)
                    .forEach(permit -> permit.join().close());
        }
        assertThat(done(cancels)).isEqualTo(BURST);
    }

    @Test
    void servesTensOfThousandsOfWaitersQuickly() {
        RequestBudget budget = budget(60_000, 32);
        Priority[] kinds = Priority.values();
        long before = System.nanoTime();

        for (int i = 0; i < 50_000; i++) {
            ask(budget, kinds[i % kinds.length], "request");
        }
        pass(Duration.ofMinutes(1));

        assertThat(granted).hasSize(50_000);
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(20));
    }

    @Test
    void theApplicationsTimerGrantsWithoutHelp() {
        RequestBudgets budgets = new RequestBudgets(java.time.Clock.systemUTC(), new Monotonic());
        var settings = TestConnections.settings("http://127.0.0.1:1", java.util.Map.of("requests-per-minute", "600"));
        RequestBudget budget = budgets.of(settings, 1);
        List<CompletableFuture<Permit>> all = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            CompletableFuture<Permit> permit = budget.reserve(Priority.POLL);
            all.add(permit);
            var _ = permit.thenAccept(Permit::close);
        }

        await().atMost(Duration.ofSeconds(20)).until(() -> done(all) == 25);

        assertThat(budgets.of(settings, 1)).isSameAs(budget);
        assertThat(budgets.of(settings, 2)).isNotSameAs(budget);
    }

    private static List<CompletableFuture<Permit>> reserve(RequestBudget budget, Priority priority, int count) {
        List<CompletableFuture<Permit>> permits = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            permits.add(budget.reserve(priority));
        }
        return permits;
    }

    private static long done(List<CompletableFuture<Permit>> permits) {
        return permits.stream().filter(CompletableFuture::isDone).count();
    }

    @Test
    void knowsHowManyRequestsItGaveOutInTheLastMinute() {
        RequestBudget budget = budget(600, 8);
        spend(budget, 3);
        pass(Duration.ofSeconds(30));
        spend(budget, 4);
        assertThat(budget.level().usedInLastMinute()).isEqualTo(7);

        pass(Duration.ofSeconds(29));
        assertThat(budget.level().usedInLastMinute()).isEqualTo(7);
        pass(Duration.ofSeconds(1));
        assertThat(budget.level().usedInLastMinute()).isEqualTo(4);
        pass(Duration.ofHours(1));
        assertThat(budget.level().usedInLastMinute()).isZero();
    }

    @Test
    void knowsItsPartOfTheRate() {
        RequestBudget budget = budget(600, 8);
        assertThat(budget.level().perMinute()).isEqualTo(600);

        budget.share(0.25);
        assertThat(budget.level().perMinute()).isEqualTo(150);
    }
}
