package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.List;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.ReceivedEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** dbt Cloud refuses something for ever: the command ends all the same, and says what could not be done. */
class LastingRefusalIT {

    private static final List<Integer> REFUSALS = List.of(403, 500);
    private static final RunPlan SHORT =
            RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(12));
    private static final RunPlan ENDLESS =
            RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofHours(1));

    private static RelayStage stage;
    private static Deployment relay;

    @BeforeAll
    static void start() {
        World world = World.jaffleShop();
        List.of("ends-403", "ends-500", "neighbour")
                .forEach(name -> world.job(EmulatedJob.named(name).plan(SHORT)));
        List.of("abandoned", "never-403", "never-500")
                .forEach(name -> world.job(EmulatedJob.named(name).plan(ENDLESS)));
        stage = RelayStage.of(LastingRefusalIT.class, world);
        relay = stage.deployment("lasting")
                .set("relay.poll.interval", "1s")
                .set("relay.run.cancel-patience", "20s")
                .set("relay.artifacts.paths", "manifest.json")
                .start();
    }

    @AfterAll
    static void end() {
        stage.close();
    }

    @Test
    void aRunWhoseCancelIsRefusedForEverEndsByItself() {
        List<String> ids = sendRefused("ends");

        ids.forEach(id -> relay.reader().awaitEvent("run.succeeded", id, PATIENCE));
        relay.history().assertFinished(ids);
    }

    @Test
    void aCancelThatIsRefusedForEverIsGivenUp() {
        List<String> ids = sendRefused("never");

        for (String id : ids) {
            ReceivedEvent end = relay.reader().awaitEvent("run.abandoned", id, PATIENCE);
            assertThat(end.data().path("reason").textValue()).isEqualTo("deadline");
            assertThat(end.data().path("message").textValue())
                    .contains("relay.run.cancel-patience (PT20S)", id.substring(id.indexOf('-') + 1));
        }
        relay.history().assertFinished(ids);
    }

    /** Triggers a job whose cancel gets each of the statuses; gives the ids, which end in the status. */
    private static List<String> sendRefused(String name) {
        return REFUSALS.stream()
                .map(status -> {
                    String id = name + "-" + status;
                    long job = job(id);
                    stage.dbtCloud()
                            .faults()
                            .always()
                            .on(Endpoint.CANCEL)
                            .ofJob(job)
                            .status(status);
                    relay.send(job, triggerWith(id, job, "cancel"));
                    return id;
                })
                .toList();
    }

    @Test
    void aRunThatCannotBePolledIsAbandonedAtItsDeadlineAndNoOtherIsHeldUp() {
        long job = job("abandoned");
        relay.send(job, triggerWith("abandoned", job, "abandon"));
        ReceivedEvent running = relay.reader().awaitEvent("run.running", "abandoned", PATIENCE);
        long run = running.data().path("run_id").longValue();
        stage.dbtCloud()
                .faults()
                .always()
                .on(Endpoint.LIST_RUNS, Endpoint.GET_RUN)
                .status(503);

        ReceivedEvent end = relay.reader().awaitEvent("run.abandoned", "abandoned", PATIENCE);

        assertThat(end.data().path("reason").textValue()).isEqualTo("deadline");
        assertThat(end.data().path("run_id").longValue()).isEqualTo(run);
        assertThat(end.data().path("message").textValue()).contains("503");
        stage.dbtCloud().faults().clear();
        long other = job("neighbour");
        relay.send(other, Deployment.trigger("neighbour", other));
        relay.reader().awaitEvent("run.succeeded", "neighbour", PATIENCE);
        relay.history().assertFinished(List.of("abandoned", "neighbour"));
    }

    private static String triggerWith(String id, long job, String onTimeout) {
        return "{\"command\":\"trigger\",\"command_id\":\"%s\",\"job_id\":%d,\"timeout\":\"PT5S\",\"on_timeout\":\"%s\"}"
                .formatted(id, job, onTimeout);
    }

    private static long job(String name) {
        return stage.dbtCloud().world().jobNamed(name).id();
    }
}
