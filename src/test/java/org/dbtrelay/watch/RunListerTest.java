package org.dbtrelay.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Uni;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.SimConnections;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.flow.ObservedAccount;
import org.dbtrelay.flow.SimObservations;
import org.dbtrelay.ledger.OneLedgerPartition;
import org.dbtrelay.ledger.SimLedger;
import org.dbtrelay.ledger.StartedRuns;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.metrics.SimMetrics;
import org.dbtrelay.run.command.Observed;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.RunFilter;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.observe.ListedRun;
import org.dbtrelay.run.observe.Observation;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.sim.SimResponse;
import org.dbtrelay.testkit.HandTurnedClock;
import org.jboss.resteasy.reactive.RestResponse;
import org.junit.jupiter.api.Test;

/** When the list of runs is read, from where on, and what of it an owner gets. */
class RunListerTest {

    private static final Duration INTERVAL = Duration.ofSeconds(10);
    private static final Duration OVERLAP = Duration.ofMinutes(2);
    private static final int OVERLAP_RUNS = 2;

    private final HandTurnedClock clock = HandTurnedClock.at("2026-11-22T10:00:00Z");
    private final Time time = new Time();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final SimObservations observations = new SimObservations();
    private final BlockingQueue<Input> inbox = new LinkedBlockingQueue<>();
    private final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    private volatile int hidden;

    /** What dbt Cloud lists. */
    private final TreeSet<Long> runs = new TreeSet<>();

    /** From where on it was asked: an id, or a word. */
    private final List<Object> asked = new CopyOnWriteArrayList<>();

    private volatile Supplier<Uni<RestResponse<InputStream>>> refusal = () -> null;
    private final RelayConfig config = TestConnections.config(Map.of(
            "relay.connections.default.host", "https://cloud.example",
            "relay.connections.default.account-id", "1",
            "relay.connections.default.token", "dbtc_none",
            "relay.commands.max-observed", "500"));
    private final RunLister lister = new RunLister(
            observations.all(), startedRuns(), connections(), config, clock, time, SimMetrics.on(registry));

    // where it begins

    @Test
    void beginsBehindTheNewestRun() throws InterruptedException {
        lists(70, 71);
        ObservedAccount account = serve(null, null);

        assertThat(next()).isEqualTo(new Input.ObservationBegins(1, cursor(71)));
        assertThat(account.state().above()).as("the owner has not decided yet").isNull();
    }

    @Test
    void beginsBeforeTheFirstRunOfThePastThatIsWanted() throws InterruptedException {
        lists(70, 71, 72);
        serve(Duration.ofHours(1), null);

        assertThat(next()).isEqualTo(new Input.ObservationBegins(1, cursor(69)));
    }

    @Test
    void beginsBehindTheNewestRunIfThePastHasNone() throws InterruptedException {
        serve(Duration.ofHours(1), null);

        assertThat(next()).isEqualTo(new Input.ObservationBegins(1, cursor(0)));
    }

    @Test
    void goesOnAtTheCursorThatAnotherPartitionHad() throws InterruptedException {
        ObserveCursor before = cursor(50);
        records.add(new ProducerRecord<>(
                OneLedgerPartition.LEDGER.topic(),
                0,
                "o:1/default".getBytes(StandardCharsets.UTF_8),
                EntryCodec.write(before)));
        lists(70);
        serve(null, null);

        assertThat(next()).isEqualTo(new Input.ObservationBegins(1, before));
        assertThat(asked).as("nothing has to be asked for that").isEmpty();
    }

    // overlap

    @Test
    void listsAgainWhatIsAboveTheCursorSoThatALateRunIsFound() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(101, 103);
        assertThat(found(account)).containsExactly(101L, 103L);

