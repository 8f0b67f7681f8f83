package org.dbtrelay.dbtcloud.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.dbtcloud.connection.AgainstWireMock.failureOf;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.emulator.Permission;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobNames;
import org.junit.jupiter.api.Test;

/** What can be done with which token: dbt Cloud answers 404 to what it may not. */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class PermissionsTest extends AgainstEmulator {

    private TriggerRequest request() {
        return new TriggerRequest(account, job, "x", null, null, null, null);
    }

    @Test
    void aJobAdminMayAll() throws Exception {
        emulator.access().limit(emulator.token(), Permission.JOB_ADMIN);

        long run = client.jobRuns().triggerJobRun(request(), false).runId();
        client.jobRuns().cancelJobRun(account, run);
        assertThat(client.resources()
                        .getJobByName(account, new JobNames("Jaffle Shop", "Production", "Slow build"))
                        .jobId())
                .isEqualTo(job);
        assertThat(client.testConnection().ok()).isTrue();
    }

    @Test
    void aJobRunnerStartsRunsButFindsNoJobByItsNames() throws Exception {
        emulator.access().limit(emulator.token(), Permission.JOB_RUNNER);

        long run = client.jobRuns().triggerJobRun(request(), false).runId();
        client.jobRuns().cancelJobRun(account, run);
        assertThat(failureOf(() -> client.resources()
                        .getJobByName(account, new JobNames("Jaffle Shop", "Production", "Slow build"))))
                .isInstanceOf(CallFailure.NotFound.class);
        assertThat(client.testConnection().ok()).isTrue();
    }

    @Test
    void aJobViewerReadsAndChangesNothing() throws DbtCloudException {
        emulator.access().limit(emulator.token(), Permission.JOB_VIEWER);
        long run = emulator.triggerByOther(job, "x").id();

        assertThat(client.jobRuns().getJobRunStatus(account, run)).isNotNull();
        assertThat(failureOf(() -> client.jobRuns().triggerJobRun(request(), false)))
                .isInstanceOf(CallFailure.NotFound.class);
        assertThat(failureOf(() -> client.jobRuns().cancelJobRun(account, run)))
                .isInstanceOf(CallFailure.NotFound.class);
        assertThat(failureOf(() -> client.jobRuns().retryRun(account, run))).isInstanceOf(CallFailure.NotFound.class);
        assertThat(emulator.runsOfJob(job)).hasSize(1);
    }

    @Test
    void aTokenOfAnotherAccount() {
        emulator.access().allow("other", 5L);
        Connections other = TestConnections.to(
                emulator.baseUrl(), clock, monotonic, Map.of("account-id", String.valueOf(account), "token", "other"));

        assertThat(failureOf(
                        () -> other.find("default").orElseThrow().resources().getJob(account, job)))
                .isInstanceOf(CallFailure.Suspended.class);
        other.close();
    }
}
