package org.dbtrelay.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.dbtrelay.run.CancelReason;
import org.dbtrelay.run.EventType;
import org.dbtrelay.run.JobNames;
import org.dbtrelay.run.JobRunStatus;
import org.dbtrelay.run.JobSelector;
import org.dbtrelay.run.Order;
import org.dbtrelay.run.Overrides;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.RunState;
import org.dbtrelay.run.WantedArtifact;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EntryCodecTest {

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
                null,
                NOW,
                null,
                false,
                "[relay:x:y] cause",
                null);
        RunSnapshot strange = new RunSnapshot(
                1, 1, null, null, 7, null, JobRunStatus.of(77), null, null, null, null, null, null, true, null, 5L);
        return Stream.of(
                new RunState.Waiting(1, 2, 3, NOW),
                new RunState.Waiting(0, 0, 0, null),
                new RunState.Starting(1, 0, NOW),
                new RunState.Looking(2, 1, NOW, NOW, 4),
                new RunState.Following(run, NOW, null),
                new RunState.Following(strange, NOW, NOW),
                new RunState.Cancelling(run, CancelReason.CANCELLED_BY_RELAY, NOW),
                new RunState.Collecting(
                        run,
                        "timed_out",
                        List.of(new WantedArtifact("manifest.json", 4), new WantedArtifact("x/y.json", null)),
                        NOW,
                        2),
                new RunState.Finished(EventType.RUN_SUCCEEDED, null, 99L, NOW));
    }

    @ParameterizedTest
    @MethodSource("everyState")
    void an_entry_comes_back_as_it_was(RunState state) throws LedgerException {
        RunEntry entry =
                new RunEntry("c1", "hash", NOW, 3, true, state instanceof RunState.Finished ? null : order(), state);

        assertThat(EntryCodec.readEntry(EntryCodec.write(entry))).isEqualTo(entry);
    }

    @Test
    void a_position_comes_back_as_it_was() throws LedgerException {
        Position position = new Position("topic-id", 17);

        assertThat(EntryCodec.readPosition(EntryCodec.write(position))).isEqualTo(position);
    }

    /** The bytes that version 1 wrote; they must stay readable for as long as a version 1 may be on disk. */
    @Test
    void what_version_1_wrote_can_be_read() throws LedgerException {
        String written = """
                {"v":1,"entry":{"command_id":"c1","command_hash":"h","accepted_at":"2026-11-22T10:00:00Z",\
                "next_sequence":2,"adopted":false,"order":{"verb":"trigger","connection":"default","account_id":1,\
                "selector":{"by":"id","job_id":7},"job_id":7,"overrides":{"run_config_fields":[]},\
                "poll_interval":"PT10S","deadline":"2026-11-23T10:00:00Z","cancel_at_deadline":true,\
                "park_unclear":false,"artifacts":["manifest.json"]},\
                "state":{"state":"following","run":{"run_id":99,"account_id":1,"job_id":7,"status":1,\
                "artifacts_saved":false},"changed_at":"2026-11-22T10:00:01Z"}}}""";

        RunEntry entry = EntryCodec.readEntry(written.getBytes(StandardCharsets.UTF_8));

        assertThat(entry.openOrder().selector()).isEqualTo(new JobSelector.ById(7));
        assertThat(((RunState.Following) entry.state()).run().runId()).isEqualTo(99);
        assertThat(((RunState.Following) entry.state()).run().status()).isEqualTo(JobRunStatus.Known.QUEUED);
    }

    @Test
    void a_version_that_nobody_knows_and_garbage_are_refused() {
        byte[] future = "{\"v\":99,\"entry\":null}".getBytes(StandardCharsets.UTF_8);
        byte[] garbage = {1, 2, 3};

        assertThatThrownBy(() -> EntryCodec.readEntry(future))
                .isInstanceOf(LedgerException.class)
                .hasMessageContaining("99");
        assertThatThrownBy(() -> EntryCodec.readEntry(garbage)).isInstanceOf(LedgerException.class);
    }

    private static Order order() {
        return new Order(
                "trigger",
                "default",
                1,
                new JobSelector.ByNames(new JobNames("p", "e", "j")),
                7L,
                "j",
                "cause",
                new Overrides(List.of("dbt run"), "schema", "{\"threads_override\":8}", Set.of("threads_override")),
                Duration.ofSeconds(10),
                NOW,
                true,
                false,
                List.of("manifest.json"),
                "{\"a\":1}",
                null);
    }
}
