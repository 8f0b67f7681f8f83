package org.dbtrelay.run.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.dbtrelay.config.PatternFiles;
import org.dbtrelay.run.job.FailurePattern.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What failures pass by themselves: those that the table knows, and only if nothing speaks against it. */
class FailurePatternsTest {

    private static final FailurePatterns OWN = new FailurePatterns(
            PatternFiles.own().stream().map(FailurePatterns.Row::pattern).toList());
    private static final String DEADLOCK = "Database Error in model orders (models/orders.sql)\n  deadlock detected\n"
            + "  DETAIL:  Process 17 waits for ShareLock on transaction 42";

    static List<FailurePatterns.Row> rows() {
        return PatternFiles.own();
    }

    /** The message of a failed node is the example, below dbt's own line, as dbt writes it. */
    @ParameterizedTest
    @MethodSource("rows")
    void eachPatternOfTheTableKnowsItsExample(FailurePatterns.Row row) {
        String message =
                "Database Error in model orders (models/orders.sql)\n  " + row.example() + "\n  compiled code at x";

        Optional<Kind> found =
                OWN.transientBy(failure("", node("error", message)), null).map(FailurePattern::kind);

        assertThat(found)
                .isEqualTo(
                        row.pattern().kind() == Kind.PERMANENT
                                ? Optional.empty()
                                : Optional.of(row.pattern().kind()));
    }

    @Test
    void theTableHasTheAdaptersThatPeopleUse() {
        assertThat(rows().stream().map(row -> row.pattern().adapter()))
                .contains("snowflake", "bigquery", "redshift", "databricks", "postgres", "trino", "git", "packages");
    }

    @Test
    void thePatternThatMatchedIsToldAsItStandsInTheTable() {
        assertThat(OWN.transientBy(failure("", node("error", DEADLOCK)), null))
                .contains(new FailurePattern("postgres", Kind.CONFLICT, "deadlock detected"));
    }

    /** A test that found something, an error of SQL or of compilation beside it, and a node of which nothing is known. */
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "fail, 'Got 2 results, configured to fail if != 0'",
                "fail, 'deadlock detected'",
                "error, 'Compilation Error in model a: deadlock detected'",
                "error, 'Database Error: column \"deadlock detected\" does not exist'",
                "error, 'something nobody has seen yet'",
                "error, -"
            })
    void whatFailsForGoodBesideItMakesAFailureNotTransient(String status, String message) {
        assertThat(OWN.transientBy(failure("", node("error", DEADLOCK), node(status, message)), null))
                .isEmpty();
        assertThat(OWN.transientBy(failure("", node(status, message)), null)).isEmpty();
    }

    @Test
    void theLogCountsOnlyWhereNoNodeTellsItself() {
        String log = "12:00:00  could not connect to server: Connection refused\n12:00:01  Encountered an error\n";

        assertThat(OWN.transientBy(failure(log), null).map(FailurePattern::kind))
                .contains(Kind.CONNECTION);
        assertThat(OWN.transientBy(failure(log, node("error", null)), null).map(FailurePattern::kind))
                .contains(Kind.CONNECTION);
        assertThat(OWN.transientBy(failure(log, node("error", "no such column")), null))
                .isEmpty();
        assertThat(OWN.transientBy(failure(log + "1 of 1 FAIL 2 not_null_id ... [FAIL 2 in 0.05s]\n"), null))
                .isEmpty();
    }

    @Test
    void aRunThatFailedBeforeItsFirstStepIsJudgedByTheWordsOfDbtCloud() {
        RunFailure failure = new RunFailure(null, List.of());

        assertThat(OWN.transientBy(failure, "503 Service Unavailable").map(FailurePattern::kind))
                .contains(Kind.UNAVAILABLE);
        assertThat(OWN.transientBy(failure, null)).isEmpty();
        assertThat(FailurePatterns.NONE.transientBy(failure, "503 Service Unavailable"))
                .isEmpty();
    }

    @Test
    void thePartsOfAPatternStandInOneLineInTheirOrderInAnyCase() throws FailurePatterns.Unreadable {
        FailurePatterns patterns = table("x | timeout | *waits for*LOCK* | It waits for a lock.");

        assertThat(patterns.transientBy(failure("", node("error", "WAITS FOR THE LOCK")), null))
                .isPresent();
        assertThat(patterns.transientBy(failure("", node("error", "a lock waits for it")), null))
                .isEmpty();
        assertThat(patterns.transientBy(failure("", node("error", "it waits for\na lock")), null))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "x | timeout | too slow; line 2 is not: adapter | kind | pattern | example",
                "X Y | timeout | too slow | too slow; line 2 has no adapter",
                "x | slow | too slow | too slow; line 2 has no kind of [connection, timeout, conflict, overloaded, no_slots, unavailable, permanent]",
                "x | timeout | ** | too slow; line 2 has no pattern of 4 to 200 characters",
                "x | timeout | too slow | too fast; line 2 has an example that the pattern does not match"
            })
    void aFaultOfAFileIsToldWithItsLine(String line, String fault) {
        assertThatThrownBy(() -> FailurePatterns.read(List.of("# patterns", line)))
                .isInstanceOf(FailurePatterns.Unreadable.class)
                .hasMessageStartingWith(fault);
    }

    @Test
    void aFileHasABound() {
        List<String> lines = IntStream.range(0, FailurePatterns.MOST + 1)
                .mapToObj(i -> "x | timeout | too slow " + i + " | too slow " + i)
                .toList();

        assertThatThrownBy(() -> FailurePatterns.read(lines)).hasMessageContaining("at most 1000");
    }

    /** The largest table and the largest failure, made for each other: a search that went back would take for ever. */
    @Test
    @Timeout(20)
    void theWorkIsBounded() {
        FailurePattern pattern = new FailurePattern("x", Kind.TIMEOUT, "a*".repeat(99) + "b");
        FailurePatterns patterns = new FailurePatterns(
                IntStream.range(0, FailurePatterns.MOST).mapToObj(i -> pattern).toList());
        FailedNode[] nodes = IntStream.range(0, 50)
                .mapToObj(i -> node("error", "a".repeat(1_000)))
                .toArray(FailedNode[]::new);
        long begun = System.nanoTime();

        assertThat(patterns.transientBy(failure("", nodes), null)).isEmpty();

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
    }

    private static FailurePatterns table(String line) throws FailurePatterns.Unreadable {
        return new FailurePatterns(FailurePatterns.read(List.of(line)).stream()
                .map(FailurePatterns.Row::pattern)
                .toList());
    }

    private static RunFailure failure(String log, FailedNode... nodes) {
        return new RunFailure(
                new RunStep(4, "build", JobRunStatus.Known.ERROR, true, "dbt build", log), List.of(nodes));
    }

    private static FailedNode node(String status, String message) {
        return new FailedNode("model.shop.orders", status, message);
    }
}
