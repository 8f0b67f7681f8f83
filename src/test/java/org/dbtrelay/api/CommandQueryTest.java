package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.ws.rs.core.MultivaluedHashMap;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.UriInfo;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.dbtrelay.flow.WaitReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.partition.SlotsTest;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.SampleEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A list of commands has those that its query asks for. Whoever adds a state, or a reason to wait, adds it to the filter, to the document
 * and to the words of the page.
 */
class CommandQueryTest {

    private static final Path DOCUMENT = Path.of("docs", "http.md");
    private static final Path WORDS = Path.of("src", "main", "resources", "page", "words.js");
    private static final Instant NOW = Instant.parse("2026-11-29T10:00:00Z");

    /** By their ids, what a list may have. */
    private static final List<RunEntry> ENTRIES = List.of(
            open("waits", 60, 8, SlotsTest.waiting(0, 8).state()),
            open("follows", 30, 7, SlotsTest.following(70)),
            open("observed/1/71", 30, 7, SlotsTest.following(71)),
            finished("failed", 10, EventType.RUN_FAILED, "other", 9L),
            finished("done", 0, EventType.RUN_SUCCEEDED, "default", null));

    private static RunEntry open(String id, int secondsAgo, long jobId, RunState state) {
        return SampleEntry.of(id)
                .acceptedAt(NOW.minusSeconds(secondsAgo))
                .resolved(SlotsTest.waiting(0, jobId).openCommand())
                .in(state);
    }

    private static RunEntry finished(String id, int secondsAgo, EventType outcome, String connection, Long jobId) {
        return SampleEntry.of(id)
                .acceptedAt(NOW.minusSeconds(secondsAgo))
                .in(new RunState.Finished(outcome, null, 70L, NOW, connection, jobId));
    }

    private static CommandQuery query(Map<String, String> parameters) {
        return CommandQuery.of(uri(new MultivaluedHashMap<>(parameters)));
    }

    private static UriInfo uri(MultivaluedMap<String, String> parameters) {
        return (UriInfo) Proxy.newProxyInstance(
                CommandQueryTest.class.getClassLoader(),
                new Class<?>[] {UriInfo.class},
                (proxy, called, arguments) -> parameters);
    }

    private static List<String> wanted(CommandQuery query) {
        return ENTRIES.stream()
                .filter(query::wants)
                .sorted(Comparator.comparing(CommandQuery.Place::of, CommandQuery.ORDER))
                .map(RunEntry::commandId)
                .toList();
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource({
        "state, waiting, waits",
        "state, following, follows observed/1/71",
        "state, finished, done failed",
        "job_id, 7, follows observed/1/71",
        "job_id, 9, failed",
        "job_id, 6, ''",
        "connection, default, done follows observed/1/71 waits",
        "connection, other, failed",
        "origin, command, done failed follows waits",
        "origin, observed, observed/1/71",
        "outcome, run.succeeded, done",
        "outcome, run.failed, failed",
        "outcome, run.cancelled, ''",
        "since, 2026-11-29T09:59:30Z, done failed follows observed/1/71",
        "since, 2026-11-29T09:59:30.001Z, done failed",
        "limit, 1, done failed follows observed/1/71 waits",
        "scope, instance, done failed follows observed/1/71 waits",
    })
    void eachFilterTakesItsOwn(String name, String value, String ids) {
        assertThat(String.join(" ", wanted(query(Map.of(name, value))))).isEqualTo(ids);
    }

    @Test
    void filtersAreJoinedByAnd() {
        assertThat(wanted(query(Map.of()))).hasSameSizeAs(ENTRIES);
        assertThat(wanted(query(Map.of("job_id", "7", "origin", "command")))).containsExactly("follows");
        assertThat(wanted(query(Map.of("outcome", "run.failed", "connection", "default"))))
                .isEmpty();
        assertThat(wanted(query(Map.of("state", "waiting", "outcome", "run.failed"))))
                .isEmpty();
    }

    @Test
    void theNextPageBeginsBehindTheCursorAlsoWithinAMoment() {
        List<String> all = wanted(query(Map.of()));
        for (RunEntry entry : ENTRIES) {
            String cursor = CommandQuery.Place.of(entry).cursor();
            assertThat(wanted(query(Map.of("cursor", cursor))))
                    .as("after %s", entry.commandId())
                    .isEqualTo(all.subList(all.indexOf(entry.commandId()) + 1, all.size()));
        }
    }

    @Test
    void aCursorKeepsAnyId() {
        CommandQuery.Place place = new CommandQuery.Place(NOW.plusNanos(1), "a|b|ü");

        assertThat(CommandQuery.Place.of(place.cursor())).isEqualTo(place);
    }

    @ParameterizedTest
    @CsvSource({
        "state, ended, waiting",
        "state, '', waiting",
        "job_id, daily, number",
        "job_id, -7, number",
        "job_id, 1234567890123456789, number",
        "origin, COMMAND, 'command, observed'",
        "outcome, failed, run.failed",
        "since, yesterday, 2026-11-22T10:00:00Z",
        "since, 2026-11-29, 2026-11-22T10:00:00Z",
        "scope, all, 'deployment, instance'",
        "limit, 0, from 1 to 1000",
        "limit, 1001, from 1 to 1000",
        "limit, 9999999999, from 1 to 1000",
        "limit, -1, from 1 to 1000",
        "limit, many, from 1 to 1000",
        "connections, default, connection",
    })
    void aFaultNamesItsParameterAndTheRule(String name, String value, String rule) {
        assertThatThrownBy(() -> query(Map.of(name, value)))
                .hasMessageStartingWith(name + ": ")
                .hasMessageContaining(rule)
                .asInstanceOf(InstanceOfAssertFactories.type(BadParameter.class))
                .extracting(BadParameter::parameter)
                .isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "%", "no time|c1", "2026-11-29T10:00:00Z"})
    void aCursorThatNobodyGaveOutIsRefused(String content) {
        String cursor = content.equals("%") ? content : base64(content);

        assertThatThrownBy(() -> query(Map.of("cursor", cursor)))
                .isInstanceOf(BadParameter.class)
                .hasMessageStartingWith("cursor: ")
                .hasMessageContaining("next_cursor");
    }

