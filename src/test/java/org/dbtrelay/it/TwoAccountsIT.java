package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.ReceivedRequest;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.junit.jupiter.api.Test;

/** dbt Cloud shuts one account out for too many requests: it is left alone for as long as it asks, and the other one goes on. */
class TwoAccountsIT {

    private static final long SECOND_ACCOUNT = 70403103920002L;
    private static final Duration SHUT_OUT = Duration.ofSeconds(12);
    private static final List<String> FIRST = List.of("first-0", "first-1", "first-2", "first-3");
    private static final List<String> SECOND = List.of("second-0", "second-1", "second-2");

    @Test
    void oneIsShutOutAndTheOtherGoesOn() {
        World world = World.empty();
        addAccount(world, World.ACCOUNT_ID, FIRST);
        addAccount(world, SECOND_ACCOUNT, SECOND);
        try (RelayStage stage = RelayStage.of(TwoAccountsIT.class, world)) {
            DbtCloudEmulator dbtCloud = stage.dbtCloud();
            dbtCloud.access().allow("token-of-the-second", SECOND_ACCOUNT);
            Deployment relay = stage.deployment("accounts")
                    .set("relay.connections.second.host", dbtCloud.baseUrl())
                    .set("relay.connections.second.account-id", Long.toString(SECOND_ACCOUNT))
                    .set("relay.connections.second.token", "token-of-the-second")
                    .set("relay.artifacts.paths", "manifest.json")
                    .start();
            dbtCloud.faults()
                    .next(1)
                    .on(Endpoint.TRIGGER)
                    .ofAccount(World.ACCOUNT_ID)
                    .tooManyRequests(SHUT_OUT, Long.toString(SHUT_OUT.toSeconds()));

            send(stage, relay, "default", FIRST.subList(0, 1));
            await().atMost(PATIENCE).until(() -> dbtCloud.count(Endpoint.TRIGGER) == 1);
            Instant refusedAt = dbtCloud.counters().requests().stream()
                    .filter(request -> request.endpoint() == Endpoint.TRIGGER)
                    .map(ReceivedRequest::at)
                    .findFirst()
                    .orElseThrow();
            send(stage, relay, "default", FIRST.subList(1, FIRST.size()));
            send(stage, relay, "second", SECOND);

            assertAllSucceed(stage, relay, SECOND);
            assertAllSucceed(stage, relay, FIRST);
            assertThat(dbtCloud.runs())
                    .filteredOn(run -> SECOND.contains(run.job().name()))
                    .as("the second account's runs started while the first was shut out")
                    .hasSize(SECOND.size())
                    .allSatisfy(run -> assertThat(run.createdAt()).isBefore(refusedAt.plus(SHUT_OUT)));
            assertThat(dbtCloud.counters().requests())
                    .as(
                            "the first account is left alone until it may be asked again; an answer may take a second to be seen")
                    .filteredOn(request -> request.path().contains("/accounts/" + World.ACCOUNT_ID + "/"))
                    .filteredOn(request -> request.at().isAfter(refusedAt.plusSeconds(1)))
                    .allSatisfy(request -> assertThat(request.at()).isAfterOrEqualTo(refusedAt.plus(SHUT_OUT)));
            relay.reader().awaitEnd(PATIENCE);
            assertThat(relay.reader().events())
                    .noneMatch(event -> event.type().equals("command.rejected")
                            || event.topic().equals(relay.topic("commands.dlq")));
        }
    }

    private static void send(RelayStage stage, Deployment relay, String connection, List<String> ids) {
        for (String id : ids) {
            long job = stage.dbtCloud().world().jobNamed(id).id();
            relay.send(
                    job,
                    "{\"command\": \"trigger\", \"command_id\": \"%s\", \"connection\": \"%s\", \"job_id\": %d}"
                            .formatted(id, connection, job));
        }
    }

    private static void assertAllSucceed(RelayStage stage, Deployment relay, List<String> ids) {
        ids.forEach(id -> relay.reader().awaitEvent("artifact.ready", id, PATIENCE));
        relay.history().assertFaultless();
        for (String id : ids) {
            assertThat(relay.history().typesOf(id)).contains("run.succeeded");
            assertThat(stage.dbtCloud()
                            .runsOfJob(stage.dbtCloud().world().jobNamed(id).id()))
                    .as("runs of %s", id)
                    .hasSize(1);
        }
    }

    private static void addAccount(World world, long id, List<String> jobs) {
        world.account(id, "Account " + id).project("Jaffle Shop").environment("Production");
        jobs.forEach(name -> world.job(EmulatedJob.named(name)
                .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1)))));
    }
}
