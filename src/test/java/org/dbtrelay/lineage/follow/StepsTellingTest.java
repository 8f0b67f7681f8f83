package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.lineage.follow.ScriptedCloud.Answer;
import org.dbtrelay.lineage.tell.ToldRun;
import org.dbtrelay.metrics.SimMetrics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StepsTellingTest {

    private static final String RESULTS = """
            {"metadata": {"generated_at": "2026-11-29T12:01:30Z", "dbt_version": "1.10.0"}, "results": [
              {"unique_id": "model.shop.orders", "status": "success", "message": "ok", "timing": []}]}""";
    private static final String MANIFEST = """
            {"metadata": {"adapter_type": "snowflake"}, "nodes": {"model.shop.orders": {"unique_id": "model.shop.orders",
              "resource_type": "model", "name": "orders", "alias": "orders", "database": "analytics", "schema": "prod",
              "package_name": "shop", "config": {"materialized": "table"}, "columns": {}, "depends_on": {"nodes": []}}},
             "sources": {}}""";

    private final ScriptedCloud cloud = new ScriptedCloud();
    private final SentEvents sent = new SentEvents();
    private final List<Note> notes = new CopyOnWriteArrayList<>();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Semaphore places = new Semaphore(1);
    private Duration patience = Duration.ofSeconds(10);
    private Duration maxAge = Duration.ofDays(7);

    private void tell(String event, Note before) throws InterruptedException {
        RunTelling all = new RunTelling(
                cloud.connections,
                new RunSurroundings(TestConnections.config(Map.of()).openLineage(), "test"),
                sent,
                places,
                patience,
                maxAge,
                SimMetrics.on(registry),
                cloud.clock,
                cloud.monotonic);
        ToldRun run = ScriptedCloud.told(event);
        StepsTelling.tell(all, run, before, notes::add);
    }

    /** The run has ended, and dbt Cloud shows these files of it; of one that is not named, nothing. */
    private void ended(Map<String, Answer> files) {
        cloud.run(Answer.run(ScriptedCloud.RUN_ENDED));
        files.forEach(cloud::answers);
    }

    private void tell() throws InterruptedException {
        tell(ScriptedCloud.ended(), Note.BEGUN);
    }

    private double counted(String outcome) {
        return registry.get("relay.lineage.runs")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    private List<Long> pauses() {
        return cloud.monotonic.pauses().stream().map(Duration::toSeconds).toList();
    }

    @Test
    void tellsEachCommandOfDbtOnce() throws InterruptedException {
        ended(Map.of());

        tell();

        assertThat(sent.told())
                .hasSize(4)
                .satisfiesExactly(
                        begin -> assertThat(begin).startsWith("START").contains("dbt build"),
                        end -> assertThat(end).startsWith("COMPLETE").contains("dbt build"),
                        begin -> assertThat(begin).startsWith("START").contains("dbt run"),
                        end -> assertThat(end).startsWith("COMPLETE").contains("dbt run"));
        assertThat(notes)
                .containsExactly(
                        new Note(4, "", 2), new Note(5, "", 0), new Note(5, "", 2), new Note(6, "", 0), Note.ALL);
        assertThat(counted("told")).isEqualTo(1);
        assertThat(pauses()).isEmpty();
        assertThat(places.availablePermits()).isEqualTo(1);
    }

    @Test
    void goesOnBehindTheStepsThatAreTold() throws InterruptedException {
        ended(Map.of());

        tell(ScriptedCloud.ended(), new Note(5, "", 1));

        assertThat(sent.told())
                .hasSize(1)
                .first()
                .asString()
                .startsWith("COMPLETE")
                .contains("dbt run");
        assertThat(notes).containsExactly(new Note(5, "", 2), new Note(6, "", 0), Note.ALL);
    }

    @Test
    void hasNothingToTellOfARunThatNeverStarted() throws InterruptedException {
        tell(ScriptedCloud.ended().replace("\"2026-11-29T12:01:00Z\"", "null"), Note.BEGUN);

        assertThat(cloud.asked).isEmpty();
        assertThat(notes).containsExactly(Note.ALL);
        assertThat(counted("told")).isEqualTo(1);
    }

    @Test
    void hasNothingToTellOfAConnectionThatIsGone() throws InterruptedException {
        tell(ScriptedCloud.ended().replace("\"default\"", "\"gone\""), Note.BEGUN);

        assertThat(cloud.asked).isEmpty();
        assertThat(notes).containsExactly(Note.ALL);
        assertThat(counted("told")).isEqualTo(1);
    }

    @Test
    void waitsForTheEndThatDbtCloudShowsLater() throws InterruptedException {
        cloud.run(
                Answer.run(ScriptedCloud.RUN_RUNS),
                Answer.run(ScriptedCloud.RUN_WITHOUT_STEPS),
                Answer.run(ScriptedCloud.RUN_ENDED));

        tell();

        assertThat(pauses()).containsExactly(2L, 4L);
        assertThat(sent.told()).hasSize(4);
        assertThat(counted("told")).isEqualTo(1);
    }

    /** Then the run has no steps, and that is all. */
    @Test
    void doesNotWaitForStepsForEver() throws InterruptedException {
        cloud.run(Answer.run(ScriptedCloud.RUN_WITHOUT_STEPS));

        tell();

        assertThat(pauses()).containsExactly(2L, 4L, 8L, 16L);
        assertThat(sent.told()).isEmpty();
        assertThat(counted("told")).isEqualTo(1);
    }

    @Test
    void pausesAtMostAMinute() throws InterruptedException {
        patience = Duration.ofMinutes(3);
        cloud.run(Answer.run(ScriptedCloud.RUN_WITHOUT_STEPS));

        tell();

        assertThat(pauses()).containsExactly(2L, 4L, 8L, 16L, 32L, 60L, 60L, 60L);
    }

    private static String inEnvironment() {
        return ScriptedCloud.ended()
                .replace("\"project_id\": null", "\"project_id\": 11")
                .replace("\"environment_id\": null", "\"environment_id\": 7");
    }

    @Test
    void waitsUntilTheEnvironmentsAreRead() throws InterruptedException {
        ended(Map.of());

        tell(inEnvironment(), Note.BEGUN);

        assertThat(pauses()).as("nobody reads them here").containsExactly(2L, 4L, 8L, 16L);
        assertThat(cloud.asked.stream().filter("run"::equals)).hasSize(1);
        assertThat(sent.told()).hasSize(4);
        assertThat(counted("told")).isEqualTo(1);
    }

    @Test
    void doesNotWaitForAnArtifactThatDbtCloudHasNot() throws InterruptedException {
        ended(Map.of("run_results.json", Answer.of(RESULTS), "manifest.json", Answer.of(MANIFEST)));

        tell();

        assertThat(pauses()).isEmpty();
        assertThat(sent.told()).hasSize(6).anyMatch(told -> told.contains("orders"));
        assertThat(notes).contains(new Note(4, "rm", 4), new Note(5, "", 2));
    }

    @Test
    void waitsForArtifactsThatAreNotSavedYet() throws InterruptedException {
        cloud.run(Answer.run(ScriptedCloud.RUN_NOT_SAVED), Answer.run(ScriptedCloud.RUN_ENDED));

        tell();

        assertThat(pauses()).containsExactly(2L);
        assertThat(sent.told()).hasSize(4);
        assertThat(counted("told")).isEqualTo(1);
    }

    /** A step that is told is not told again by the next try. */
    @Test
    void goesOnWhereAnArtifactBrokeOff() throws InterruptedException {
        ended(Map.of());
        cloud.answers(
                "run_results.json",
                Answer.error(404),
                Answer.breaksOffAfter(RESULTS.substring(0, 60)),
                Answer.error(404));

        tell();

        assertThat(pauses()).containsExactly(2L);
        assertThat(sent.told()).hasSize(4);
        assertThat(counted("told")).isEqualTo(1);
    }

    @Test
    void doesWithoutArtifactsThatCannotBeRead() throws InterruptedException {
        ended(Map.of("run_results.json", Answer.error(500)));

        tell();

        assertThat(pauses())
                .as("while there is hope, and between five times more")
                .containsExactly(2L, 4L, 8L, 16L, 32L, 60L, 60L, 60L);
        assertThat(sent.told()).hasSize(4);
        assertThat(counted("without_artifacts")).isEqualTo(1);
        assertThat(notes).endsWith(Note.ALL);
    }

    @Test
    void givesUpARunThatCannotBeRead() throws InterruptedException {
        cloud.run(Answer.error(500));

        tell();

        assertThat(pauses()).hasSize(8);
        assertThat(sent.told()).isEmpty();
        assertThat(notes).containsExactly(Note.ALL);
        assertThat(counted("without_artifacts")).isEqualTo(1);
    }

    @Test
    void givesUpARunThatDbtCloudDoesNotKnow() throws InterruptedException {
        cloud.run(Answer.error(404));

        tell();

        assertThat(pauses()).as("it may come as long as there is hope").containsExactly(2L, 4L, 8L, 16L);
        assertThat(notes).containsExactly(Note.ALL);
        assertThat(counted("without_artifacts")).isEqualTo(1);
    }

    /** So many requests for the run are turned away before it is shown. */
    private void outage(int requests, Answer... afterwards) {
        cloud.run(Stream.concat(Stream.generate(() -> Answer.error(401)).limit(requests), Stream.of(afterwards))
                .toArray(Answer[]::new));
    }

    @Test
    void isNotTiredOfAnOutage() throws InterruptedException {
        outage(10, Answer.run(ScriptedCloud.RUN_ENDED));
        cloud.answers("run_results.json", Answer.of(RESULTS));

        tell();

        assertThat(pauses()).containsExactly(2L, 4L, 8L, 16L, 32L, 60L, 60L, 60L, 60L, 60L);
        assertThat(notes).contains(new Note(4, "r", 4));
        assertThat(counted("told")).isEqualTo(1);
    }

    /** What dbt Cloud shows late after its outage is waited for as without one. */
    @Test
    void hasAllItsPatienceAfterAnOutage() throws InterruptedException {
        patience = Duration.ofMinutes(5);
        outage(
                9,
                Answer.run(ScriptedCloud.RUN_WITHOUT_STEPS),
                Answer.run(ScriptedCloud.RUN_WITHOUT_STEPS),
                Answer.run(ScriptedCloud.RUN_ENDED));

        tell();

        assertThat(pauses().stream().mapToLong(Long::longValue).limit(9).sum())
                .as("the outage took longer than the patience")
                .isGreaterThan(patience.toSeconds());
        assertThat(sent.told()).hasSize(4);
        assertThat(counted("told")).isEqualTo(1);
    }

    @Test
    void waitsWhileArtifactsAreShutOff() throws InterruptedException {
        ended(Map.of());
        cloud.answers("run_results.json", Answer.error(401), Answer.error(401), Answer.of(RESULTS));

        tell();

        assertThat(pauses()).containsExactly(2L, 4L);
        assertThat(notes).contains(new Note(4, "r", 4));
        assertThat(counted("told")).isEqualTo(1);
    }

    @Test
    void givesUpWhatIsTooOld() throws InterruptedException {
        maxAge = Duration.ofMinutes(1);
        cloud.run(Answer.error(401));

        tell();

        assertThat(pauses()).as("a minute and the patience").containsExactly(2L, 4L, 8L, 16L, 32L, 60L);
        assertThat(sent.told()).isEmpty();
        assertThat(notes).containsExactly(Note.ALL);
        assertThat(counted("too_old")).isEqualTo(1);
    }

    @Test
    void endsWhenItIsInterruptedWhileDbtCloudIsAsked() {
        cloud.run(Answer.interrupted());

        assertThatThrownBy(this::tell).isInstanceOf(InterruptedException.class);

        assertThat(Thread.interrupted()).isFalse();
        assertThat(places.availablePermits()).isEqualTo(1);
        assertThat(notes).isEmpty();
    }

    @Test
    void givesItsPlaceBackWhenItIsInterruptedWhileItSends() {
        ended(Map.of());
        sent.before = () -> {
            throw new InterruptedException("the partition is given up");
        };

        assertThatThrownBy(this::tell).isInstanceOf(InterruptedException.class);

        assertThat(places.availablePermits()).isEqualTo(1);
        assertThat(notes).isEmpty();
    }

    /** What dbt Cloud cannot deliver costs what it has, not the nodes of all steps. */
    @Test
    void givesUpTheOneArtifactThatCannotBeRead() throws InterruptedException {
        String docs = ScriptedCloud.RUN_ENDED
                .replace("`dbt run`", "`dbt docs generate`")
                .replace("\"dbt run\"", "\"dbt docs generate\"");
        for (Answer broken : List.of(Answer.error(500), Answer.breaksOffAfter("{\"nodes\": {"))) {
            ended(Map.of(
                    "run_results.json", Answer.of(RESULTS),
                    "manifest.json", Answer.of(MANIFEST),
                    "catalog.json", broken));
            cloud.run(Answer.run(docs));

            tell();
        }

        assertThat(sent.told().stream().filter(told -> told.startsWith("COMPLETE") && told.contains("orders")))
                .hasSize(2);
        assertThat(notes).contains(new Note(4, "rm", 4));
        assertThat(counted("told")).isEqualTo(2);
    }

    /** Of more nodes than fit into one chunk. */
    private static String resultsOfMany() {
        return "{\"metadata\": {\"generated_at\": \"2026-11-29T12:01:50Z\"}, \"results\": ["
                + many("{\"unique_id\": \"model.shop.m%d\", \"status\": \"success\", \"timing\": []}") + "]}";
    }

    /** Of the same nodes. */
    private static String manifestOfMany() {
        return "{\"metadata\": {}, \"nodes\": {" + many("\"model.shop.m%1$d\": {\"name\": \"m%1$d\"}") + "}}";
    }

    private static String many(String each) {
        return IntStream.range(0, 300).mapToObj(each::formatted).collect(Collectors.joining(","));
    }

    /** A node that has begun ends, though the manifest can be read no further in all tries. */
    @Test
    void endsWhatItHasBegun() throws InterruptedException {
        String manifest = manifestOfMany();
        Answer whole = Answer.of(manifest);
        Answer half = Answer.breaksOffAfter(manifest.substring(0, manifest.length() - 200));
        ended(Map.of("run_results.json", Answer.of(resultsOfMany())));
        cloud.answers(
                "manifest.json",
                Stream.generate(() -> List.of(whole, half))
                        .limit(30)
                        .flatMap(List::stream)
                        .toArray(Answer[]::new));

        tell();

        List<String> begun = jobs("START");
        assertThat(begun).hasSizeGreaterThan(300);
        assertThat(jobs("COMPLETE")).containsAll(begun);
    }

    private List<String> jobs(String type) {
        return sent.told().stream()
                .filter(told -> told.startsWith(type + " "))
                .map(told -> told.substring(type.length() + 1))
                .toList();
    }

    /** The connection has one slot. Whoever waits with events must not have it, or dbt Cloud cannot be asked for anything else. */
    @Test
    void holdsNoRequestWhileNobodyTakesEvents() throws Exception {
        ended(Map.of("run_results.json", Answer.of(resultsOfMany()), "manifest.json", Answer.of(manifestOfMany())));
        sent.isAway = true;
        List<Boolean> free = new CopyOnWriteArrayList<>();
        sent.before = () -> {
            if (sent.isAway) {
                free.add(places.availablePermits() == 1);
                free.add(cloud.client().calls().budget(ScriptedCloud.ACCOUNT).slotsTaken() == 0);
                sent.isAway = false;
            }
        };

        tell();

        assertThat(free).containsExactly(true, true);
        assertThat(jobs("START")).as("each node of both steps, once").hasSize(2 + 2 * 300);
        assertThat(jobs("COMPLETE")).hasSize(2 + 2 * 300);
        assertThat(counted("told")).isEqualTo(1);
    }
}
