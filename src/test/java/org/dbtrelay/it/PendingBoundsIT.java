package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.time.Duration;
import java.time.OffsetDateTime;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.World;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** When as many commands are unfinished as an instance may have, all its partitions wait in Kafka; nothing is lost. */
class PendingBoundsIT {

    private static RelayStage stage;
    private static long job;

    @BeforeAll
    static void start() {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production")
                .job(EmulatedJob.named("long").plan(RunPlan.succeeding().queued(Duration.ofHours(1))));
        stage = RelayStage.of(PendingBoundsIT.class, world);
        job = stage.dbtCloud().world().jobNamed("long").id();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void aFullInstanceTakesNothingUntilSomethingHasEnded() throws IOException {
        Deployment relay = stage.deployment("full")
                .set("relay.commands.max-pending-per-instance", "3")
                .set("relay.artifacts.paths", "manifest.json")
                .start();
        for (int partition = 0; partition < 3; partition++) {
            send(relay, partition, "early-" + partition);
        }
        for (int partition = 0; partition < 3; partition++) {
            relay.reader().awaitEvent("run.queued", "early-" + partition, PATIENCE);
        }
        await("all partitions wait").atMost(PATIENCE).until(() -> paused(relay) == 3);
        assertThat(ready(relay))
                .contains("\"paused 0\"", "\"paused 2\"", "relay.commands.max-pending-per-instance")
                .contains("\"unfinished\": 3");
        assertThat(metric(relay, "relay_commands_pending{connection=\"default\"}"))
                .isEqualTo(3);

        // Such a process, started again, has more than it may have: it serves them and takes no more.
        relay.relay().stop();
        relay.set("relay.commands.max-pending-per-instance", "2").start();
        await("all partitions wait again").atMost(PATIENCE).until(() -> paused(relay) == 3);
        send(relay, 1, "late");
        for (int partition = 0; partition < 3; partition++) {
            long run = relay.reader()
                    .awaitEvent("run.queued", "early-" + partition, PATIENCE)
                    .runId()
                    .orElseThrow();
            stage.dbtCloud().finishRun(run, RunStatus.SUCCESS);
            relay.reader().awaitEvent("artifact.ready", "early-" + partition, PATIENCE);
        }

        OffsetDateTime accepted = time(relay, "command.accepted", "late");
        // With a bound of 2 there is room when one is left: after two of the three have ended, whichever they are.
        assertThat(accepted).isAfter(time(relay, "run.succeeded", "early-1"));
        await("no partition waits").atMost(PATIENCE).until(() -> paused(relay) == 0);
        assertThat(metric(relay, "relay_commands_remembered")).isEqualTo(3);
        relay.history().assertFaultless();
    }

    private static void send(Deployment relay, int partition, String id) {
        relay.sendTo(partition, trigger(id, job));
    }

    private static OffsetDateTime time(Deployment relay, String type, String id) {
        return OffsetDateTime.parse(
                relay.reader().awaitEvent(type, id, PATIENCE).attribute("time"));
    }

    private static String ready(Deployment relay) throws IOException {
        return relay.relay()
                .get(relay.relay().managementUrl().resolve("/q/health/ready"))
                .body();
    }

    private static double paused(Deployment relay) throws IOException {
        return metric(relay, "relay_partitions_paused");
    }

    private static double metric(Deployment relay, String name) throws IOException {
        return relay.relay()
                .get(relay.relay().managementUrl().resolve("/q/metrics"))
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }
}
