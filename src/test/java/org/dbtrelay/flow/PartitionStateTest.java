package org.dbtrelay.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.AbstractCollection;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.CauseMarker;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.RunEntry;
import org.junit.jupiter.api.Test;

/** What is asked of the entries costs by the answer, and not by how many entries there are. */
class PartitionStateTest {

    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
    private static final Policy POLICY = SlotsTest.policy(null, null);
    private static final Target ACCOUNT = new Target("default", 1);
    private static final int REMEMBERED = 100_000;

    private final CountedEntries entries = new CountedEntries();
    private final CommandViews views = new CommandViews();

    private void put(PartitionState books, RunEntry entry) {
        replace(books, entries.put(entry.commandId(), entry), entry);
    }

    private void remove(PartitionState books, String commandId) {
        replace(books, entries.remove(commandId), null);
    }

    /** As the decisions do it. */
    private static void replace(PartitionState books, RunEntry before, RunEntry after) {
        books.queues().replace(before, after);
        books.replaced(before, after);
    }

    @Test
    void the_list_of_open_commands_looks_at_no_finished_one() {
        PartitionState books = booksOf(REMEMBERED, 10);
        views.serve(0, books);
        entries.looks = 0;

        assertThat(views.unfinished(1_000)).hasSize(10);
        assertThat(views.unfinished(3)).hasSize(3);
        assertThat(entries.looks).isLessThan(20);
        assertThat(books.open()).hasSize(10);
        put(books, SlotsTest.over(books.find("c3")));
        assertThat(views.unfinished(1_000)).hasSize(9);
        put(books, SlotsTest.waiting(-5, 7));
        assertThat(books.open()).hasSize(10).contains("c-5").doesNotContain("c3");
        remove(books, "c-5");
        assertThat(books.open()).hasSize(9);
    }

    @Test
    void a_sweep_looks_at_the_commands_whose_runs_it_has_found() {
        PartitionState books = booksOf(REMEMBERED, 10);
        put(books, SlotsTest.in(books.find("c1"), SlotsTest.following(91)));
        put(books, SlotsTest.in(books.find("c2"), SlotsTest.following(92)));
        entries.looks = 0;

        List<Input.MarkedRunsFound> marked = books.marked()
                .of(
                        new Input.SweepResult(
                                ACCOUNT,
                                List.of(
                                        run(91, "c1"),
                                        run(92, "c2"),
                                        run(93, "c2"),
                                        run(94, "c5"),
                                        run(95, "somebody else's"))),
                        NOW);

        assertThat(marked).extracting(Input.MarkedRunsFound::commandId).containsExactly("c2", "c5");
        assertThat(marked.getFirst().runs()).extracting(RunSnapshot::runId).containsExactly(92L, 93L);
        assertThat(entries.looks).isLessThan(20);
    }

    @Test
    void a_sweep_tells_a_command_that_was_over_lately_and_none_that_was_over_long_ago() {
        PartitionState books = booksOf(0, 2);
        put(books, SlotsTest.over(books.find("c0")));
        Input.SweepResult swept = new Input.SweepResult(ACCOUNT, List.of(run(91, "c0"), run(92, "c0")));

        assertThat(books.marked().of(swept, NOW.plus(Duration.ofHours(2)))).hasSize(1);
        assertThat(books.marked().of(swept, NOW.plus(Duration.ofHours(3)))).isEmpty();

        RunEntry other = books.find("c1");
        put(books, over(other, NOW.plus(Duration.ofHours(3))));
        assertThat(books.marked().of(swept, NOW)).as("it is not kept for ever").isEmpty();
    }

    @Test
    void the_same_id_sent_again_after_it_was_forgotten_is_known_to_a_sweep() {
        PartitionState books = booksOf(0, 2);
        put(books, SlotsTest.over(books.find("c0")));
        remove(books, "c0");
        put(books, SlotsTest.waiting(0, 7));
        put(books, over(books.find("c1"), NOW.plus(Duration.ofHours(3))));

        assertThat(books.marked().of(new Input.SweepResult(ACCOUNT, List.of(run(91, "c0"))), NOW))
                .hasSize(1);
    }

    @Test
    void the_events_of_many_failures_are_kept_within_a_bound_of_bytes() {
        views.serve(0, booksOf(0, 2_000));
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
    void the_newest_fifty_events_of_a_command_are_kept_however_large_they_are() {
        views.serve(0, booksOf(0, 1));
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

    private PartitionState booksOf(int finished, int open) {
        for (int i = 0; i < open; i++) {
            entries.put("c" + i, SlotsTest.waiting(i, 7));
        }
        for (int i = open; i < open + finished; i++) {
            RunEntry over = over(SlotsTest.waiting(i, 7), NOW.minus(Duration.ofHours(i % 100)));
            entries.put(over.commandId(), over);
        }
        return new PartitionState(entries, POLICY, SimMetrics.none(), NOW);
    }

    private static RunEntry over(RunEntry entry, Instant at) {
        return SlotsTest.over(entry, 1_000_000 + entry.offset(), at);
    }

    private static RunSnapshot run(long runId, String commandId) {
        return SlotsTest.run(
                runId,
                CauseMarker.of(POLICY.deployment(), POLICY.ledger(), commandId).text());
    }

    /** Counts how often an entry is looked at, one by one or in a walk over all. */
    private static final class CountedEntries extends ConcurrentHashMap<String, RunEntry> {

        private static final long serialVersionUID = 1L;

        private int looks;

        @Override
        public RunEntry get(Object id) {
            looks++;
            return super.get(id);
        }

        @Override
        public Collection<RunEntry> values() {
            Collection<RunEntry> all = super.values();
            return new AbstractCollection<>() {
                @Override
                public Iterator<RunEntry> iterator() {
                    Iterator<RunEntry> each = all.iterator();
                    return new Iterator<>() {
                        @Override
                        public boolean hasNext() {
                            return each.hasNext();
                        }

                        @Override
                        public RunEntry next() {
                            looks++;
                            return each.next();
                        }
                    };
                }

                @Override
                public int size() {
                    return all.size();
                }
            };
        }
    }
}
