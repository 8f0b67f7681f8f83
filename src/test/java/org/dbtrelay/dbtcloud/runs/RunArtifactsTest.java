package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.dbtcloud.connection.AgainstWireMock.failureOf;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.dbtcloud.runs.RunArtifacts.Fetched;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.emulator.PlannedArtifact;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.run.job.CallFailure;
import org.junit.jupiter.api.Test;

/** Several artifacts at the same time. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class RunArtifactsTest extends AgainstEmulator {

    private JobRunRef ended(RunPlan plan) {
        emulator.planNextRun(job, plan);
        long run = emulator.triggerByOther(job, "x").id();
        clock.advance(Duration.ofMinutes(1));
        return new JobRunRef(account, run);
    }

    private static RunPlan plan() {
        RunPlan plan = RunPlan.succeeding();
        for (String name : List.of("a", "b", "c", "d", "e", "f")) {
            plan = plan.artifact(PlannedArtifact.text(name, "content of " + name));
        }
        return plan;
    }

    @Test
    void aListThatIsNullIsEmpty() throws DbtCloudException {
        JobRunRef run = ended(RunPlan.succeeding().withoutArtifacts());

        assertThat(client.artifacts().listJobRunArtifacts(account, run.runId())).isEmpty();
    }

    @Test
    void oneThatFailsDoesNotLoseTheOthers() throws DbtCloudException {
        JobRunRef run = ended(plan());

        Map<String, Fetched<String>> fetched = client.artifacts()
                .getJobRunArtifactsConcurrently(
                        run,
                        List.of("a", "absent", "b", "../x", "a"),
                        null,
                        4,
                        body -> new String(body.stream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8));

        assertThat(fetched.keySet()).containsExactly("a", "absent", "b", "../x");
        assertThat(fetched.get("a")).isEqualTo(new Fetched.Done<>("content of a"));
        assertThat(fetched.get("b")).isEqualTo(new Fetched.Done<>("content of b"));
        assertThat(failure(fetched.get("absent"))).isInstanceOf(CallFailure.NotFound.class);
        assertThat(failure(fetched.get("../x"))).isInstanceOf(CallFailure.Refused.class);
    }

    private static CallFailure failure(Fetched<?> fetched) {
        return ((Fetched.Failed<?>) fetched).failure().failure();
    }

    /** Downloads may take a quarter of them. */
    @Override
    public int slots() {
        return 12;
    }

    @Test
    void theyAreReallyReadAtTheSameTimeAndNoMoreThanAsked() throws DbtCloudException {
        JobRunRef run = ended(plan());
        CyclicBarrier together = new CyclicBarrier(3);
        AtomicInteger open = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();

        Map<String, Fetched<String>> fetched = client.artifacts()
                .getJobRunArtifactsConcurrently(run, List.of("a", "b", "c", "d", "e", "f"), null, 3, body -> {
                    most.accumulateAndGet(open.incrementAndGet(), Math::max);
                    try {
                        together.await(30, TimeUnit.SECONDS);
                    } catch (Exception e) {
                        throw new java.io.IOException(e);
                    } finally {
                        open.decrementAndGet();
                    }
                    return "read";
                });

        assertThat(fetched.values()).hasSize(6).containsOnly(new Fetched.Done<>("read"));
        assertThat(most).hasValue(3);
    }

    @Test
    void aBodyThatBreaksOffIsReadAgain() throws DbtCloudException {
        JobRunRef run = ended(plan());
        emulator.faults().next(1).on(Endpoint.GET_ARTIFACT).resetMidBody(3);

        Map<String, Fetched<Integer>> fetched = client.artifacts()
                .getJobRunArtifactsConcurrently(
                        run, List.of("a"), null, 1, body -> body.stream().readAllBytes().length);

        assertThat(fetched.get("a")).isEqualTo(new Fetched.Done<>("content of a".length()));
        assertThat(emulator.count(Endpoint.GET_ARTIFACT)).isEqualTo(2);
    }

    @Test
    void oneArtifact() throws Exception {
        JobRunRef run = ended(plan());

        try (ArtifactBody body = client.artifacts().getJobRunArtifact(account, run.runId(), "a", null)) {
            assertThat(body.stream().readAllBytes()).hasSize("content of a".length());
        }
        assertThat(failureOf(() -> client.artifacts().getJobRunArtifact(account, run.runId(), "zz", null)))
                .isInstanceOf(CallFailure.NotFound.class);
    }
}