    @Test
    void aParameterIsGivenOnce() {
        MultivaluedMap<String, String> twice = new MultivaluedHashMap<>();
        twice.addAll("state", "waiting", "following");

        assertThatThrownBy(() -> CommandQuery.of(uri(twice)))
                .isInstanceOf(BadParameter.class)
                .hasMessageStartingWith("state: it is given more than once");
    }

    @Test
    void aPageHasAsManyRowsAsAskedFor() {
        assertThat(query(Map.of()).limit()).isEqualTo(CommandQuery.LARGEST_PAGE);
        assertThat(query(Map.of("limit", "1")).limit()).isEqualTo(1);
        assertThat(query(Map.of("limit", "1000")).limit()).isEqualTo(1_000);
    }

    @Test
    void finishedCommandsAreListedOnlyIfAskedFor() {
        assertThat(query(Map.of()).isOfFinished()).isFalse();
        assertThat(query(Map.of("state", "collecting")).isOfFinished()).isFalse();
        assertThat(query(Map.of("state", "finished")).isOfFinished()).isTrue();
        assertThat(query(Map.of("outcome", "run.abandoned")).isOfFinished()).isTrue();
    }

    @Test
    void anotherInstanceIsAskedTheSameOfItsOwn() {
        Map<String, String> all = Map.of(
                "state", "finished",
                "job_id", "70403103930101",
                "connection", "default",
                "origin", "observed",
                "outcome", "run.failed",
                "since", "2026-11-29T09:00:00Z",
                "limit", "25",
                "cursor", new CommandQuery.Place(NOW, "c1").cursor());
        CommandQuery query = query(all);
        assertThat(query.ofInstance()).isFalse();

        assertThat(query.ofInstanceAlone())
                .containsAllEntriesOf(all)
                .containsEntry("scope", "instance")
                .hasSize(all.size() + 1);
        assertThat(query(query.ofInstanceAlone()))
                .isEqualTo(new CommandQuery(
                        true,
                        query.state(),
                        query.jobId(),
                        query.connection(),
                        query.origin(),
                        query.outcome(),
                        query.since(),
                        query.limit(),
                        query.after()));
        assertThat(query(Map.of("scope", "deployment")).ofInstanceAlone())
                .isEqualTo(Map.of("scope", "instance", "limit", "1000"));
    }

    @Test
    void aListCanBeAskedForEachState() throws IOException {
        assertThat(CommandQuery.STATES).hasSize((int) leaves(RunState.class).count());
        String row = row("state");
        assertThat(CommandQuery.STATES).allSatisfy(state -> assertThat(row).contains("`" + state + "`"));
    }

    @Test
    void thePageHasWordsForEachState() throws IOException {
        String words = Files.readString(WORDS);
        String states = words.substring(words.indexOf("const STATES"), words.indexOf("};"));

        assertThat(all(Pattern.compile("(?m)^  (\\w+): \\["), states))
                .containsExactlyInAnyOrderElementsOf(CommandQuery.STATES);
    }

    @Test
    void thePageAndTheDocumentSayWhyACommandWaits() throws IOException {
        String words = Files.readString(WORDS);
        String row = row("waits_for");
        List<String> reasons =
                Arrays.stream(WaitReason.values()).map(WaitReason::label).toList();

        assertThat(reasons).allSatisfy(reason -> assertThat(row).contains("`" + reason + "`"));
        for (String function : List.of("whyItWaits", "waitInShort")) {
            String body = words.substring(words.indexOf("function " + function));
            assertThat(all(Pattern.compile("case '(\\w+)':"), body.substring(0, body.indexOf("default:"))))
                    .as(function)
                    .containsExactlyInAnyOrderElementsOf(reasons);
        }
    }

    private static Stream<Class<?>> leaves(Class<?> type) {
        return type.isSealed()
                ? Arrays.stream(type.getPermittedSubclasses()).flatMap(CommandQueryTest::leaves)
                : Stream.of(type);
    }

    /** The row of a command's field in the document. */
    private static String row(String field) throws IOException {
        return Files.readAllLines(DOCUMENT).stream()
                .filter(line -> line.startsWith("| `" + field + "` |") && line.length() > 200)
                .findFirst()
                .orElseThrow();
    }

    private static List<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(found -> found.group(1)).toList();
    }
}
