package org.dbtrelay.run.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.StartCheck;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CauseMarker;
import org.dbtrelay.run.job.JobOfConnection;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A partition asks the machine in the right order, within the bound of a batch, and holds timers and slots. */
class PartitionTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
    private static final Policy POLICY = SlotsTest.policy(null, null);
    private static final Target ACCOUNT = new Target("default", 1);

    private final CountedEntries entries = new CountedEntries();
    private final List<Input> decided = new ArrayList<>();
    private final Sink batch = new Sink();

    /** The machine's answer to the next input. */
    private Decision answer = Decision.NOTHING;

    /** The commands for which the budget has a permit at once. */
    private final Set<String> permitted = new HashSet<>();

    private Partition partition;

    private static final class Sink implements Batch {
        private final List<Action> actions = new ArrayList<>();
        private Instant now = NOW;
        private int room = 1_000;

        @Override
        public Instant now() {
            return now;
        }

        @Override
        public void take(Decision decision) {
            room--;
            actions.addAll(decision.actions());
        }

        @Override
        public boolean isFull() {
            return room <= 0;
        }
    }

    private void begin(int finished, int open) {
        begin(finished, open, POLICY);
    }

    private void begin(int finished, int open, Policy policy) {
        for (int i = 0; i < open; i++) {
            entries.put("c" + i, SlotsTest.waiting(i, 7));
        }
        for (int i = open; i < open + finished; i++) {
            RunEntry over = over(SlotsTest.waiting(i, 7), NOW.minus(Duration.ofHours(i % 100)));
            entries.put(over.commandId(), over);
        }
        partition = new Partition(
                entries,
                policy,
                (entry, input, now, queues) -> {
                    decided.add(input);
                    Decision taken = answer;
                    answer = Decision.NOTHING;
                    return taken;
                },
                this::permit,
                NOW);
        partition.catchUp(batch);
        decided.clear();
    }

    /** A permit for those that have been put on the list. */
    private Input.@Nullable StartReserved permit(Action.ReserveStart asked) {
        return permitted.remove(asked.commandId())
                ? new Input.StartReserved(asked.commandId(), asked.call(), 7L, asked.check())
                : null;
    }

    private void put(RunEntry entry) {
        take(
                new Input.TargetChanged(entry.commandId()),
                new Decision(entry, null, List.of(), List.of(), List.of(), null));
    }

    private void take(Input input, Decision taken) {
        answer = taken;
        partition.take(input, batch);
    }

    private static Decision only(Action action) {
        return new Decision(null, null, List.of(), List.of(action), List.of(), null);
    }

    private static Decision forget(String commandId) {
        return new Decision(null, commandId, List.of(), List.of(), List.of(), null);
    }

    private Partition.Work commit() {
        List<Action> actions = List.copyOf(batch.actions);
        batch.actions.clear();
        return partition.committed(actions);
    }

    private static Action.ReserveStart reserve(String id, StartCheck check) {
        return new Action.ReserveStart(id, ACCOUNT, 7, new StartCall.Trigger(), check);
    }

    private static Input.StartReserved reserved(String id) {
        return new Input.StartReserved(id, new StartCall.Trigger(), null);
    }

    private static Action.Start start(String id) {
        return new Action.Start(id, 1, ACCOUNT, 7, new StartCall.Trigger(), "cause", Overrides.NONE, null);
    }

    /** c0 waits for a slot, gets it at once, and the budget has a request for it. */
    private void grant() {
        begin(0, 1);
        take(new Input.TurnReached("c0"), only(reserve("c0", null)));
        assertThat(commit().actions()).containsExactly(reserve("c0", null));
    }

    @Test
    void aNewClaimRestoresWhatIsUnfinished() {
        begin(0, 0);
        entries.put("c1", SlotsTest.waiting(1, 7));
        entries.put("c2", SlotsTest.over(SlotsTest.waiting(2, 7)));
        partition = new Partition(entries, POLICY, (_, input, _, _) -> remember(input), _ -> null, NOW);

        assertThat(partition.isBehind()).isTrue();
        assertThat(partition.catchUp(batch)).isTrue();
        assertThat(decided).containsExactly(new Input.Restored("c1"));
    }

    private Decision remember(Input input) {
        decided.add(input);
        return Decision.NOTHING;
    }

    @Test
    void aFullBatchLeavesTheRestForTheNextOne() {
        begin(0, 3);
        partition.beginAnew();
        batch.room = 2;
        assertThat(partition.catchUp(batch)).isFalse();
        assertThat(decided).hasSize(2);
        partition.giveTurns(batch);
        assertThat(decided).as("a full batch gives no turns").hasSize(2);

        batch.room = 10;
        assertThat(partition.catchUp(batch)).isTrue();
        assertThat(decided).hasSize(3);
    }

    @Test
    void timersFireWhenTheirTimeHasCome() {
        begin(0, 1);
        Action.SetTimer timer = new Action.SetTimer("c0", NOW.plusSeconds(5));
        take(new Input.TargetChanged("c0"), only(timer));
        assertThat(partition.nextTimer()).as("not before the commit").isNull();
        assertThat(commit().actions()).isEmpty();
        assertThat(partition.nextTimer()).isEqualTo(NOW.plusSeconds(5));

        decided.clear();
        batch.now = NOW.plusSeconds(5);
        partition.passTime(batch);
        assertThat(decided).contains(new Input.TimerFired("c0"));
    }

    @Test
    void aStartIsOnTheWireUntilItIsAnswered() {
        grant();
        take(reserved("c0"), only(start("c0")));
        Partition.Work work = commit();
        assertThat(work.actions()).containsExactly(start("c0"));
        assertThat(work.unused()).as("the request uses its reservation").isEmpty();
        assertThat(partition.isDrained()).isFalse();

        partition.take(new Input.StartFailed("c0", 1, new CallFailure.NotSent("refused")), batch);
        assertThat(partition.isDrained()).isTrue();
    }

    @Test
    void aStartForWhichThereIsNoRoomAnyMoreWaitsAgain() {
        begin(0, 2, SlotsTest.policy(1, null));
        take(new Input.TurnReached("c0"), only(reserve("c0", null)));
        assertThat(commit().actions()).containsExactly(reserve("c0", null));
        RunEntry found = SlotsTest.in(SlotsTest.waiting(1, 7), SlotsTest.following(91));
        put(found);

        decided.clear();
        partition.take(reserved("c0"), batch);
        assertThat(decided).as("a run that was found has taken the place").isEmpty();
        Partition.Work work = commit();
        assertThat(work.unused()).containsExactly("c0");
        assertThat(work.actions()).isEmpty();

        put(SlotsTest.over(found));
        assertThat(commit().actions()).containsExactly(reserve("c0", null));
        answer = only(start("c0"));
        partition.take(reserved("c0"), batch);
        assertThat(commit().actions()).containsExactly(start("c0"));
    }

    @Test
    void aReservationThatLeadsToNoStartGoesBack() {
        grant();
        partition.take(reserved("c0"), batch);
        assertThat(commit().unused()).containsExactly("c0");

        decided.clear();
        partition.take(reserved("c0"), batch);
        assertThat(decided).as("its slot is gone, too").isEmpty();
        assertThat(commit().unused()).containsExactly("c0");
    }

    @Test
    void aCommandThatWaitsForNothingStartsInTheSameBatch() {
        begin(0, 1);
        permitted.add("c0");
        take(new Input.TurnReached("c0"), only(reserve("c0", null)));
        answer = only(start("c0"));
        partition.passTime(batch);

        assertThat(decided).last().isEqualTo(new Input.StartReserved("c0", new StartCall.Trigger(), 7L));
        Partition.Work work = commit();
        assertThat(work.actions()).containsExactly(start("c0"));
        assertThat(work.unused()).isEmpty();
    }

    @Test
    void aPermitOfTheSameBatchThatLeadsToNoStartGoesBackWithItsSlot() {
        begin(0, 1);
        permitted.add("c0");
        take(new Input.TurnReached("c0"), only(reserve("c0", null)));
        partition.passTime(batch);

        Partition.Work work = commit();
        assertThat(work.actions()).isEmpty();
        assertThat(work.unused()).containsExactly("c0");
    }

    @Test
    void aCommandWaitsForTheBudgetAfterTheCommit() {
        begin(0, 1);
        take(new Input.TurnReached("c0"), only(reserve("c0", null)));
        partition.passTime(batch);

        assertThat(commit().actions()).containsExactly(reserve("c0", null));
    }

    @Test
    void aCommandWhosePermitGoesBackAfterTheCommitTakesNoNewOneBeforeIt() {
        begin(0, 1);
        partition.take(reserved("c0"), batch);
        permitted.add("c0");
        take(new Input.TurnReached("c0"), only(reserve("c0", null)));
        partition.passTime(batch);

        assertThat(permitted).contains("c0");
        Partition.Work work = commit();
        assertThat(work.unused()).containsExactly("c0");
        assertThat(work.actions()).containsExactly(reserve("c0", null));
    }

    @Test
    void aCommandThatGivesAPermitBackKeepsItsPlaceForTheNext() {
        grant();
        partition.take(reserved("c0"), batch);
        permitted.add("c0");
        take(new Input.TurnReached("c0"), only(reserve("c0", null)));
        partition.passTime(batch);
        assertThat(commit().actions()).containsExactly(reserve("c0", null));

        decided.clear();
        partition.take(reserved("c0"), batch);
        assertThat(decided).as("it has a slot").containsExactly(reserved("c0"));
    }

    @Test
    void aFullBatchStartsNothing() {
        begin(0, 1);
        permitted.add("c0");
        take(new Input.TurnReached("c0"), only(reserve("c0", null)));
        batch.room = 0;
        partition.passTime(batch);

        assertThat(permitted).contains("c0");
        assertThat(commit().actions()).containsExactly(reserve("c0", null));
    }

    @Test
    void aSecondCheckGivesThePermitBackAndKeepsTheSlot() {
        grant();
        Action.ListInFlight again = new Action.ListInFlight("c0", ACCOUNT, 7, StartCheck.AGAIN);
        take(reserved("c0"), only(again));
        Partition.Work work = commit();
        assertThat(work.unused()).containsExactly("c0");
        assertThat(work.actions()).containsExactly(again);

        decided.clear();
        partition.take(reserved("c0"), batch);
        assertThat(decided).as("the slot is still its own").containsExactly(reserved("c0"));
    }

    @Test
    void nothingStartsWhileThePartitionDrains() {
        grant();
        take(new Input.TargetChanged("c0"), only(new Action.SetTimer("c0", NOW)));
        commit();
        partition.drain();
        decided.clear();

        partition.take(reserved("c0"), batch);
        partition.passTime(batch);
        assertThat(decided).isEmpty();
        assertThat(commit().unused()).containsExactly("c0");
        assertThat(partition.nextTimer()).isNull();
    }

    @Test
    void unfinishedCommandsAreKnownWithoutReadingTheOthers() {
        begin(0, 10);
        put(SlotsTest.over(partition.find("c3")));
        assertThat(partition.unfinished()).hasSize(9);
        put(SlotsTest.waiting(-5, 7));
        assertThat(partition.unfinished()).hasSize(10);
        take(new Input.TargetChanged("c-5"), forget("c-5"));
        assertThat(partition.unfinished()).hasSize(9);
        assertThat(partition.counts().unfinished()).isEqualTo(9);
        assertThat(partition.counts().finished()).isEqualTo(1);
    }

    @Test
    void aSweepReadsTheCommandsWhoseRunsItHasFound() {
        begin(100_000, 10);
        put(SlotsTest.in(partition.find("c1"), SlotsTest.following(91)));
        put(SlotsTest.in(partition.find("c2"), SlotsTest.following(92)));
        entries.reads = 0;

        List<Input.MarkedRunsFound> marked =
                sweep(NOW, run(91, "c1"), run(92, "c2"), run(93, "c2"), run(94, "c5"), run(95, "somebody else's"));

        assertThat(marked).extracting(Input.MarkedRunsFound::commandId).containsExactly("c2", "c5");
        assertThat(marked.getFirst().runs()).extracting(RunSnapshot::runId).containsExactly(92L, 93L);
        assertThat(entries.reads).isLessThan(30);
    }

    @Test
    void aSweepTellsACommandThatWasOverLatelyAndNoneThatWasOverLongAgo() {
        begin(0, 2);
        put(SlotsTest.over(partition.find("c0")));

        assertThat(sweep(NOW.plus(Duration.ofHours(2)), run(91, "c0"), run(92, "c0")))
                .hasSize(1);
        assertThat(sweep(NOW.plus(Duration.ofHours(3)), run(91, "c0"), run(92, "c0")))
                .isEmpty();

        put(over(partition.find("c1"), NOW.plus(Duration.ofHours(3))));
        assertThat(sweep(NOW, run(91, "c0"), run(92, "c0")))
                .as("it is not kept for ever")
                .isEmpty();
    }

    @Test
    void aSweepKnowsTheSameIdSentAgainAfterItWasForgotten() {
        begin(0, 2);
        put(SlotsTest.over(partition.find("c0")));
        take(new Input.TargetChanged("c0"), forget("c0"));
        put(SlotsTest.waiting(0, 7));
        put(over(partition.find("c1"), NOW.plus(Duration.ofHours(3))));

        assertThat(sweep(NOW, run(91, "c0"))).hasSize(1);
    }

    private List<Input.MarkedRunsFound> sweep(Instant now, RunSnapshot... runs) {
        decided.clear();
        batch.now = now;
        partition.take(new Input.SweepResult(ACCOUNT, List.of(runs)), batch);
        return decided.stream().map(Input.MarkedRunsFound.class::cast).toList();
    }

    private static RunEntry over(RunEntry entry, Instant at) {
        return SlotsTest.over(entry, 1_000_000 + entry.offset(), at);
    }

    private static RunSnapshot run(long runId, String commandId) {
        return SlotsTest.run(
                runId,
                CauseMarker.of(POLICY.deployment(), POLICY.ledger(), commandId).text());
    }

    @Test
    void whatASuspendedJobHadAskedForIsGivenBack() {
        begin(0, 1);
        answer = only(reserve("c0", null));
        partition.passTime(batch);
        assertThat(commit().actions()).containsExactly(reserve("c0", null));
        partition.suspend(Set.of(new JobOfConnection("default", 7)));
        assertThat(partition.isWaitingForSlot("c0")).isFalse();

        // Its permit comes all the same, and goes back at once.
        assertThat(partition.take(reserved("c0"), batch)).isEqualTo(Decision.NOTHING);
        assertThat(commit().unused()).containsExactly("c0");
        assertThat(decided).as("nothing is decided about it").hasSize(1);
    }

    @Test
    void aSuspendedJobHasNoTurnUntilItGoesOn() {
        begin(0, 1);
        partition.suspend(Set.of(new JobOfConnection("default", 7)));
        partition.passTime(batch);
        assertThat(decided).isEmpty();
        assertThat(partition.isSuspended(entries.get("c0"))).isTrue();

        partition.suspend(Set.of(new JobOfConnection("default", 8), new JobOfConnection("other", 7)));
        partition.passTime(batch);
        assertThat(decided).containsExactly(new Input.TurnReached("c0"));
        assertThat(partition.isSuspended(entries.get("c0"))).isFalse();
    }
}
