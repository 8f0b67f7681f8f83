package org.dbtrelay.it;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.emulator.World;
import org.dbtrelay.testkit.EventHistory;

/**
 * Commands with a job each, which has the command's id as its name: so the runs of a job tell how often its command was
 * carried out, whatever happened in between. The deployment publishes one artifact a run.
 */
final class OneRunEach {

    private final DbtCloudEmulator dbtCloud;
    private final Deployment relay;
    private final Map<String, Long> jobs;

    OneRunEach(DbtCloudEmulator dbtCloud, Deployment relay, Collection<String> ids) {
        this.dbtCloud = dbtCloud;
        this.relay = relay.set("relay.artifacts.paths", "manifest.json");
        this.jobs = ids.stream()
                .collect(toMap(
                        id -> id, id -> dbtCloud.world().jobNamed(id).id(), (one, other) -> one, LinkedHashMap::new));
    }

    /** A world with a job for each command, whose runs go on until the test ends them. */
    static World unending(Collection<String> ids) {
        World world = World.empty()
                .account(World.ACCOUNT_ID, "Jaffle Shop")
                .project("Jaffle Shop")
                .environment("Production");
        ids.forEach(id -> world.job(EmulatedJob.named(id)
                .plan(RunPlan.unending().queued(Duration.ZERO).starting(Duration.ofMillis(300)))));
        return world;
    }

    /** Sends commands to the partitions in turn. */
    void send(List<String> ids) {
        for (int i = 0; i < ids.size(); i++) {
            send(ids.get(i), i % 3);
        }
    }

    /** Sends a command to a partition and gives its offset. */
    long send(String id, int partition) {
        return relay.sendTo(partition, Deployment.trigger(id, jobs.get(id))).offset();
    }

    void awaitRunning(List<String> ids) {
        ids.forEach(id -> relay.reader().awaitEvent("run.running", id, PATIENCE));
    }

    List<RunView> runs(String id) {
        return dbtCloud.runsOfJob(jobs.get(id));
    }

    /** Lets the only run of each command succeed. */
    void finish(List<String> ids) {
        for (String id : ids) {
            assertThat(runs(id)).as("runs of %s", id).hasSize(1);
            dbtCloud.finishRun(runs(id).getFirst().id(), RunStatus.SUCCESS);
        }
    }

    /** Each command sent here has one run, one outcome, and events without gap or repetition. */
    void assertSucceeded(Collection<String> ids) {
        ids.forEach(id -> relay.reader().awaitEvent("artifact.ready", id, PATIENCE));
        EventHistory history = relay.history();
        history.assertFinished(ids);
        for (String id : ids) {
            assertThat(runs(id)).extracting(RunView::id).as("runs of %s", id).hasSize(1);
            assertThat(runs(id).getFirst().cause()).startsWith("[relay:" + relay.name() + ":");
            assertThat(history.typesOf(id))
                    .as("events of %s", id)
                    .startsWith("command.accepted")
                    .endsWith("run.succeeded", "artifact.ready");
            EventShape.assertRight(relay, history.eventsOf(id));
        }
    }
}
