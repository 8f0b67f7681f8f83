package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.junit.jupiter.api.Test;

/** A sweep looks at all runs of an hour, and holds some of them at a time: a busy hour fits into a small heap. */
class BusyHourIT {

    private static final int RUNS = 20_000;
    private static final int PAGE = 100;

    @Test
    void sweepsOfTwentyThousandRunsFitIntoASmallHeap() {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production")
                .job(EmulatedJob.named("busy").plan(RunPlan.unending()))
                .job(EmulatedJob.named("quick")
                        .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofMillis(100))));
        try (RelayStage stage = RelayStage.of(BusyHourIT.class, world)) {
            long job = stage.dbtCloud().world().jobNamed("quick").id();
            long busy = stage.dbtCloud().world().jobNamed("busy").id();
            for (int i = 0; i < RUNS; i++) {
                stage.dbtCloud().triggerByOther(busy, "[relay:busy:%016d] of an earlier deployment".formatted(i));
            }
            Deployment relay = stage.deployment("busy")
                    .set("relay.ledger.sweep-interval", "10s")
                    .set("relay.artifacts.paths", "manifest.json")
                    .set("relay.connections.default.requests-per-minute", "5000");
            relay.builder().option("-Xmx64m").option("-XX:+ExitOnOutOfMemoryError");
            relay.start();

            await().atMost(PATIENCE.multipliedBy(2))
                    .until(() ->
                            !relay.relay().isAlive() || stage.dbtCloud().count(Endpoint.LIST_RUNS) > 3 * RUNS / PAGE);

            assertThat(relay.relay().isAlive()).isTrue();
            relay.send(job, trigger("afterwards", job));
            relay.reader().awaitEvent("run.succeeded", "afterwards", PATIENCE);
            assertThat(relay.reader().events()).noneMatch(event -> event.type().equals("run.stray"));
            assertThat(relay.relay().stop()).isZero();
        }
    }
}
