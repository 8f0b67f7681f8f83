package org.dbtrelay.lineage.follow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.dbtrelay.dbtcloud.connection.TestConnections;
import org.dbtrelay.metrics.SimMetrics;
import org.junit.jupiter.api.Test;

class RunTellingTest {

    private final ScriptedCloud cloud = new ScriptedCloud();
    private final SentEvents sent = new SentEvents();

    private List<String> transitions(String event) throws InterruptedException {
        new RunTelling(
                        cloud.connections,
                        new RunSurroundings(
                                TestConnections.config(Map.of("relay.openlineage.namespace", "shop"))
                                        .openLineage(),
                                "test"),
                        sent,
                        new Semaphore(1),
                        Duration.ZERO,
                        Duration.ZERO,
                        SimMetrics.none(),
                        cloud.clock,
                        cloud.monotonic)
                .tellRun(ScriptedCloud.told(event));
        return sent.told().stream().map(told -> told.replaceAll(" .*", "")).toList();
    }

    @Test
    void tellsThatARunRuns() throws InterruptedException {
        assertThat(transitions(ScriptedCloud.event("run.running", "running"))).containsExactly("START");
        assertThat(sent.namespaces()).containsExactly("shop");
        assertThat(cloud.asked).isEmpty();
    }

    @Test
    void tellsOnlyTheEndOfARunThatWasToldToRun() throws InterruptedException {
        assertThat(transitions(ScriptedCloud.ended())).containsExactly("COMPLETE");
    }

    /** Between two polls it can begin and end. */
    @Test
    void tellsTheBeginningOfARunThatNobodySawRun() throws InterruptedException {
        String unseen = ScriptedCloud.event("run.failed", "error")
                .replace("\"previous_status\": \"running\"", "\"previous_status\": \"queued\"");

        assertThat(transitions(unseen)).containsExactly("START", "FAIL");
    }

    @Test
    void tellsNothingOfAConnectionThatIsGone() throws InterruptedException {
        assertThat(transitions(ScriptedCloud.ended().replace("\"default\"", "\"gone\"")))
                .isEmpty();
    }
}