        lists(101, 102, 103);
        pass(INTERVAL);
        assertThat(found(account)).as("it shows late").containsExactly(102L);
        assertThat(asked).containsExactly(100L, 100L);
    }

    @Test
    void listsFromWhereNothingCanShowLateAnyMore() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(LongStream.rangeClosed(101, 110).toArray());
        assertThat(found(account)).hasSize(10);

        pass(OVERLAP.minusSeconds(1));
        assertThat(found(account)).isEmpty();
        assertThat(account.state().above()).as("within the overlap in time").isEqualTo(100);
        pass(INTERVAL);
        assertThat(found(account)).isEmpty();
        assertThat(account.state().above()).as("but for the overlap in ids").isEqualTo(110L - OVERLAP_RUNS);

        pass(INTERVAL);
        lists(LongStream.rangeClosed(101, 111).toArray());
        assertThat(found(account)).containsExactly(111L);
        assertThat(asked).containsExactly(100L, 100L, 100L, 110L - OVERLAP_RUNS);
    }

    // pages

    @Test
    void catchesUpWithABacklogPageByPageAndThenWaits() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(LongStream.rangeClosed(101, 350).toArray());

        List<Long> found = new ArrayList<>();
        for (int page = 0; page < 3; page++) {
            found.addAll(found(account));
        }

        assertThat(found).isEqualTo(List.copyOf(runs));
        assertThat(asked).containsExactly(100L, 200L, 300L);
        assertLooksNoMore();
        pass(INTERVAL.minusMillis(1));
        assertLooksNoMore();
        pass(Duration.ofMillis(1));
        found(account);
        assertThat(asked).hasSize(4);
    }

    @Test
    void givesNoPageBeforeTheLastOneIsTaken() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(LongStream.rangeClosed(101, 350).toArray());
        Input first = next();

        pass(INTERVAL);
        assertLooksNoMore();

        SimObservations.take(account, first, clock.instant());
        assertThat(found(account)).startsWith(201L);
    }

    @Test
    void saysHowManyMoreMayBeFollowed() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(101, 102, 103);
        Input.RunsListed first = (Input.RunsListed) next();
        assertThat(first.page().room()).isEqualTo(500);
        SimObservations.take(account, first, clock.instant());

        lists(101, 102, 103, 104);
        pass(INTERVAL);
        assertThat(((Input.RunsListed) next()).page().room())
                .as("three are on their way")
                .isEqualTo(497);
    }

    @Test
    void readsTheLedgerOnlyForRunsThatAreNew() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(101);
        assertThat(standings(account)).containsExactly(ListedRun.Standing.OTHERS);

        pass(INTERVAL);
        assertThat(standings(account)).containsExactly(ListedRun.Standing.NOT_ASKED);
        lists(101, 102);
        pass(INTERVAL);
        assertThat(standings(account)).containsExactly(ListedRun.Standing.OTHERS, ListedRun.Standing.OTHERS);
    }

    // when

    @Test
    void looksAtOnceIfSomethingHasHappened() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(101);
        found(account);
        assertLooksNoMore();

        lister.listNow(2);
        assertLooksNoMore();
        lister.listNow(1);
        lists(101, 102);
        assertThat(found(account)).containsExactly(102L);
    }

    @Test
    void aNewClaimLooksAtOnceAndKnowsNothingOfTheLastOne() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(101);
        found(account);
        observations.end(account);

        ObservedAccount next = serve(2, null, cursor(100));
        Input.RunsListed listed = (Input.RunsListed) next();
        assertThat(listed.claim()).isEqualTo(2);
        assertThat(SimObservations.take(next, listed, clock.instant()).found())
                .extracting(RunSnapshot::runId)
                .as("its command is known by its id")
                .containsExactly(101L);
    }

    @Test
    void tellsHowFarBehindItIs() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(101);
        found(account);
        pass(Duration.ofSeconds(7));
        lister.tick();
        assertThat(lag()).isEqualTo(7);

        observations.end(account);
        lister.tick();
        assertThat(lag()).as("of another instance").isZero();
    }

    // trouble

    @Test
    void asksNoFasterWhileDbtCloudRefuses() throws InterruptedException {
        ObservedAccount account = serve(null, null);
        lists(101);
        refusal = () -> Uni.createFrom().item(SimResponse.error(404, "no such account"));
        for (int look = 1; look <= 3; look++) {
            awaitAsked(look);
            assertLooksNoMore();
            pass(INTERVAL);
        }
        assertThat(inbox).isEmpty();

        refusal = () -> null;
        assertThat(next()).isInstanceOf(Input.ObservationBegins.class);
        assertThat(account.state().above()).isNull();
    }

    @Test
    void asksNoFasterWithinABacklog() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(LongStream.rangeClosed(101, 350).toArray());
        found(account);
        refusal = () -> Uni.createFrom().item(SimResponse.error(404, "no such account"));
        awaitAsked(2);
        assertLooksNoMore();

        refusal = () -> null;
        pass(INTERVAL);
        assertThat(found(account)).as("nothing is left out").startsWith(201L).hasSize(100);
        assertThat(found(account)).startsWith(301L).hasSize(50);
        assertThat(asked).containsExactly(100L, 200L, 200L, 300L);
    }

    @Test
    void givesNothingWithoutALedgerThatIsReadToItsEnd() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(101);
        hidden = 1;
        awaitAsked(1);
        awaitIdle();
        assertThat(inbox).isEmpty();

        hidden = 0;
        pass(INTERVAL);
        assertThat(found(account)).containsExactly(101L);
    }

    @Test
    void goesOnAfterAnInternalError() throws InterruptedException {
        ObservedAccount account = serve(null, cursor(100));
        lists(101);
        refusal = () -> {
            throw new IllegalStateException("a test's internal error");
        };
        awaitAsked(1);
        assertLooksNoMore();

        refusal = () -> null;
        pass(INTERVAL);
        assertThat(found(account)).containsExactly(101L);
    }

    private ObservedAccount serve(Duration since, ObserveCursor cursor) {
        return serve(1, since, cursor);
    }

    private ObservedAccount serve(long claim, Duration since, ObserveCursor cursor) {
        return observations.serve(
                claim,
                new Observed(1, RunFilter.ALL, RequestedOptions.NONE, INTERVAL, since, OVERLAP, OVERLAP_RUNS),
                cursor,
                clock.instant(),
                inbox::add);
    }

    private ObserveCursor cursor(long above) {
        return new ObserveCursor("default", 1, above, clock.instant());
    }

    private void lists(long... ids) {
        synchronized (runs) {
            runs.clear();
            LongStream.of(ids).forEach(runs::add);
        }
    }

    private void pass(Duration length) {
        clock.advance(length);
        time.nanos.addAndGet(length.toNanos());
    }

    /** What the next look gives the owner. */
    private Input next() throws InterruptedException {
        awaitIdle();
        lister.tick();
        Input next = inbox.poll(30, TimeUnit.SECONDS);
        assertThat(next).as("an answer").isNotNull();
        awaitIdle();
        return next;
    }

    private List<Long> found(ObservedAccount account) throws InterruptedException {
        Observation.Step step = SimObservations.take(account, next(), clock.instant());
        return step.found().stream().map(RunSnapshot::runId).toList();
    }

    private List<ListedRun.Standing> standings(ObservedAccount account) throws InterruptedException {
        Input.RunsListed listed = (Input.RunsListed) next();
        SimObservations.take(account, listed, clock.instant());
        return listed.page().runs().stream().map(ListedRun::standing).toList();
    }

    private void awaitAsked(int times) {
        awaitIdle();
        lister.tick();
        while (asked.size() < times) {
            Thread.onSpinWait();
        }
        awaitIdle();
    }

    private void awaitIdle() {
        while (!lister.isIdle()) {
            Thread.onSpinWait();
        }
    }

    private void assertLooksNoMore() {
        awaitIdle();
        int before = asked.size();
        lister.tick();
        assertThat(lister.isIdle()).as("no look is begun").isTrue();
        assertThat(asked).hasSize(before);
    }

    private double lag() {
        return registry.get("relay.observe.lag.seconds").gauge().value();
    }

    /** Turned by hand; time flies while somebody waits. */
    private static final class Time extends Monotonic {
        private final AtomicLong nanos = new AtomicLong();

        @Override
        public long nanos() {
            return nanos.get();
        }

        @Override
        public void pause(Duration length) {
            nanos.addAndGet(Duration.ofSeconds(5).toNanos());
        }
    }

    private RestResponse<InputStream> list(Long above, boolean newestFirst, int limit) {
        synchronized (runs) {
            List<Long> all =
                    List.copyOf(newestFirst ? runs.descendingSet() : runs.tailSet(above == null ? 0 : above, false));
            String rows = all.stream().limit(limit).map(RunListerTest::row).collect(Collectors.joining(","));
            return SimResponse.json(
                    200,
                    "{\"status\":{\"code\":200,\"is_success\":true},\"data\":[" + rows
                            + "],\"extra\":{\"pagination\":{\"count\":" + Math.min(limit, all.size())
                            + ",\"total_count\":" + all.size() + "}}}");
        }
    }

    private static String row(long id) {
        return """
                {"id":%d,"account_id":1,"project_id":11,"environment_id":21,"job_definition_id":7,"status":1,
                "created_at":"2026-11-22T09:59:00Z","trigger":{"cause":"Scheduled"}}""".formatted(id);
    }

    private Connections connections() {
        SimConnections.Api api = (SimConnections.Api) Proxy.newProxyInstance(
                RunListerTest.class.getClassLoader(),
                new Class<?>[] {SimConnections.Api.class},
                (proxy, method, arguments) -> {
                    Long above = (Long) arguments[3];
                    boolean newestFirst = (boolean) arguments[5];
                    asked.add(above != null ? above : newestFirst ? "newest" : "within");
                    Uni<RestResponse<InputStream>> refused = refusal.get();
                    return refused != null
                            ? refused
                            : Uni.createFrom().item(list(above, newestFirst, (int) arguments[6]));
                });
        Connections connections =
                new SimConnections(config, api, clock, new Monotonic(), SimMetrics.none()).connections();
        connections.share(1);
        return connections;
    }

    private StartedRuns startedRuns() {
        return new SimLedger(
                        new OneLedgerPartition(records, () -> hidden),
                        config,
                        claim -> null,
                        null,
                        Clock.systemUTC(),
                        time,
                        SimMetrics.none(),
                        change -> {})
                .startedRuns();
    }
}
