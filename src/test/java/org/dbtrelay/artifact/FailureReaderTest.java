package org.dbtrelay.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.List;
import org.dbtrelay.dbtcloud.runs.RunWithSteps;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.FailedNode;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunFailure;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Why runs of the emulator failed, read through the real client. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class FailureReaderTest {

    private static final FailedNode NODE = new FailedNode("model.jaffle_shop.orders", "error", "no such column");
    private static final RunPlan BROKEN = RunPlan.failing("dbt build", "no such column")
            .failingNode(NODE.uniqueId(), NODE.status(), "no such column")
            .failingNode("test.jaffle_shop.unique_orders", "skipped", "");

    private final FailureReader reader = new FailureReader();
    private Emulated world;

    @BeforeEach
    void start() {
        world = Emulated.start();
    }

    @AfterEach
    void stop() {
        world.close();
    }

    private RunFailure failureOf(RunWithSteps run) throws InterruptedException {
        return endOf(run).failure();
    }

    private RunEnd endOf(RunWithSteps run) throws InterruptedException {
        return reader.read(world.client, run.run());
    }

    private long artifactsRead() {
        return world.emulator.count(Endpoint.GET_ARTIFACT);
    }

    @Test
    void theStepAndItsFailingNodes() throws Exception {
        RunFailure failure = failureOf(world.ended(Emulated.FAILING, BROKEN));
        assertThat(failure.step().dbtCommand()).isEqualTo("dbt build");
        assertThat(failure.nodes()).containsExactly(NODE);
        assertThat(artifactsRead()).isEqualTo(1);
        assertThat(world.emulator.counters().total()).isEqualTo(2);
    }

    @Test
    void aDocsStepThatFailsTooIsNotTheReason() throws Exception {
        // Docs alone do not fail a run. Of one whose docs fail as well, the build before it is the reason.
        RunWithSteps run = world.ended(Emulated.SUCCEEDING, RunPlan.succeeding().withFailingDocs());
        assertThat(failureOf(run)).isNull();
        RunWithSteps broken = world.ended(Emulated.SUCCEEDING, BROKEN.withFailingDocs());
        assertThat(failureOf(broken).step().dbtCommand()).isEqualTo("dbt build");
        assertThat(failureOf(broken).nodes()).containsExactly(NODE);
    }

    @Test
    void artifactsThatAreNotThereYetLeaveTheStep() throws Exception {
        RunWithSteps run = world.ended(Emulated.FAILING, BROKEN.artifactsReadableAfter(Duration.ofMinutes(1)));
        RunEnd end = endOf(run);
        assertThat(end.failure().step().dbtCommand()).isEqualTo("dbt build");
        assertThat(end.failure().nodes()).isEmpty();
        assertThat(end.missing()).containsExactly(RunEnd.Part.NODES);
        assertThat(end.trouble()).isNull();
        assertThat(artifactsRead()).isEqualTo(1);

        world.emulator.advance(Duration.ofMinutes(2));
        assertThat(endOf(run).isComplete()).isTrue();
        assertThat(failureOf(run).nodes()).containsExactly(NODE);
    }

    @Test
    void troubleWithDbtCloudLeavesTheStep() throws Exception {
        RunWithSteps run = world.ended(Emulated.FAILING, BROKEN);
        world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).htmlStatus(502);
        assertThat(failureOf(run).nodes()).isEmpty();
        world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).resetMidBody(300);
        assertThat(failureOf(run).nodes()).isEmpty();
        world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).garbledAfterCreating();
        assertThat(failureOf(run).nodes()).isEmpty();
        world.emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).tooManyRequests(Duration.ofMinutes(5));
        assertThat(failureOf(run).nodes()).isEmpty();
        assertThat(artifactsRead()).isEqualTo(4);
        // The account is shut out now: nothing is sent, and nothing waits for the end of it.
        assertThat(endOf(run).missing()).containsExactly(RunEnd.Part.STEPS);
        assertThat(endOf(run).trouble()).isInstanceOf(CallFailure.Limited.class);
        assertThat(artifactsRead()).isEqualTo(4);
    }

    @Test
    void aStepThatIsNotDbtHasNoArtifacts() throws Exception {
        RunFailure failure = failureOf(world.ended(Emulated.FAILING, RunPlan.failing("Clone", "no such branch")));
        assertThat(failure.step().index()).isEqualTo(1);
        assertThat(failure.nodes()).isEmpty();
        assertThat(artifactsRead()).isZero();
    }

    @Test
    void ofATimedOutRunTheStepThatWasCut() throws Exception {
        RunFailure failure = failureOf(world.ended(Emulated.TIMING_OUT));
        assertThat(failure.step().status().label()).isEqualTo("cancelled");
        assertThat(failure.nodes()).isEmpty();
    }

    /** dbt Cloud shows the end before the steps: of a failed run, and of one that succeeded. */
    @Test
    void stepsThatAreNotThereYetAreMissing() throws Exception {
        for (RunPlan plan : new RunPlan[] {BROKEN, RunPlan.succeeding()}) {
            RunWithSteps run = world.ended(Emulated.SUCCEEDING, plan.stepsAfter(Duration.ofMinutes(1)));
            RunEnd end = endOf(run);
            assertThat(end.missing()).containsExactly(RunEnd.Part.STEPS);
            assertThat(end.trouble()).isNull();
            assertThat(end.failure()).isNull();

            world.emulator.advance(Duration.ofMinutes(2));
            assertThat(endOf(run).isComplete()).isTrue();
            assertThat(endOf(run).steps()).isNotEmpty();
        }
    }

    @Test
    void theStepOfAKilledRunIsNamedWhileItIsCalledRunning() throws Exception {
        RunWithSteps run = world.endedSlowly(Emulated.SUCCEEDING, RunPlan.killed("dbt build", Duration.ofMinutes(1)));
        RunEnd end = endOf(run);
        assertThat(end.failure().step().dbtCommand()).isEqualTo("dbt build");
        assertThat(end.failure().nodes()).isEmpty();
        assertThat(end.missing()).containsExactly(RunEnd.Part.LOG, RunEnd.Part.NODES);

        world.emulator.advance(Duration.ofMinutes(2));
        assertThat(endOf(run).isComplete())
                .as("the run_results.json that there is is that of the step before")
                .isTrue();
        assertThat(failureOf(run).nodes()).isEmpty();
        assertThat(failureOf(run).step().logTail()).contains("dbt was killed");
    }

    @Test
    void theLogOfFusionHasTheNodesAndMessagesThatItsFileLacks() throws Exception {
        RunFailure failure = failureOf(world.ended(
                Emulated.FAILING,
                BROKEN.failingNode("test.jaffle_shop.unique_orders", "fail", "Got 3 results")
                        .fusion()));
        assertThat(failure.nodes())
                .containsExactly(
                        new FailedNode(
                                "test.jaffle_shop.unique_orders",
                                "fail",
                                "Got 3 results",
                                3L,
                                null,
                                null,
                                FailedNode.Source.ARTIFACT),
                        new FailedNode(
                                NODE.uniqueId(), "error", "no such column", null, null, null, FailedNode.Source.LOG));
    }

    @Test
    void aNodeThatATextLogNamesByItsRelationIsNotToldTwice() {
        FailedNode row = new FailedNode("model.shop.orders", "error", null);
        FailedNode same =
                new FailedNode("model db.orders", "error", null, null, "db.orders", null, FailedNode.Source.LOG);
        FailedNode other =
                new FailedNode("model db.items", "error", null, null, "db.items", null, FailedNode.Source.LOG);
        assertThat(FailureReader.withLogged(List.of(row), List.of(same, other))).containsExactly(row, other);
    }

    @Test
    void nothingFailed() throws Exception {
        RunEnd end = endOf(world.ended(Emulated.SUCCEEDING));
        assertThat(end.failure()).isNull();
        assertThat(end.isComplete()).isTrue();
        assertThat(end.steps()).isNotEmpty();
        assertThat(world.emulator.counters().total()).isEqualTo(1);
    }
}
