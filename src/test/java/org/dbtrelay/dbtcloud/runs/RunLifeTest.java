package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.AgainstEmulator;
import org.dbtrelay.dbtcloud.connection.AgainstWireMock;
import org.dbtrelay.dbtcloud.connection.QuietQuarkus;
import org.dbtrelay.emulator.Endpoint;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;

/** A run from its trigger to its end, as the client sees it. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class RunLifeTest extends AgainstEmulator {

    private RunSnapshot trigger(long jobId) throws DbtCloudException {
        return client.starts()
                .trigger(
                        new TriggerRequest(
                                account, jobId, "[relay:x:y] because", null, "ci", "{\"threads_override\":4}", null),
                        client.starts().reserve(account, Priority.TRIGGER).join(),
                        () -> true);
    }

    @Test
    void aRunThatSucceeds() throws DbtCloudException {
        long daily = emulator.world().jobNamed("Daily build").id();
        RunSnapshot run = trigger(daily);
        List<JobRunStatus> statuses = new ArrayList<>(List.of(run.status()));
        for (int i = 0; i < 8; i++) {
            clock.advance(Duration.ofSeconds(1));
            statuses.add(client.runs().run(account, run.runId(), Priority.POLL).status());
        }

        RunWithSteps ended = client.runs().withSteps(account, run.runId());

        assertThat(statuses)
                .contains(
                        JobRunStatus.Known.QUEUED,
                        JobRunStatus.Known.STARTING,
                        JobRunStatus.Known.RUNNING,
                        JobRunStatus.Known.SUCCESS);
        assertThat(run.triggerCause()).isEqualTo("[relay:x:y] because");
        assertThat(ended.run().jobName()).isEqualTo("Daily build");
        assertThat(ended.run().url()).contains(String.valueOf(run.runId()));
        assertThat(ended.run().createdAt()).isEqualTo(run.createdAt());
        assertThat(ended.run().startedAt()).isAfter(ended.run().createdAt());
        assertThat(ended.run().finishedAt()).isAfter(ended.run().startedAt());
        assertThat(ended.run().artifactsSaved()).isTrue();
        assertThat(ended.steps())
                .isNotEmpty()
                .allSatisfy(step -> assertThat(step.status()).isEqualTo(JobRunStatus.Known.SUCCESS));
        assertThat(ended.steps())
                .anySatisfy(step -> assertThat(step.dbtCommand()).isEqualTo("dbt build"));
    }

    @Test
    void aRunThatFails() throws DbtCloudException {
        RunSnapshot run = trigger(emulator.world().jobNamed("Broken build").id());
        clock.advance(Duration.ofMinutes(1));

        RunWithSteps ended = client.runs().withSteps(account, run.runId());

        assertThat(ended.run().status()).isEqualTo(JobRunStatus.Known.ERROR);
        assertThat(ended.steps()).anySatisfy(step -> {
            assertThat(step.status()).isEqualTo(JobRunStatus.Known.ERROR);
            assertThat(step.logTail()).contains("column \"amount\" is missing");
        });
    }

    @Test
    void aRunThatIsCancelled() throws DbtCloudException {
        RunSnapshot run = trigger(job);

        client.runs().cancel(account, run.runId(), null);
        clock.advance(Duration.ofMinutes(1));

        assertThat(client.runs().run(account, run.runId(), Priority.FINAL_READ).status())
                .isEqualTo(JobRunStatus.Known.CANCELLED);
        assertThat(emulator.count(Endpoint.CANCEL)).isEqualTo(1);
    }

    @Test
    void aDeactivatedJob() throws DbtCloudException {
        long retired = emulator.world().jobNamed("Retired build").id();

        assertThat(client.jobs().read(account, retired, Priority.LOOK_UP).deactivated())
                .isTrue();
        assertThat(AgainstWireMock.failureOf(() -> trigger(retired))).isInstanceOf(CallFailure.Refused.class);
    }

    @Test
    void whatIsNotThere() {
        assertThat(AgainstWireMock.failureOf(() -> client.jobs().read(account, 1, Priority.LOOK_UP)))
                .isInstanceOf(CallFailure.NotFound.class);
        assertThat(AgainstWireMock.failureOf(() -> trigger(1))).isInstanceOf(CallFailure.NotFound.class);
        assertThat(AgainstWireMock.failureOf(() -> client.runs().run(account, 1, Priority.POLL)))
                .isInstanceOf(CallFailure.NotFound.class);
        assertThat(AgainstWireMock.failureOf(() -> client.runs().run(account + 5, 1, Priority.POLL)))
                .isInstanceOf(CallFailure.Suspended.class);
    }

    @Test
    void everyFateOfATriggerThatCreatedARunIsUnclear() {
        emulator.faults().next(1).on(Endpoint.TRIGGER).resetAfterCreating();
        assertThat(AgainstWireMock.failureOf(() -> trigger(job))).isInstanceOf(CallFailure.Unclear.class);
        emulator.faults().next(1).on(Endpoint.TRIGGER).htmlStatusAfterCreating(200);
        assertThat(AgainstWireMock.failureOf(() -> trigger(job))).isInstanceOf(CallFailure.Unclear.class);
        emulator.faults().next(1).on(Endpoint.TRIGGER).htmlStatusAfterCreating(502);
        assertThat(AgainstWireMock.failureOf(() -> trigger(job))).isInstanceOf(CallFailure.Unclear.class);
        emulator.faults().next(1).on(Endpoint.TRIGGER).emptyAfterCreating();
        assertThat(AgainstWireMock.failureOf(() -> trigger(job))).isInstanceOf(CallFailure.Unclear.class);
        emulator.faults().next(1).on(Endpoint.TRIGGER).garbledAfterCreating();
        assertThat(AgainstWireMock.failureOf(() -> trigger(job))).isInstanceOf(CallFailure.Unclear.class);

        assertThat(emulator.runsByCause("[relay:x:y]")).hasSize(5);
        assertThat(emulator.count(Endpoint.TRIGGER)).isEqualTo(5);
    }
}
