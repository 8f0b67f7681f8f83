package org.dbtrelay.dbtcloud.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.dbtrelay.dbtcloud.http.ArtifactBody;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.runs.JobRun;
import org.dbtrelay.dbtcloud.runs.JobRunFilter;
import org.dbtrelay.dbtcloud.runs.JobRunRef;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;

/**
 * A small program that uses the client and nothing else of the relay: no Kafka, no commands. It is a Quarkus application all
 * the same, and not a plain {@code main}: the REST client's code is made when Quarkus builds an application, and is found
 * through its container, so {@code QuarkusRestClientBuilder} fails without one (Quarkus' issues 25041 and 35038: "cannot be
 * used outside of Quarkus, and will likely never be made to do so"). An application of its own, in a process of its own, would
 * need a second build by Quarkus, to show no more than this does.
 */
@QuarkusTest
@TestProfile(QuietQuarkus.class)
class ClientProgramTest extends AgainstEmulator {

    /** Runs a job by its names, waits for it, and tells how many nodes were built. */
    static List<String> report(DbtCloudClient client, JobNames names) throws Exception {
        List<String> report = new ArrayList<>();
        report.add(client.testConnection().message());
        long account = client.defaultAccountId();
        JobDetails job = client.resources().getJobByName(account, names);
        RunSnapshot run = client.jobRuns()
                .triggerJobRun(
                        new TriggerRequest(account, job.jobId(), "by a small program", null, null, null, null), false);
        RunSnapshot ended = client.jobRuns()
                .waitForJobRunStatus(
                        new JobRunRef(account, run.runId()),
                        Set.of(JobRunStatus.Known.SUCCESS),
                        Duration.ofSeconds(5),
                        Duration.ofHours(1));
        report.add(job.name() + ": " + ended.status().label());
        try (ArtifactBody artifact =
                client.artifacts().getJobRunArtifact(account, run.runId(), "run_results.json", null)) {
            report.add("nodes: "
                    + Envelope.JSON.readTree(artifact.stream()).path("results").size());
        }
        for (JobRun earlier : client.jobRuns()
                .listJobRuns(account, JobRunFilter.all().job(job.jobId()).orderBy("-id"))
                .limit(3)) {
            report.add("run " + earlier.id());
        }
        return report;
    }

    @Test
    void theProgramRuns() throws Exception {
        List<String> report = report(client, new JobNames("Jaffle Shop", "Production", "Slow build"));

        assertThat(report.get(0)).contains("Jaffle Shop");
        assertThat(report.get(1)).isEqualTo("Slow build: success");
        assertThat(report.get(2)).matches("nodes: [1-9][0-9]*");
        assertThat(report.get(3))
                .isEqualTo("run " + emulator.runsOfJob(job).getFirst().id());
    }
}
