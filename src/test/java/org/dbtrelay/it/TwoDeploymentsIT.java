package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.testkit.RelayProcess;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two deployments that know nothing of each other, and share what they should not, or what they may. */
class TwoDeploymentsIT {

    private static final List<String> OF_ONE_LEDGER = ids("one-ledger", 12);
    private static final List<String> OF_TWO_NAMES = ids("two-names", 9);
    private static final List<String> OF_THE_FIRST = ids("first", 6);
    private static final List<String> OF_THE_SECOND = ids("second", 6);
    private static final Pattern FENCED = Pattern.compile("Another instance has claimed this partition");

    private static final Pattern OTHER_NAME =
            Pattern.compile("not served until a person has looked.*unfinished commands of the deployment 'two-names'");

    private static final Pattern CLAIMED = Pattern.compile("Partition claimed and read");

    private static RelayStage stage;

    @BeforeAll
    static void start() {
        stage = RelayStage.of(
                TwoDeploymentsIT.class,
                OneRunEach.unending(Stream.of(OF_ONE_LEDGER, OF_TWO_NAMES, OF_THE_FIRST, OF_THE_SECOND)
                        .flatMap(List::stream)
                        .toList()));
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    /** By a mistake in the configuration: each has a consumer group of its own, so each is given all partitions. */
    @Test
    void ofDifferentGroupsOnOneLedgerFenceEachOtherAndStartNothingTwice() {
        Deployment relay = quick("one-ledger");
        var commands = new OneRunEach(stage.dbtCloud(), relay, OF_ONE_LEDGER);
        try (RelayProcess one = relay.start().relay()) {
            commands.send(OF_ONE_LEDGER.subList(0, 3));
            commands.awaitRunning(OF_ONE_LEDGER.subList(0, 3));
            relay.set("mp.messaging.incoming.commands.group.id", "another-group");
            // Answers are late, so that there is something in doubt each time that a partition is taken away.
            stage.dbtCloud().faults().always().on(Endpoint.TRIGGER).answerLateAfterCreating(Duration.ofSeconds(2));
            try (RelayProcess other = relay.start().relay()) {
                // Each of them is delivered to both. Who is fenced claims again, so the next command fences the other
                // one.
                commands.send(OF_ONE_LEDGER.subList(3, 6));
                one.process().awaitLine(FENCED, PATIENCE);
                await().atMost(PATIENCE)
                        .until(() -> one.process().lines(CLAIMED).size() >= 6);
                commands.send(OF_ONE_LEDGER.subList(6, 12));
                other.process().awaitLine(FENCED, PATIENCE);
                commands.awaitRunning(OF_ONE_LEDGER);
                commands.finish(OF_ONE_LEDGER);
                commands.assertSucceeded(OF_ONE_LEDGER);
                assertThat(one.isAlive() && other.isAlive()).isTrue();
            }
        } finally {
            stage.dbtCloud().faults().clear();
        }
    }

    /** The name is the consumer group too, unless another one is given. */
    @Test
    void ofDifferentNamesOnOneLedgerTheSecondServesNothingAsLongAsTheFirstHasSomethingToFinish() {
        Deployment relay = quick("two-names");
        var commands = new OneRunEach(stage.dbtCloud(), relay, OF_TWO_NAMES);
        try (RelayProcess one = relay.start().relay()) {
            commands.send(OF_TWO_NAMES.subList(0, 3));
            commands.awaitRunning(OF_TWO_NAMES.subList(0, 3));
            stage.dbtCloud().faults().always().on(Endpoint.TRIGGER).answerLateAfterCreating(Duration.ofSeconds(2));
            commands.send(OF_TWO_NAMES.subList(3, 6));
            relay.set("relay.name", "another-name");
            try (RelayProcess other = relay.launch()) {
                other.process().awaitLine(OTHER_NAME, PATIENCE);
                // It notices with its next transaction.
                commands.send(OF_TWO_NAMES.subList(6, 9));
                one.process().awaitLine(FENCED, PATIENCE);
                commands.awaitRunning(OF_TWO_NAMES);

                assertThat(other.isReady()).isFalse();
                commands.finish(OF_TWO_NAMES);
                commands.assertSucceeded(OF_TWO_NAMES);
                assertThat(one.isAlive() && other.isAlive()).isTrue();
            }
        } finally {
            stage.dbtCloud().faults().clear();
        }
    }

    @Test
    void withDifferentLedgersOnOneAccountLeaveEachOthersRunsAlone() {
        Deployment first = quick("first").set("relay.ledger.sweep-interval", "10s");
        Deployment second = quick("second").set("relay.ledger.sweep-interval", "10s");
        var ofFirst = new OneRunEach(stage.dbtCloud(), first, OF_THE_FIRST);
        var ofSecond = new OneRunEach(stage.dbtCloud(), second, OF_THE_SECOND);
        first.start();
        second.start();
        ofFirst.send(OF_THE_FIRST);
        stage.dbtCloud()
                .faults()
                .next(OF_THE_SECOND.size())
                .on(Endpoint.TRIGGER)
                .loseAnswerAfterCreating();
        ofSecond.send(OF_THE_SECOND);
        ofFirst.awaitRunning(OF_THE_FIRST);
        ofSecond.awaitRunning(OF_THE_SECOND);
        // Sweeps of both have seen the runs of both.
        long lists = stage.dbtCloud().count(Endpoint.LIST_RUNS);
        await().atMost(PATIENCE).until(() -> stage.dbtCloud().count(Endpoint.LIST_RUNS) > lists + 10);
        await().during(Duration.ofSeconds(12))
                .atMost(PATIENCE)
                .until(() -> stage.dbtCloud().count(Endpoint.CANCEL) == 0);

        ofFirst.finish(OF_THE_FIRST);
        ofSecond.finish(OF_THE_SECOND);
        ofFirst.assertSucceeded(OF_THE_FIRST);
        ofSecond.assertSucceeded(OF_THE_SECOND);
        for (Deployment relay : List.of(first, second)) {
            assertThat(relay.reader().events()).noneMatch(event -> event.type().equals("run.stray"));
        }
        assertThat(stage.dbtCloud().runs())
                .filteredOn(run -> OF_THE_FIRST.contains(run.job().name()))
                .extracting(RunView::cause)
                .allMatch(cause -> cause.startsWith("[relay:first:"));
    }

    private static Deployment quick(String name) {
        return stage.deployment(name)
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.connections.default.read-timeout", "5s")
                .set("relay.ledger.visibility-lag", "1s");
    }

    private static List<String> ids(String name, int count) {
        return IntStream.range(0, count).mapToObj(i -> name + "-" + i).toList();
    }
}
