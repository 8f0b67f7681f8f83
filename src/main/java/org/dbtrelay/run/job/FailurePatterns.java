package org.dbtrelay.run.job;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dbtrelay.run.job.FailurePattern.Kind;
import org.jspecify.annotations.Nullable;

/**
 * The table of failure patterns, and what they say about a run that has failed. Whether a failure is transient is decided by what the
 * event of it tells: the messages of the nodes that failed, and the end of the failed step's log where no node has a message. Each of
 * them must be transient, or the failure is not.
 *
 * <p>The work is bounded: at most 50 nodes with messages of 1,000 characters, 4 KiB of log, {@value #MOST} patterns.
 */
public final class FailurePatterns {

    /** A table has no more patterns. */
    public static final int MOST = 1_000;

    /** No failure is transient. */
    public static final FailurePatterns NONE = new FailurePatterns(List.of());

    private static final int COLUMNS = 4;

    private final List<Ready> transients;
    private final List<Ready> permanents;

    /** A table. */
    public FailurePatterns(List<FailurePattern> patterns) {
        this.transients = patterns.stream()
                .filter(pattern -> pattern.kind() != Kind.PERMANENT)
                .map(Ready::of)
                .toList();
        this.permanents = patterns.stream()
                .filter(pattern -> pattern.kind() == Kind.PERMANENT)
                .map(Ready::of)
                .toList();
    }

    private record Ready(FailurePattern pattern, List<String> parts) {
        static Ready of(FailurePattern pattern) {
            return new Ready(pattern, pattern.parts());
        }

        boolean isIn(List<String> lines) {
            return lines.stream().anyMatch(line -> FailurePattern.matches(parts, line));
        }
    }

    /**
     * A line of a file of patterns.
     *
     * @param example a line of a real message that has the pattern; only for people and tests
     */
    public record Row(FailurePattern pattern, String example) {}

    /** A file of patterns cannot be read; the message names the line and the rule. */
    public static final class Unreadable extends Exception {
        private static final long serialVersionUID = 1L;

        Unreadable(int line, String rule) {
            super("line " + line + " " + rule);
        }
    }

    /**
     * Reads a file of patterns: a line for each, {@code adapter | kind | pattern | example}. Blank lines, and those that begin with
     * {@code #}, count for nothing.
     */
    public static List<Row> read(List<String> lines) throws Unreadable {
        List<Row> rows = new ArrayList<>();
        int number = 0;
        for (String line : lines) {
            number++;
            if (!line.isBlank() && !line.startsWith("#")) {
                rows.add(row(number, line));
            }
        }
        if (rows.size() > MOST) {
            throw new Unreadable(number, "is too many: a table has at most " + MOST + " patterns");
        }
        return List.copyOf(rows);
    }

    private static Row row(int number, String line) throws Unreadable {
        List<String> columns =
                Arrays.stream(line.split("\\|", COLUMNS)).map(String::strip).toList();
        if (columns.size() < COLUMNS) {
            throw new Unreadable(number, "is not: adapter | kind | pattern | example");
        }
        String adapter = columns.get(0);
        if (!adapter.matches("[a-z0-9_-]{1,30}")) {
            throw new Unreadable(number, "has no adapter of 1 to 30 small letters, digits, '_' and '-'");
        }
        @Nullable Kind kind = kind(columns.get(1));
        if (kind == null) {
            throw new Unreadable(
                    number,
                    "has no kind of "
                            + Arrays.stream(Kind.values()).map(Kind::wireName).toList());
        }
        String text = columns.get(2);
        if (text.replace("*", "").length() < 4 || text.length() > FailurePattern.LONGEST) {
            throw new Unreadable(
                    number,
                    "has no pattern of 4 to " + FailurePattern.LONGEST
                            + " characters; a shorter one would be everywhere");
        }
        FailurePattern pattern = new FailurePattern(adapter, kind, text);
        String example = columns.get(3);
        if (!Ready.of(pattern).isIn(List.of(example.toLowerCase(Locale.ROOT)))) {
            throw new Unreadable(number, "has an example that the pattern does not match");
        }
        return new Row(pattern, example);
    }

    private static @Nullable Kind kind(String word) {
        for (Kind kind : Kind.values()) {
            if (kind.wireName().equals(word)) {
                return kind;
            }
        }
        return null;
    }

    /**
     * The pattern by which a failure is transient; empty if it is not. That of the first node, if several have one.
     *
     * @param statusMessage dbt Cloud's free text about the run; it counts where no step failed
     */
    public Optional<FailurePattern> transientBy(RunFailure failure, @Nullable String statusMessage) {
        @Nullable RunStep step = failure.step();
        if (step == null) {
            return of(statusMessage);
        }
        if (failure.nodes().isEmpty()) {
            return of(step.logTail());
        }
        Optional<FailurePattern> first = Optional.empty();
        for (FailedNode node : failure.nodes()) {
            Optional<FailurePattern> found = isFinding(node)
                    ? Optional.empty()
                    : of(node.message() == null || node.message().isBlank() ? step.logTail() : node.message());
            if (found.isEmpty()) {
                return Optional.empty();
            }
            first = first.or(() -> found);
        }
        return first;
    }

    /** A test that found something has done its work. */
    private static boolean isFinding(FailedNode node) {
        return NodeStatus.FAIL.word().equalsIgnoreCase(node.status());
    }

    private Optional<FailurePattern> of(@Nullable String text) {
        if (text == null) {
            return Optional.empty();
        }
        List<String> lines =
                text.lines().map(line -> line.toLowerCase(Locale.ROOT)).toList();
        if (permanents.stream().anyMatch(pattern -> pattern.isIn(lines))) {
            return Optional.empty();
        }
        return transients.stream()
                .filter(pattern -> pattern.isIn(lines))
                .map(Ready::pattern)
                .findFirst();
    }
}
