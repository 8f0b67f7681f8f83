package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.job.Target;
import org.junit.jupiter.api.Test;

class PollScheduleTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
    private static final Target ACCOUNT = new Target("default", 1);

    private final PollSchedule watches = new PollSchedule();

    @Test
    void onlyWhatIsDueIsTakenAndOnlyOnce() {
        watch(0, "soon", 5);
        watch(0, "late", 500);

        assertThat(take(4)).isEmpty();
        assertThat(take(5)).containsExactly("soon");
        assertThat(take(6)).isEmpty();
    }

    @Test
    void theSameIdOnTwoPartitionsIsTwoCommands() {
        watch(0, "same", 5);
        watch(1, "same", 5);

        assertThat(watches.size()).isEqualTo(2);
        assertThat(take(5)).containsExactly("same", "same");

        watch(0, "same", 5);
        watch(1, "same", 6);
        watches.drop(0);
        assertThat(take(6)).containsExactly("same");
    }

    @Test
    void aRequestThatIsSentAnywayIsFilledUpWithWhatIsDueNext() {
        for (int i = 0; i < 150; i++) {
            watch(0, "run-" + i, 10 + i / 120);
        }

        assertThat(take(10)).hasSize(150);
    }

    @Test
    void aRequestIsNotFilledUpWithRunsWhoseTimeIsNotHalfOver() {
        watch(0, "due", 10);
        watch(0, "half", 20);
        watch(0, "far", 21);

        assertThat(take(10)).containsExactly("due", "half");
    }

    @Test
    void fullPagesTakeNothingBeforeItsTime() {
        for (int i = 0; i < 100; i++) {
            watch(0, "run-" + i, 10);
        }
        watch(0, "later", 11);

        assertThat(take(10)).hasSize(100).doesNotContain("later");
    }

    @Test
    void whereAPollReadsTheWholeListAllAreTakenWhoseTimeIsHalfOver() {
        for (int i = 0; i < 100; i++) {
            watch(0, "run-" + i, 10);
        }
        watch(0, "half", 20);
        watch(0, "far", 21);

        assertThat(watches.takeDue(ACCOUNT, NOW.plusSeconds(9), true)).isEmpty();
        assertThat(watches.takeDue(ACCOUNT, NOW.plusSeconds(10), true))
                .extracting(PollSchedule.Watched::commandId)
                .hasSize(101)
                .contains("half")
                .doesNotContain("far");
    }

    @Test
    void soManyThatAreDueAreTakenInPartsUnlessAPollReadsTheWholeList() {
        for (int i = 0; i < 4_500; i++) {
            watch(0, "run-" + i, 10);
        }

        assertThat(take(10)).hasSize(2_000);
        assertThat(take(10)).hasSize(2_000);
        assertThat(take(10)).hasSize(500);

        for (int i = 0; i < 4_500; i++) {
            watch(0, "run-" + i, 10);
        }
        assertThat(watches.takeDue(ACCOUNT, NOW.plusSeconds(10), true)).hasSize(4_500);
    }

    @Test
    void aRunIsWatchedOnceByTheNewestWish() {
        watch(0, "run", 5);
        watch(0, "run", 50);

        assertThat(take(5)).isEmpty();
        assertThat(take(50)).containsExactly("run");
    }

    @Test
    void theRunsOfAPartitionThatIsLostAreForgotten() {
        watch(0, "lost", 5);
        watch(1, "kept", 5);

        watches.drop(0);

        assertThat(take(5)).containsExactly("kept");
        assertThat(watches.size()).isZero();
    }

    @Test
    void anOwnerThatEndsLateTakesNothingFromTheNextOneOfItsPartition() {
        long old = watches.begin();
        long next = watches.begin();
        watch(old, "run", 5);
        watch(next, "run", 5);

        watches.drop(old);

        assertThat(take(5)).containsExactly("run");
    }

    @Test
    void aHintPollsTheRunsThatItIsAbout() {
        assertThat(stepsOfHints(10_000)).as("ten times the runs").isLessThan(20 * stepsOfHints(1_000));
    }

    /** A hint for each run, and then for as many that nobody follows. */
    private static int stepsOfHints(int count) {
        PollSchedule many = new PollSchedule();
        long claim = many.begin();
        for (int run = 0; run < count; run++) {
            many.add(claim, new Action.SchedulePoll("c" + run, ACCOUNT, run, NOW.plusSeconds(60), 0), NOW, input -> {});
        }
        for (int run = 0; run < 2 * count; run++) {
            assertThat(many.hinted(ACCOUNT.accountId(), run, NOW).isEmpty()).isEqualTo(run >= count);
        }
        assertThat(many.size()).isEqualTo(count);
        return many.steps();
    }

    @Test
    void commandsThatShareOneRunAreAddedAndTakenOneByOne() {
        assertThat(stepsOfSharing(10_000)).as("ten times the commands").isLessThan(20 * stepsOfSharing(1_000));
    }

    private static int stepsOfSharing(int count) {
        PollSchedule many = new PollSchedule();
        long claim = many.begin();
        for (int i = 0; i < count; i++) {
            many.add(claim, new Action.SchedulePoll("c" + i, ACCOUNT, 99, NOW, 0), NOW, input -> {});
        }
        assertThat(many.takeDue(ACCOUNT, NOW, true)).hasSize(count);
        assertThat(many.size()).isZero();
        return many.steps();
    }

    @Test
    void aClaimThatEndsPollsItsOwnRuns() {
        PollSchedule many = new PollSchedule();
        long big = many.begin();
        for (int run = 0; run < 10_000; run++) {
            many.add(big, new Action.SchedulePoll("c" + run, ACCOUNT, run, NOW, 0), NOW, input -> {});
        }
        long small = many.begin();
        many.add(small, new Action.SchedulePoll("one", ACCOUNT, 1, NOW, 0), NOW, input -> {});
        int before = many.steps();

        many.drop(small);

        assertThat(many.steps() - before).isEqualTo(1);
        assertThat(many.size()).isEqualTo(10_000);
    }

    @Test
    void aHintMakesARunDueAtOnce() {
        watch(0, "hinted", 3600);
        watch(0, "not hinted", 3600);

        assertThat(watches.hinted(ACCOUNT.accountId(), runOf("hinted"), NOW.plusSeconds(5)))
                .containsExactly(ACCOUNT);
        assertThat(watches.takeDue(ACCOUNT, NOW.plusSeconds(5), false))
                .singleElement()
                .satisfies(watched -> {
                    assertThat(watched.commandId()).isEqualTo("hinted");
                    assertThat(watched.isHinted()).isTrue();
                });
        assertThat(watches.size()).isEqualTo(1);
    }

    @Test
    void aHintIsForTheRunsOfItsAccount() {
        watch(0, "hinted", 3600);

        assertThat(watches.hinted(ACCOUNT.accountId() + 1, runOf("hinted"), NOW))
                .isEmpty();
        assertThat(take(5)).isEmpty();
    }

    @Test
    void aHintIsKeptForTheFirstRunOfAnAccount() {
        assertThat(watches.hinted(ACCOUNT.accountId(), runOf("first"), NOW)).isEmpty();

        watches.add(
                watches.begin(),
                new Action.SchedulePoll("first", ACCOUNT, runOf("first"), NOW.plusSeconds(3600), 0),
                NOW.plusSeconds(1),
                input -> {});

        assertThat(take(1)).containsExactly("first");
    }

    @Test
    void aHintDuringAPollMakesTheRunDueAgain() {
        watch(0, "hinted", 0);
        assertThat(take(0)).containsExactly("hinted");

        assertThat(watches.hinted(ACCOUNT.accountId(), runOf("hinted"), NOW.plusSeconds(1)))
                .isEmpty();
        watch(0, "hinted", 3600);

        assertThat(take(1)).containsExactly("hinted");
        watch(0, "hinted", 3600);
        assertThat(take(2)).as("once").isEmpty();
    }

    @Test
    void anEarlyHintIsKeptForAMinute() {
        watch(0, "other", 3600);
        watches.hinted(ACCOUNT.accountId(), 4711, NOW.minusSeconds(61));
        watches.add(0, new Action.SchedulePoll("late", ACCOUNT, 4711, NOW.plusSeconds(3600), 0), NOW, input -> {});

        assertThat(take(0)).isEmpty();
    }

    private static long runOf(String commandId) {
        return Integer.toUnsignedLong(commandId.hashCode());
    }

    private void watch(long claim, String commandId, int dueInSeconds) {
        watches.add(
                claim,
                new Action.SchedulePoll(commandId, ACCOUNT, runOf(commandId), NOW.plusSeconds(dueInSeconds), 0),
                NOW,
                input -> {});
    }

    private List<String> take(int seconds) {
        return watches.takeDue(ACCOUNT, NOW.plus(Duration.ofSeconds(seconds)), false).stream()
                .map(PollSchedule.Watched::commandId)
                .toList();
    }
}
