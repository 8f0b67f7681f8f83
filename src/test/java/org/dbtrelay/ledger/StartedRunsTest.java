package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.function.IntSupplier;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.observe.ListedRun.Standing;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.SampleEntry;
import org.dbtrelay.run.state.StartAttempts;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;

class StartedRunsTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

    private final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    private final StartedRuns started = runs();

    @Test
    void knowsTheRunsThatCommandsHaveStarted() throws Exception {
        write("c1", entry("c1", true, new RunState.Finished(EventType.RUN_SUCCEEDED, null, 99L, NOW, null, null)));
        write("c2", entry("c2", false, new RunState.Finished(EventType.RUN_SUCCEEDED, null, 98L, NOW, null, null)));

        started.catchUp(Map.of(1L, 0L));

        assertThat(started.of(retry(99, 90))).isEqualTo(Standing.OURS);
        assertThat(started.of(retry(98, 90))).as("it was only followed").isEqualTo(Standing.OTHERS);
    }

    @Test
    void aStartInDoubtMayBeTheListedRun() throws Exception {
        write("c1", entry("c1", false, new RunState.Starting(StartAttempts.NONE, new StartCall.Retry(90), 0)));

        started.catchUp(Map.of(1L, 0L));

        assertThat(started.of(retry(99, 90))).isEqualTo(Standing.OPEN);
        assertThat(started.of(retry(99, 91))).as("of another run").isEqualTo(Standing.OTHERS);
    }

    @Test
    void aStartThatCameToNothingLeavesTheRunToOthers() throws Exception {
        write("c1", entry("c1", false, new RunState.Starting(StartAttempts.NONE, new StartCall.Retry(90), 0)));
        write(
                "c1",
                entry(
                        "c1",
                        false,
                        new RunState.Finished(EventType.RUN_ABANDONED, "start_unclear", null, NOW, null, null)));

        started.catchUp(Map.of(1L, 0L));

        assertThat(started.of(retry(99, 90))).isEqualTo(Standing.OTHERS);
    }

    @Test
    void countsTheObservedRunsThatAreFollowed() throws Exception {
        write("observed/1/70", entry("observed/1/70", false, new RunState.Waiting(StartAttempts.NONE, 0, null)));
        write(
                "observed/1/71",
                entry(
                        "observed/1/71",
                        false,
                        new RunState.Finished(EventType.RUN_SUCCEEDED, null, 71L, NOW, null, null)));
        started.wrote(List.of("observed/1/71", "observed/1/72"));
        assertThat(started.followed()).as("written, and not in the ledger yet").isEqualTo(2);

        started.catchUp(Map.of(1L, 0L));

        assertThat(started.followed()).as("one is followed, one is on its way").isEqualTo(2);
        assertThat(started.of(SampleRun.of(71).build())).isEqualTo(Standing.TOLD);
        started.wrote(List.of("observed/1/71"));
        assertThat(started.followed()).as("it is known what became of it").isEqualTo(2);
    }

    @Test
    void findsTheCursorThatAnotherPartitionHad() throws Exception {
        ObserveCursor cursor = new ObserveCursor("default", 1, 70, NOW);
        records.add(new ProducerRecord<>(
                OneLedgerPartition.LEDGER.topic(),
                0,
                "o:1/default".getBytes(StandardCharsets.UTF_8),
                EntryCodec.write(cursor)));

        started.catchUp(Map.of(1L, 0L));

        assertThat(started.cursor("default", 1)).contains(cursor);
        assertThat(started.cursor("other", 1)).isEmpty();
    }

    @Test
    void forgetsWhatIsOfNoInterestAnyMoreAndReadsItAgainWhenItIs() throws Exception {
        write("c1", entry("c1", true, new RunState.Finished(EventType.RUN_SUCCEEDED, null, 99L, NOW, null, null)));
        started.catchUp(Map.of(1L, 100L));
        assertThat(started.of(retry(99, 90))).isEqualTo(Standing.OTHERS);

        started.catchUp(Map.of(1L, 98L, 2L, 500L));
        assertThat(started.of(retry(99, 90))).isEqualTo(Standing.OURS);
    }

    @Test
    void knowsNothingIfItCannotReadToTheEnd() {
        write("c1", entry("c1", true, new RunState.Finished(EventType.RUN_SUCCEEDED, null, 99L, NOW, null, null)));
        StartedRuns hidden = runs(7);

        assertThatThrownBy(() -> hidden.catchUp(Map.of(1L, 0L))).isInstanceOf(LedgerException.class);
        assertThat(hidden.of(retry(99, 90))).isEqualTo(Standing.OTHERS);
    }

    /** A large ledger, or one with an open transaction, is read for long. */
    @Test
    void aStopDoesNotWaitForAReadOfTheLedger() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch read = new CountDownLatch(1);
        StartedRuns busy = runs(() -> {
            reading.countDown();
            try {
                read.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return 0;
        });
        FutureTask<Void> lister = new FutureTask<>(() -> {
            busy.catchUp(Map.of(1L, 0L));
            return null;
        });
        Thread.startVirtualThread(lister);
        reading.await();

        assertThat(CompletableFuture.runAsync(busy::stop, Thread::startVirtualThread))
                .succeedsWithin(Duration.ofSeconds(30));

        read.countDown();
        lister.get();
    }

    private StartedRuns runs() {
        return runs(0);
    }

    /** {@code hidden}: so many records are behind what a reader of committed ones sees. */
    private StartedRuns runs(int hidden) {
        return runs(() -> hidden);
    }

    private StartedRuns runs(IntSupplier hidden) {
        return new SimLedger(
                        new OneLedgerPartition(records, hidden),
                        TestConnections.config(Map.of(
                                "relay.connections.default.host", "https://cloud.example",
                                "relay.connections.default.account-id", "1",
                                "relay.connections.default.token", "dbtc_none")),
                        claim -> null,
                        null,
                        Clock.systemUTC(),
                        new Hasty(),
                        SimMetrics.none(),
                        change -> {})
                .startedRuns();
    }

    /** Time flies while it waits. */
    private static final class Hasty extends Monotonic {
        private long nanos;

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public void pause(Duration time) {
            nanos += Duration.ofSeconds(5).toNanos();
        }
    }

    private void write(String id, RunEntry entry) {
        records.add(new ProducerRecord<>(
                OneLedgerPartition.LEDGER.topic(),
                0,
                ("c:" + id).getBytes(StandardCharsets.UTF_8),
                EntryCodec.write(entry)));
    }

    private static RunEntry entry(String id, boolean isStarted, RunState state) {
        Task task =
                id.startsWith("observed") ? new Task.Follow(70, Set.of()) : new Task.Retry(new RunSelector.ById(90));
        ResolvedCommand resolved = new ResolvedCommand(
                task,
                "default",
                1,
                7L,
                null,
                null,
                null,
                new RunOptions(Duration.ofSeconds(10), NOW, null, false, IfRunning.QUEUE, List.of()),
                null,
                null,
                null);
        return SampleEntry.of(id)
                .offset(0)
                .acceptedAt(NOW)
                .started(isStarted)
                .resolved(resolved)
                .in(state);
    }

    private static RunSnapshot retry(long id, long of) {
        RunSnapshot run = SampleRun.of(id).jobId(7).build();
        return new RunSnapshot(
                id,
                1,
                null,
                null,
                7,
                null,
                run.status(),
                null,
                null,
                NOW,
                null,
                null,
                false,
                "Retry",
                of,
                RunDetails.NONE);
    }
}
