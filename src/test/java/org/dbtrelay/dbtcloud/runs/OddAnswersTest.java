package org.dbtrelay.dbtcloud.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.dbtrelay.dbtcloud.http.Envelope;
import org.dbtrelay.dbtcloud.http.Envelope.UnreadableAnswer;
import org.dbtrelay.dbtcloud.resources.JobJson;
import org.dbtrelay.run.command.JobObstacle;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunSnapshot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers with status 200 that are odd, each in a file, in the shapes that published recordings and specifications have. */
class OddAnswersTest {

    private static final Path ODD = Path.of("src", "test", "resources", "dbtcloud", "odd");
    private static final long ACCOUNT = 4238;

    private static InputStream body(String name) throws IOException {
        return Files.newInputStream(ODD.resolve(name + ".json"));
    }

    private static RunSnapshot run(String name) throws IOException {
        return RunCalls.readRun(body(name), ACCOUNT, null);
    }

    private static JobDetails job(String name) throws IOException {
        return JobJson.of(Envelope.read(body(name)).data()).toDetails(ACCOUNT);
    }

    /** A started run in such an answer is found by its marker; taken for a run at once, it might not be one. */
    @ParameterizedTest
    @ValueSource(strings = {"is-success-false.run", "is-success-false.with-run", "data-null.run"})
    void anAnswerWithoutSuccessOrWithoutDataIsNoRun(String name) {
        assertThatThrownBy(() -> run(name)).isInstanceOf(UnreadableAnswer.class);
    }

    /** An empty list would say that a lost start has led to no run, or that no run is in flight. */
    @ParameterizedTest
    @ValueSource(strings = {"is-success-false.list", "data-null.list"})
    void anAnswerWithoutSuccessOrWithoutDataIsNoEmptyList(String name) {
        assertThatThrownBy(() -> Envelope.read(body(name)).asList()).isInstanceOf(UnreadableAnswer.class);
    }

    @Test
    void jobTriggerAndAuditMayBeNullEvenWhereTheyWereAskedFor() throws IOException {
        RunSnapshot run = run("related-null.run");

        assertThat(run.status()).isEqualTo(JobRunStatus.Known.RUNNING);
        assertThat(run.jobId()).isEqualTo(70403103930101L);
        assertThat(run.jobName()).isNull();
        assertThat(run.triggerCause()).isNull();
        assertThat(run.url()).isNull();
        assertThat(run.details())
                .isEqualTo(new RunDetails(null, null, "latest", List.of(), null, null, null, null, null));
    }

    @Test
    void timesComeInAllShapesSideBySide() throws IOException {
        RunSnapshot run = run("times-of-all-shapes.run");

        assertThat(run.createdAt()).isEqualTo(Instant.parse("2021-12-07T10:32:24.326116Z"));
        assertThat(run.startedAt()).isEqualTo(Instant.parse("2021-12-07T10:32:25Z"));
        assertThat(run.finishedAt()).isEqualTo(Instant.parse("2021-12-07T10:32:26Z"));
    }

    @Test
    void idsHave64Bits() throws IOException {
        RunSnapshot run = run("ids-of-64-bits.run");

        assertThat(run.runId()).isEqualTo(Long.MAX_VALUE);
        assertThat(run.jobId()).isEqualTo(Long.MAX_VALUE - 1);
        assertThat(run.details().blockedBy()).containsExactly(Long.MAX_VALUE - 2);
        assertThat(run.retryingRunId()).isEqualTo(Long.MAX_VALUE - 3);
        assertThat(run.accountId()).isEqualTo(9007199254740993L);
        assertThat(run.environmentId()).isEqualTo(70403103932000L);
        assertThat(run.details().pullRequestId()).isEqualTo(9007199254740995L);
    }

    /** A start that is taken for run 0 would be polled in vain; taken for unclear, its run is found by its marker. */
    @ParameterizedTest
    @ValueSource(strings = {"0", "-7", "\"0\""})
    void anIdThatNoRunHasIsNoId(String id) {
        assertThatThrownBy(() -> inline("{\"id\":" + id + ",\"job_id\":2,\"status\":1}"))
                .isInstanceOf(UnreadableAnswer.class);
    }

    @Test
    void anAddressOfMegabytesIsNone() throws IOException {
        RunSnapshot run =
                inline("{\"id\":7,\"job_id\":2,\"status\":1,\"href\":\"https://x/" + "y".repeat(2_000_000) + "\"}");

        assertThat(run.runId()).isEqualTo(7);
        assertThat(run.url()).isNull();
    }

    @Test
    void halfACharacterIsReplaced() throws IOException {
        RunSnapshot run = inline("{\"id\":7,\"job_id\":2,\"status\":20,\"status_message\":\"a \\ud83d b\","
                + "\"git_branch\":\"\\ude00 main\",\"href\":\"https://x/\\ud83d\"}");

        assertThat(run.statusMessage()).isEqualTo("a \uFFFD b");
        assertThat(run.details().gitBranch()).isEqualTo("\uFFFD main");
        assertThat(run.url()).isEqualTo("https://x/\uFFFD");
    }

    private static RunSnapshot inline(String data) throws IOException {
        return RunCalls.readRun(
                new ByteArrayInputStream(("{\"data\":" + data + "}").getBytes(StandardCharsets.UTF_8)), ACCOUNT, null);
    }

    @Test
    void unknownFieldsStatusesAndWordsArePassedOnOrIgnored() throws IOException {
        RunSnapshot run = run("unknown-fields-and-status.run");

        assertThat(run.status()).isEqualTo(JobRunStatus.of(15));
        assertThat(run.status().isTerminal()).isFalse();
        assertThat(run.details().jobType()).isEqualTo("quantum");
        assertThat(run.details().causeCategory()).isEqualTo("agent");
    }

    @Test
    void aDeletedJobLooksWholeAndIsNotFound() throws IOException {
        assertThat(JobObstacle.of(job("deleted.job")))
                .isEqualTo(new JobObstacle(
                        RejectReason.JOB_NOT_FOUND, "job 70403103930101 'Daily build' is deleted in dbt Cloud"));
    }

    @Test
    void aHybridJobIsNotTriggerable() throws IOException {
        assertThat(JobObstacle.of(job("hybrid.job")))
                .isEqualTo(
                        new JobObstacle(
                                RejectReason.JOB_NOT_TRIGGERABLE,
                                "job 70403103930101 'From outside' is of the type hybrid, which dbt Cloud does not run for a trigger"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"adaptive", "exposure_sync"})
    void soAreJobsThatDbtCloudRunsByItself(String type) {
        JobObstacle obstacle = JobObstacle.of(new JobDetails(7, 1, 2, 3, "j", true, false, type));

        assertThat(obstacle.reason()).isEqualTo(RejectReason.JOB_NOT_TRIGGERABLE);
        assertThat(obstacle.message()).contains(type);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ci", "scheduled", "other", "merge", "a type of tomorrow"})
    void nothingSpeaksAgainstOtherTypes(String type) {
        assertThat(JobObstacle.of(new JobDetails(7, 1, 2, 3, "j", false, false, type)))
                .isNull();
    }
}
