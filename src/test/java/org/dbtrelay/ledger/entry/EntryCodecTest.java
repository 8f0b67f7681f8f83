package org.dbtrelay.ledger.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.Coalesce;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.OnFailure;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.state.JobStart;
import org.dbtrelay.run.state.Retries;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.SampleEntry;
import org.dbtrelay.run.state.Share;
import org.dbtrelay.run.state.StartAttempts;
import org.dbtrelay.run.state.StartCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class EntryCodecTest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final CommandHash HASH = CommandHash.of("0123456789abcdef0123456789abcdef");
    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00.123456789Z");

    static Stream<RunState> everyState() {
        RunSnapshot run = new RunSnapshot(
                70403110257794L,
                1,
                2L,
                null,
                7,
                "daily",
                JobRunStatus.Known.RUNNING,
                "message",
                "https://x",
                NOW,
                NOW,
                null,
                false,
                "[relay:x:y] cause",
                null,
                new RunDetails(
                        "main", "3fca0a5b", "1.9.0-latest", List.of(3L), true, "scheduled", "api", "relay", 17L));
        RunSnapshot strange = new RunSnapshot(
                1,
                1,
                null,
                null,
                7,
                null,
                JobRunStatus.of(77),
                null,
                null,
                null,
                null,
                null,
                true,
                null,
                5L,
                RunDetails.NONE);
        return Stream.of(
                new RunState.Waiting(new StartAttempts(1, 2, NOW, 70L, null), 3, NOW),
                new RunState.Waiting(StartAttempts.NONE, 0, null),
                new RunState.Starting(new StartAttempts(1, 0, NOW, null, null), new StartCall.Trigger(), 0),
                new RunState.Searching(new StartAttempts(2, 1, NOW, 0L, null), new StartCall.Trigger(), NOW, 4, null),
                new RunState.Following(run, NOW, null),
                new RunState.Following(strange, NOW, NOW),
                new RunState.Cancelling(run, CancelReason.CANCELLED_BY_RELAY, NOW, 1, null, null),
                new RunState.Collecting(
                        run,
                        EventType.RUN_CANCELLED,
                        "timed_out",
                        List.of(new WantedArtifact("manifest.json", 4), new WantedArtifact("x/y.json", null)),
                        NOW,
                        2,
                        NOW,
                        NOW,
                        null,
                        null),
                new RunState.Finished(EventType.RUN_SUCCEEDED, null, 99L, NOW, null, null),
                new RunState.Collecting(
                        run,
                        EventType.RUN_FAILED,
                        null,
                        List.of(),
                        NOW,
                        0,
                        NOW.plusSeconds(1),
                        NOW.plusSeconds(2),
                        null,
                        new RunState.Explaining(
                                Set.of(RunEnd.Part.STEPS, RunEnd.Part.LOG), Set.of(RunEnd.Part.NODES), 3)),
                new RunState.Starting(new StartAttempts(2, 1, NOW, 70L, "500: away"), new StartCall.Retry(99), 4),
                new RunState.Cancelling(run, CancelReason.CANCELLED_BY_RELAY, NOW, 3, NOW, "403"),
                new RunState.Searching(StartAttempts.NONE, new StartCall.Trigger(), NOW, 4, NOW),
                new RunState.Judging(run, JobRunStatus.Known.RUNNING, NOW, 3),
                new RunState.Retrying(NOW),
                new RunState.Joined(),
                new RunState.Finished(EventType.RUN_FAILED, null, 99L, NOW, "default", 7L));
    }

    @ParameterizedTest
    @MethodSource("everyState")
    void anEntryComesBackAsItWas(RunState state) throws LedgerException {
        RunEntry entry = sample("c1").strays(5L).resolved(resolved()).in(state);

        assertThat(EntryCodec.readEntry(EntryCodec.write(entry))).isEqualTo(entry);
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {"vendor=1", "-"})
    void aTraceComesBackAsItWas(String tracestate) throws LedgerException, IOException {
        String traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        RunEntry entry = entry(1, everyState().toList().getFirst());
        ObjectNode record = (ObjectNode) JSON.readTree(EntryCodec.write(entry));
        ((ObjectNode) record.at("/entry/resolved")).put("traceparent", traceparent);
        if (tracestate != null) {
            ((ObjectNode) record.at("/entry/resolved")).put("tracestate", tracestate);
        }

        RunEntry read = EntryCodec.readEntry(JSON.writeValueAsBytes(record));

        assertThat(read.openCommand().trace()).isEqualTo(new TraceContext(traceparent, tracestate));
        assertThat(JSON.readTree(EntryCodec.write(read))).isEqualTo(record);
    }

    @Test
    void whatEntriesHaveInCommonTheyShare() throws LedgerException {
        RunState state = everyState().toList().get(4);
        RunEntry one = EntryCodec.readEntry(EntryCodec.write(entry(1, state)));
        RunEntry other = EntryCodec.readEntry(EntryCodec.write(entry(2, state)));

        assertThat(other.openCommand().connection()).isSameAs(one.openCommand().connection());
        assertThat(other.openCommand().jobName()).isSameAs(one.openCommand().jobName());
        assertThat(other.openCommand().jobId()).isSameAs(one.openCommand().jobId());
        assertThat(other.openCommand().options().pollInterval())
                .isSameAs(one.openCommand().options().pollInterval());
        assertThat(other.openCommand().options().artifacts().getFirst())
                .isSameAs(one.openCommand().options().artifacts().getFirst());
        assertThat(other.commandId()).isEqualTo("c2");
    }

    @Test
    void aPositionComesBackAsItWas() throws LedgerException {
        Position position = new Position("topic-id", 17, "orders", "cluster", 40L);

        assertThat(EntryCodec.readPosition(EntryCodec.write(position))).isEqualTo(position);
    }

    /** The bytes that earlier builds wrote. They are never made again: a build that cannot read them loses commands. */
    @ParameterizedTest
    @CsvSource({
        "v1/0-waiting, 0",
        "v1/1-waiting, 1",
        "v1/2-starting, 2",
        "v1/3-looking, 3",
        "v1/4-following, 4",
        "v1/5-following, 5",
        "v1/6-cancelling, 6",
        "v1/7-collecting, 7",
        "v1/8-finished, 8",
        "v1/9-collecting, 9",
        "v1/10-starting, 10",
        "v1/13-judging, 13",
        "v1/14-retrying, 14",
        "v1/15-joined, 15",
        "v1/16-finished, 16"
    })
    void whatWasWrittenOnceCanBeRead(String file, int state) throws LedgerException, IOException {
        RunState expected = everyState().toList().get(state);

        RunEntry entry = EntryCodec.readEntry(golden(file));

        assertThat(entry.state()).isEqualTo(expected);
        assertThat(entry.strays()).isEqualTo(List.of(5L));
        assertThat(entry.commandHash()).isEqualTo(HASH);
        assertThat(entry.offset()).isEqualTo(17);
        assertThat(entry.resolved()).isEqualTo(expected instanceof RunState.Finished ? null : resolved());
    }

    @Test
    void theRunsOfACommandThatMayHaveMoreComeBackAsTheyWere() throws LedgerException, IOException {
        RunEntry entry = EntryCodec.readEntry(golden("v1/retries"));

        RunSnapshot last = Objects.requireNonNull(entry.failedRun());
        assertThat(last.runId()).isEqualTo(70403110257794L);
        assertThat(entry.retries()).isEqualTo(new Retries(1, 4, last));
        assertThat(entry.openCommand().options().onFailure())
                .isEqualTo(new OnFailure(
                        2, Duration.ofMinutes(1), 1.5, OnFailure.When.TRANSIENT, OnFailure.How.FROM_FAILURE));
        assertThat(EntryCodec.readEntry(EntryCodec.write(entry))).isEqualTo(entry);
    }

    /** A command that says nothing about failed runs is written as before. */
    @Test
    void anEntryOfACommandWithOneRunHasNothingNew() {
        String written = new String(EntryCodec.write(entry(1, new RunState.Retrying(NOW))), StandardCharsets.UTF_8);

        assertThat(written)
                .doesNotContain("retries", "on_failure", "again", "share", "last_start", "coalesce", "min_interval");
    }

    @Test
    void thePlaceAmongThoseThatShareARunComesBackAsItWas() throws LedgerException, IOException {
        RunEntry entry = EntryCodec.readEntry(golden("v1/shared"));

        assertThat(entry.share()).isEqualTo(new Share("c1", NOW, "c2", 3));
        assertThat(entry.lastStart()).isEqualTo(new JobStart(new Target("default", 1), 7, NOW, null));
        assertThat(entry.openCommand().options().coalesce())
                .isEqualTo(new Coalesce(Duration.ofMinutes(2), Duration.ofMinutes(15)));
        assertThat(entry.openCommand().options().minInterval()).isEqualTo(Duration.ofMinutes(10));
        assertThat(EntryCodec.readEntry(EntryCodec.write(entry))).isEqualTo(entry);
    }

    @ParameterizedTest
    @MethodSource("everyTask")
    void aTaskComesBackAsItWas(Task task) throws LedgerException {
        RunEntry entry = entry(1, everyState().toList().getFirst());
        ResolvedCommand resolved = new ResolvedCommand(
                task,
                "default",
                1,
                null,
                null,
                NOW,
                new RequestedOptions(
                        Duration.ofSeconds(1),
                        null,
                        true,
                        false,
                        IfRunning.SKIP,
                        List.of(new ArtifactWish("x.json", 3))),
                resolved().options(),
                null,
                null,
                null);
        RunEntry other = sample("c1").resolved(resolved).in(new RunState.Waiting(StartAttempts.NONE, 0, null));

        assertThat(EntryCodec.readEntry(EntryCodec.write(other))).isEqualTo(other);
        assertThat(entry.openCommand().task().verb()).isEqualTo("trigger");
    }

    static Stream<Task> everyTask() {
        return Stream.of(
                new Task.Trigger(new JobSelector.ById(7), null, Overrides.NONE, true, true),
                new Task.Retry(new RunSelector.ById(99)),
                new Task.Retry(new RunSelector.OfCommand("c0")),
                new Task.Rerun(new JobSelector.ByNames(new JobNames("p", "e", "j"))),
                new Task.Cancel(new RunSelector.OfCommand("c0")),
                new Task.Follow(99, Set.of(JobRunStatus.Known.SUCCESS, JobRunStatus.Known.RUNNING)),
                new Task.Follow(99, Set.of()));
    }

    @ParameterizedTest
    @MethodSource("everyCall")
    void aStartThatIsInDoubtComesBackAsItWas(StartCall call) throws LedgerException {
        RunEntry starting = entry(1, new RunState.Starting(new StartAttempts(3, 1, NOW, 70L, "500: away"), call, 4));
        RunEntry looking = entry(2, new RunState.Searching(StartAttempts.NONE, call, NOW, 0, null));

        assertThat(EntryCodec.readEntry(EntryCodec.write(starting))).isEqualTo(starting);
        assertThat(EntryCodec.readEntry(EntryCodec.write(looking))).isEqualTo(looking);
    }

    static Stream<StartCall> everyCall() {
        return Stream.of(new StartCall.Trigger(), new StartCall.Retry(99));
    }

    @Test
    void aPositionThatWasWrittenOnceCanBeRead() throws LedgerException, IOException {
        assertThat(EntryCodec.readPosition(golden("v1/position")))
                .isEqualTo(new Position("AAECAwQFBgcICQoLDA0ODw", 17, null, null, null));
    }

    @Test
    void aPositionWithTheDeploymentThatWasWrittenOnceCanBeRead() throws LedgerException, IOException {
        assertThat(EntryCodec.readPosition(golden("v1/position-of-deployment")))
                .isEqualTo(new Position("AAECAwQFBgcICQoLDA0ODw", 17, "orders", null, null));
    }

    @Test
    void aCursorThatWasWrittenOnceCanBeRead() throws LedgerException, IOException {
        ObserveCursor cursor = new ObserveCursor("default", 4238, 70403110257797L, NOW);

        assertThat(EntryCodec.readCursor(golden("v1/cursor"))).isEqualTo(cursor);
        assertThat(EntryCodec.readCursor(EntryCodec.write(cursor))).isEqualTo(cursor);
    }

    private static RunEntry entry(int number, RunState state) {
        return sample("c" + number).strays(5L).resolved(resolved()).in(state);
    }

    private static SampleEntry sample(String id) {
        return SampleEntry.of(id)
                .offset(17)
                .hash(HASH)
                .acceptedAt(NOW)
                .nextSequence(3)
                .adopted();
    }

    private static byte[] golden(String file) throws IOException {
        try (InputStream in = EntryCodecTest.class.getResourceAsStream("/ledger/" + file + ".json")) {
            assertThat(in).as(file).isNotNull();
            return in.readAllBytes();
        }
    }

    @Test
    void aVersionThatNobodyKnowsAndGarbageAreRefused() {
        byte[] future = "{\"v\":99,\"entry\":null}".getBytes(StandardCharsets.UTF_8);
        byte[] futureOfAnotherShape = "{\"v\":98,\"entry\":{\"next_sequence\":[]}}".getBytes(StandardCharsets.UTF_8);
        byte[] empty = "{\"v\":0}".getBytes(StandardCharsets.UTF_8);
        byte[] garbage = {1, 2, 3};

        assertThatThrownBy(() -> EntryCodec.readEntry(future))
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("99");
        assertThatThrownBy(() -> EntryCodec.readEntry(futureOfAnotherShape))
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("98");
        assertThatThrownBy(() -> EntryCodec.readEntry(empty)).isInstanceOf(LedgerException.class);
        assertThatThrownBy(() -> EntryCodec.readEntry(garbage)).isInstanceOf(LedgerException.class);
    }

    private static ResolvedCommand resolved() {
        return new ResolvedCommand(
                new Task.Trigger(
                        new JobSelector.ByNames(new JobNames("p", "e", "j")),
                        "cause",
                        new Overrides(
                                List.of("dbt run"), "schema", "{\"threads_override\":8}", Set.of("threads_override")),
                        false,
                        false),
                "default",
                1,
                7L,
                "j",
                null,
                null,
                new RunOptions(
                        Duration.ofSeconds(10),
                        NOW,
                        true,
                        false,
                        IfRunning.QUEUE,
                        List.of(ArtifactWish.of("manifest.json"))),
                "{\"a\":1}",
                null,
                null);
    }
}
