package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.dbtrelay.run.ArtifactWish;
import org.dbtrelay.run.CancelReason;
import org.dbtrelay.run.CommandHash;
import org.dbtrelay.run.EventType;
import org.dbtrelay.run.IfRunning;
import org.dbtrelay.run.JobNames;
import org.dbtrelay.run.JobRunStatus;
import org.dbtrelay.run.JobSelector;
import org.dbtrelay.run.Order;
import org.dbtrelay.run.Overrides;
import org.dbtrelay.run.RunEnd;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunSelector;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.RunState;
import org.dbtrelay.run.StartCall;
import org.dbtrelay.run.Starts;
import org.dbtrelay.run.Task;
import org.dbtrelay.run.Terms;
import org.dbtrelay.run.TraceContext;
import org.dbtrelay.run.WantedArtifact;
import org.dbtrelay.run.Wishes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

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
                null);
        RunSnapshot strange = new RunSnapshot(
                1, 1, null, null, 7, null, JobRunStatus.of(77), null, null, null, null, null, true, null, 5L);
        return Stream.of(
                new RunState.Waiting(new Starts(1, 2, NOW, 70L, null), 3, NOW),
                new RunState.Waiting(Starts.NONE, 0, null),
                new RunState.Starting(new Starts(1, 0, NOW, null, null), new StartCall.Trigger(), 0),
                new RunState.Looking(new Starts(2, 1, NOW, 0L, null), new StartCall.Trigger(), NOW, 4, null),
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
                        null,
                        null,
                        null,
                        null),
                new RunState.Finished(EventType.RUN_SUCCEEDED, null, 99L, NOW),
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
                new RunState.Starting(new Starts(2, 1, NOW, 70L, "500: away"), new StartCall.Retry(99), 4),
                new RunState.Cancelling(run, CancelReason.CANCELLED_BY_RELAY, NOW, 3, NOW, "403"),
                new RunState.Looking(Starts.NONE, new StartCall.Trigger(), NOW, 4, NOW));
    }

    @ParameterizedTest
    @MethodSource("everyState")
    void an_entry_comes_back_as_it_was(RunState state) throws LedgerException {
        RunEntry entry = new RunEntry(
                "c1", 17, HASH, NOW, 3, true, List.of(5L), state instanceof RunState.Finished ? null : order(), state);

        assertThat(EntryCodec.readEntry(EntryCodec.write(entry, EntryCodec.VERSION)))
                .isEqualTo(entry);
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {"vendor=1, 2", "vendor=1, 3", "-, 2", "-, 3"})
    void a_trace_comes_back_as_it_was(String tracestate, int version) throws LedgerException, IOException {
        String traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        RunEntry entry = entry(1, everyState().toList().getFirst());
        ObjectNode record = (ObjectNode) JSON.readTree(EntryCodec.write(entry, version));
        ((ObjectNode) record.at("/entry/order")).put("traceparent", traceparent);
        if (tracestate != null) {
            ((ObjectNode) record.at("/entry/order")).put("tracestate", tracestate);
        }

        RunEntry read = EntryCodec.readEntry(JSON.writeValueAsBytes(record));

        assertThat(read.openOrder().trace()).isEqualTo(new TraceContext(traceparent, tracestate));
        assertThat(JSON.readTree(EntryCodec.write(read, version))).isEqualTo(record);
    }

    @Test
    void what_entries_have_in_common_they_share() throws LedgerException {
        RunState state = everyState().toList().get(4);
        RunEntry one = EntryCodec.readEntry(EntryCodec.write(entry(1, state), EntryCodec.VERSION));
        RunEntry other = EntryCodec.readEntry(EntryCodec.write(entry(2, state), EntryCodec.VERSION));

        assertThat(other.openOrder().connection()).isSameAs(one.openOrder().connection());
        assertThat(other.openOrder().jobName()).isSameAs(one.openOrder().jobName());
        assertThat(other.openOrder().jobId()).isSameAs(one.openOrder().jobId());
        assertThat(other.openOrder().terms().pollInterval())
                .isSameAs(one.openOrder().terms().pollInterval());
        assertThat(other.openOrder().terms().artifacts().getFirst())
                .isSameAs(one.openOrder().terms().artifacts().getFirst());
        assertThat(other.commandId()).isEqualTo("c2");
    }

    @Test
    void a_position_comes_back_as_it_was() throws LedgerException {
        Position position = new Position("topic-id", 17, "orders", "cluster", 40L);

        assertThat(EntryCodec.readPosition(EntryCodec.write(position, EntryCodec.VERSION)))
                .isEqualTo(position);
    }

    /** The bytes that earlier builds wrote. They are never made again: a build that cannot read them loses commands. */
    @ParameterizedTest
    @CsvSource({
        "v2/0-waiting, 0",
        "v2/1-waiting, 1",
        "v2/2-starting, 2",
        "v2/3-looking, 3",
        "v2/4-following, 4",
        "v2/5-following, 5",
        "v2/6-cancelling, 6",
        "v2/7-collecting, 7",
        "v2/8-finished, 8",
        "v3/0-waiting, 0",
        "v3/1-waiting, 1",
        "v3/2-starting, 2",
        "v3/3-looking, 3",
        "v3/4-following, 4",
        "v3/5-following, 5",
        "v3/6-cancelling, 6",
        "v3/7-collecting, 7",
        "v3/8-finished, 8",
        "v3/9-collecting, 9",
        "v3/10-starting, 10"
    })
    void what_was_written_once_can_be_read(String file, int state) throws LedgerException, IOException {
        RunState expected = everyState().toList().get(state);

        RunEntry entry = EntryCodec.readEntry(golden(file));

        assertThat(entry.state()).isEqualTo(expected);
        assertThat(entry.strays()).isEqualTo(List.of(5L));
        assertThat(entry.commandHash()).isEqualTo(HASH);
        assertThat(entry.offset()).isEqualTo(file.startsWith("v2") ? RunEntry.NO_OFFSET : 17);
        assertThat(entry.order()).isEqualTo(expected instanceof RunState.Finished ? null : order());
    }

    @ParameterizedTest
    @MethodSource("everyTask")
    void a_task_comes_back_as_it_was(Task task) throws LedgerException {
        RunEntry entry = entry(1, everyState().toList().getFirst());
        Order order = new Order(
                task,
                "default",
                1,
                null,
                null,
                NOW,
                new Wishes(
                        Duration.ofSeconds(1),
                        null,
                        true,
                        false,
                        IfRunning.SKIP,
                        List.of(new ArtifactWish("x.json", 3))),
                order().terms(),
                null,
                null,
                null);
        RunEntry other = new RunEntry(
                "c1", 17, HASH, NOW, 3, true, List.of(), order, new RunState.Waiting(Starts.NONE, 0, null));

        assertThat(EntryCodec.readEntry(EntryCodec.write(other, EntryCodec.VERSION)))
                .isEqualTo(other);
        assertThat(entry.openOrder().task().verb()).isEqualTo("trigger");
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
    void a_start_that_is_in_doubt_comes_back_as_it_was(StartCall call) throws LedgerException {
        RunEntry starting = entry(1, new RunState.Starting(new Starts(3, 1, NOW, 70L, "500: away"), call, 4));
        RunEntry looking = entry(2, new RunState.Looking(Starts.NONE, call, NOW, 0, null));

        assertThat(EntryCodec.readEntry(EntryCodec.write(starting, EntryCodec.VERSION)))
                .isEqualTo(starting);
        assertThat(EntryCodec.readEntry(EntryCodec.write(looking, EntryCodec.VERSION)))
                .isEqualTo(looking);
    }

    static Stream<StartCall> everyCall() {
        return Stream.of(new StartCall.Trigger(), new StartCall.Retry(99));
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3"})
    void a_position_that_was_written_once_can_be_read(String version) throws LedgerException, IOException {
        assertThat(EntryCodec.readPosition(golden(version + "/position")))
                .isEqualTo(new Position("AAECAwQFBgcICQoLDA0ODw", 17, null, null, null));
    }

    @Test
    void a_position_with_the_deployment_that_was_written_once_can_be_read() throws LedgerException, IOException {
        assertThat(EntryCodec.readPosition(golden("v3/position-of-deployment")))
                .isEqualTo(new Position("AAECAwQFBgcICQoLDA0ODw", 17, "orders", null, null));
    }

    /** Byte for byte, so that the build before can read what this one writes for it. */
    @ParameterizedTest
    @CsvSource({
        "0-waiting, 0",
        "1-waiting, 1",
        "2-starting, 2",
        "3-looking, 3",
        "4-following, 4",
        "5-following, 5",
        "6-cancelling, 6",
        "7-collecting, 7",
        "8-finished, 8"
    })
    void the_version_before_can_still_be_written(String file, int state) throws IOException {
        RunEntry entry = entry(state, everyState().toList().get(state));

        JsonNode written = JSON.readTree(EntryCodec.write(entry, EntryCodec.VERSION_BEFORE));

        assertThat(written).isEqualTo(JSON.readTree(golden("v2/" + file)));
    }

    @Test
    void what_the_version_before_did_not_know_is_not_written_in_it() throws LedgerException, IOException {
        RunEntry entry = entry(1, everyState().toList().getFirst());
        Order cancel = new Order(
                new Task.Cancel(new RunSelector.ById(1)),
                "default",
                1,
                null,
                null,
                null,
                null,
                entry.openOrder().terms(),
                null,
                null,
                null);

        RunEntry cancelling = new RunEntry("c1", 1, HASH, NOW, 1, false, List.of(), cancel, entry.state());

        byte[] written = EntryCodec.write(cancelling, EntryCodec.VERSION_BEFORE);

        assertThat(JSON.readTree(written).path("v").asInt()).isEqualTo(EntryCodec.VERSION);
        assertThat(EntryCodec.readEntry(written)).isEqualTo(cancelling);
    }

    private static RunEntry entry(int number, RunState state) {
        return new RunEntry(
                "c" + number,
                17,
                HASH,
                NOW,
                3,
                true,
                List.of(5L),
                state instanceof RunState.Finished ? null : order(),
                state);
    }

    private static byte[] golden(String file) throws IOException {
        try (InputStream in = EntryCodecTest.class.getResourceAsStream("/ledger/" + file + ".json")) {
            assertThat(in).as(file).isNotNull();
            return in.readAllBytes();
        }
    }

    @Test
    void a_version_that_nobody_knows_and_garbage_are_refused() {
        byte[] future = "{\"v\":99,\"entry\":null}".getBytes(StandardCharsets.UTF_8);
        byte[] futureOfAnotherShape = "{\"v\":98,\"entry\":{\"next_sequence\":[]}}".getBytes(StandardCharsets.UTF_8);
        byte[] empty = "{\"v\":1}".getBytes(StandardCharsets.UTF_8);
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

    private static Order order() {
        return new Order(
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
                new Terms(
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
