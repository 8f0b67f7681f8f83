package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.partition.CountedEntries;
import org.dbtrelay.run.partition.Partition;
import org.dbtrelay.run.partition.SlotsTest;
import org.dbtrelay.run.state.RunEntry;
import org.junit.jupiter.api.Test;

/** The cost of a view depends on the size of the answer, and not on the number of commands. */
class CommandViewsTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

    private final CountedEntries entries = new CountedEntries();
    private final CommandViews views = new CommandViews();

    @Test
    void theListOfOpenCommandsReadsNoFinishedOne() {
        views.serve(0, partitionOf(100_000, 10));
        entries.reads = 0;

        Comparator<RunEntry> byId = Comparator.comparing(RunEntry::commandId);
        assertThat(views.first(false, entry -> true, byId, 1_000)).hasSize(10);
        assertThat(views.first(false, entry -> true, byId.reversed(), 3))
                .as("the first three in the order")
                .isSortedAccordingTo(Comparator.comparing(CommandViews.View::entry, byId.reversed()))
                .hasSize(3);
        assertThat(entries.reads).as("each open one once for each list").isLessThanOrEqualTo(20);
    }

    @Test
    void theEventsOfManyFailuresAreKeptWithinABoundOfBytes() {
        views.serve(0, partitionOf(0, 2_000));
        for (int i = 0; i < 2_000; i++) {
            tell("c" + i, "starts");
            tell("c" + i, "x".repeat(40_000));
        }

        long kept = IntStream.range(0, 2_000).mapToLong(i -> bytesOf("c" + i)).sum();
        assertThat(kept).isLessThan(CommandViews.MOST_BYTES).isGreaterThan(CommandViews.MOST_BYTES - 100_000);
        assertThat(views.find("c1999").orElseThrow().events()).hasSize(2);
        assertThat(views.find("c0").orElseThrow().events()).isEmpty();
    }

    @Test
    void theNewestFiftyEventsOfACommandAreKeptHoweverLargeTheyAre() {
        views.serve(0, partitionOf(0, 1));
        for (int i = 0; i < 60; i++) {
            tell("c0", "small");
        }
        assertThat(views.find("c0").orElseThrow().events()).hasSize(50);

        tell("c0", "x".repeat(CommandViews.MOST_BYTES / 2));
        tell("c0", "x".repeat(CommandViews.MOST_BYTES / 2));

        assertThat(views.find("c0").orElseThrow().events()).hasSize(1);
        assertThat(bytesOf("c0")).isLessThan(CommandViews.MOST_BYTES);
    }

    private void tell(String commandId, String event) {
        views.told(commandId, event.getBytes(StandardCharsets.UTF_8));
    }

    private long bytesOf(String id) {
        return views.find(id).orElseThrow().events().stream()
                .mapToLong(event -> event.length)
                .sum();
    }

    private Partition partitionOf(int finished, int open) {
        for (int i = 0; i < open; i++) {
            entries.put("c" + i, SlotsTest.waiting(i, 7));
        }
        for (int i = open; i < open + finished; i++) {
            RunEntry over =
                    SlotsTest.over(SlotsTest.waiting(i, 7), 1_000_000 + i, NOW.minus(Duration.ofHours(i % 100)));
            entries.put(over.commandId(), over);
        }
        return new Partition(
                entries, SlotsTest.policy(null, null), (entry, input, now, queues) -> Decision.NOTHING, _ -> null, NOW);
    }
}
